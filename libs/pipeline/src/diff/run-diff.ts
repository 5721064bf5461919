import type { DiffNamespace, DiffSide, NamespaceDiff, Verdict } from './diff-types.js';
import { diffDocuments, type DiffDocumentsOptions } from './diff-documents.js';

export interface DiffOptions {
  /** Compare documents, too; undefined: names, types, counts and checksums only. */
  readonly documents?: DiffDocumentsOptions;
  readonly chooses: (namespace: DiffNamespace) => boolean;
  /** Each namespace as soon as it is compared, in order of names. */
  readonly onNamespace: (difference: NamespaceDiff) => Promise<void>;
}

/** What differs between a backup (the first side) and another one or a server. Two that are the same checksum for checksum are not read. */
export async function runDiff(left: DiffSide, right: DiffSide, options: DiffOptions): Promise<void> {
  const ours = (await left.namespaces([])).filter(options.chooses);
  const databases = [...new Set(ours.map(({ db }) => db))].sort();
  const theirs = (await right.namespaces(databases)).filter(options.chooses);
  const byName = new Map(theirs.map((namespace) => [nameOf(namespace), namespace]));
  const pairs = ours.map((one) => [one, byName.get(nameOf(one))] as const);
  const known = new Set(ours.map(nameOf));
  const more = theirs.filter((one) => !known.has(nameOf(one))).map((one) => [undefined, one] as const);
  const all = [...pairs, ...more].sort(([a, b], [c, d]) => (nameOf(a ?? b) < nameOf(c ?? d) ? -1 : 1));
  for (const [one, other] of all) await options.onNamespace(await compare([one, left], [other, right], options));
}

type Half = readonly [DiffNamespace | undefined, DiffSide];

async function compare([one, left]: Half, [other, right]: Half, { documents }: DiffOptions): Promise<NamespaceDiff> {
  const { db = '', collection = '' } = one ?? other ?? {};
  const facts = {
    ...{ db, collection, leftType: one?.type ?? null, rightType: other?.type ?? null },
    ...{ left: one?.documents ?? null, right: other?.documents ?? null },
  };
  if (one === undefined || other === undefined) return { ...facts, verdict: one === undefined ? 'added' : 'missing' };
  const verdict = verdictOf(one, other);
  const isComparable = one.type === other.type && one.type !== 'view' && other.documents !== null;
  if (documents === undefined || verdict === 'same' || !isComparable) return { ...facts, verdict };
  const counts = await diffDocuments([one, left], [other, right], documents);
  const differs = counts.added + counts.removed + counts.changed > 0;
  return { ...facts, verdict: differs ? 'different' : 'same', documents: counts };
}

function verdictOf(one: DiffNamespace, other: DiffNamespace): Verdict {
  if (one.type !== other.type) return 'different';
  if (one.type === 'view') return 'same';
  if (one.documents === null || other.documents === null) return 'unknown';
  if (one.documents !== other.documents) return 'different';
  if (one.crc64 === null || other.crc64 === null) return one.documents === 0 ? 'same' : 'unknown';
  // Other bytes, or the same ones in another order.
  return one.crc64 === other.crc64 ? 'same' : 'unknown';
}

function nameOf(namespace: { readonly db: string; readonly collection: string } | undefined): string {
  return `${namespace?.db ?? ''}\0${namespace?.collection ?? ''}`;
}
