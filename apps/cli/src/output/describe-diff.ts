import type { DocumentDiff, NamespaceDiff } from '#pipeline';
import { formatCount, plural, printable } from './format.js';

const signs = { added: '+', removed: '-', changed: '~' } as const;

/** One document that differs: `~ clinic.patients {"_id":7}`. */
export async function describeChange(difference: DocumentDiff, json: boolean): Promise<string> {
  const { bsonToRelaxedJson } = await import('#engine');
  const { bsonToCanonicalJson } = await import('#archive');
  const { db, collection, change, id } = difference;
  if (!json) return `${signs[change]} ${nameOf(difference)} ${bsonToRelaxedJson(id)}`;
  const facts = JSON.stringify({ change, db, collection });
  // The id as it is: parsing would lose types and order.
  const text = bsonToCanonicalJson(id);
  return text === '{}' ? facts : `${facts.slice(0, -1)},${text.slice(1)}`;
}

/** What is to be said of a namespace; nothing of one that is the same. */
export function describeDifference(one: NamespaceDiff): string[] {
  const name = nameOf(one);
  if (one.verdict === 'same') return [];
  if (one.verdict === 'missing') return [`${name}: only in the backup (${documentsOf(one.leftType, one.left)})`];
  if (one.verdict === 'added') return [`${name}: not in the backup (${documentsOf(one.rightType, one.right)})`];
  if (one.verdict === 'unknown') return [`${name}: not compared (${documentsOf(one.leftType, one.left)})`];
  if (one.leftType !== one.rightType) return [`${name}: a ${one.leftType ?? ''} became a ${one.rightType ?? ''}`];
  const counts = `${formatCount(one.left ?? 0)} → ${plural(one.right ?? 0, 'document')}`;
  if (one.documents === undefined) return [`${name}: ${counts}`];
  const { added, removed, changed } = one.documents;
  return [
    `${name}: ${counts}; ${formatCount(added)} added, ${formatCount(removed)} removed, ${formatCount(changed)} changed`,
  ];
}

/** What was not compared is no difference. */
export function isDifferent({ verdict }: NamespaceDiff): boolean {
  return verdict !== 'same' && verdict !== 'unknown';
}

export function describeTotal(all: readonly NamespaceDiff[]): string {
  const count = (wanted: NamespaceDiff['verdict']): number => all.filter(({ verdict }) => verdict === wanted).length;
  const different = all.filter(isDifferent).length;
  const unknown = count('unknown');
  const rest = unknown === 0 ? '' : `, ${formatCount(unknown)} with the same count not compared (--documents)`;
  return `${plural(all.length, 'namespace')}: ${formatCount(different)} different, ${formatCount(count('same'))} the same${rest}`;
}

function documentsOf(type: string | null, documents: number | null): string {
  return documents === null || type === 'view' ? (type ?? '') : plural(documents, 'document');
}

function nameOf({ db, collection }: { readonly db: string; readonly collection: string }): string {
  return printable(`${db}.${collection}`);
}
