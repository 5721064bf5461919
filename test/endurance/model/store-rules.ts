import type { RecordView } from './record-view.js';
import type { Damage, Violation } from './rules.js';

export interface StoredObject {
  readonly bytes: number;
  readonly sha256: string;
}

interface Named extends StoredObject {
  readonly key: string;
}

/** Of a `backup.json`. */
export interface StoredCommit {
  readonly attempt: number;
  readonly data: Named;
  readonly manifest: Named;
}

/** Everything that lies in the store, read past every proxy. Keys are below the prefix. */
export interface StoreView {
  readonly prefix: string;
  readonly objects: ReadonlyMap<string, StoredObject>;
  /** By backup; null: it cannot be read. */
  readonly commits: ReadonlyMap<string, StoredCommit | null>;
  readonly marks: ReadonlyMap<string, { readonly pinned: boolean; readonly label: string | null }>;
  /** Keys of open uploads. */
  readonly uploads: readonly string[];
  /** Folders in the sweeper's memory. */
  readonly sighted: readonly string[];
}

export interface StoreSituation {
  readonly records: ReadonlyMap<string, RecordView>;
  readonly store: StoreView;
  readonly damaged: ReadonlyMap<string, Damage>;
  /** What the last cleanup said. */
  readonly reports: readonly string[];
}

/** Every completed record against its objects, and every object against the records. */
export function checkStore(situation: StoreSituation): Violation[] {
  const { records, store } = situation;
  return [
    ...[...records.values()].flatMap((record) => checkRecord(record, situation)),
    ...[...store.objects.keys()].flatMap((key) => checkKey(key, situation)),
    ...store.uploads.map((key): Violation => ({ rule: 'unreferenced', text: `an open upload of ${key}` })),
  ];
}

function checkRecord(record: RecordView, { store, damaged }: StoreSituation): Violation[] {
  const { backupId, target, status } = record;
  const wrong = (text: string): Violation => ({ rule: 'complete', text: `${backupId}: ${text}`, backupId });
  const commit = store.commits.get(backupId);
  if (status !== 'completed') {
    if (commit === undefined || status === 'missing') return [];
    const rule = status === 'failed' ? 'complete' : 'promise';
    return [{ rule, text: `${backupId} is ${status}, and its backup.json stands`, backupId }];
  }
  if (commit === undefined || commit === null)
    return [wrong(`completed, and its backup.json ${commit === null ? 'cannot be read' : 'is not there'}`)];
  const violations: Violation[] = [];
  const folder = `${target}/${backupId}/`;
  if (commit.attempt !== record.commitAttempt)
    violations.push(wrong(`attempt ${commit.attempt} is committed, the record says ${record.commitAttempt ?? 'none'}`));
  if (record.s3Key !== `${store.prefix}${folder}${commit.data.key}`)
    violations.push(wrong(`s3Key is ${record.s3Key ?? 'null'}`));
  if (record.hash !== commit.data.sha256 || record.size !== commit.data.bytes)
    violations.push(wrong('size or hash of the record are not those of backup.json'));
  if (!damaged.has(backupId))
    for (const { key, bytes, sha256 } of [commit.data, commit.manifest]) {
      const found = store.objects.get(`${folder}${key}`);
      if (found === undefined) violations.push(wrong(`${key} is not there`));
      else if (found.bytes !== bytes || found.sha256 !== sha256)
        violations.push(wrong(`${key} is not what was committed`));
    }
  const marks = store.marks.get(backupId);
  if (marks !== undefined && (marks.pinned !== record.pinned || marks.label !== record.label))
    violations.push({ rule: 'promise', text: `${backupId}: marks.json says ${JSON.stringify(marks)}`, backupId });
  return violations;
}

/** `hazina.json` is the store's identity; the sweeper's memory goes when there is nothing to remember but what it keeps for people. */
function checkKey(key: string, { records, store, reports }: StoreSituation): Violation[] {
  if (key === 'hazina.json') return [];
  const isKept = (folder: string): boolean =>
    store.objects.has(`${folder}data.hzn`) && reports.some((report) => report.startsWith(`${folder} `));
  if (key === '_hazina/sightings.json' && store.sighted.length > 0 && store.sighted.every(isKept)) return [];
  const [target = '', backupId = '', ...rest] = key.split('/');
  const name = rest.join('/');
  const record = records.get(backupId);
  const commit = store.commits.get(backupId);
  const named = ['backup.json', 'marks.json', commit?.data.key, commit?.manifest.key];
  if (commit !== undefined && record?.target === target && named.includes(name)) return [];
  // Data and manifest without a commit: kept for people, and said so.
  const whole = store.objects.has(`${folderOf(key)}data.hzn`) && store.objects.has(`${folderOf(key)}manifest.hzn`);
  if (whole && record?.status !== 'deleted' && reports.some((report) => report.includes(folderOf(key)))) return [];
  const what = record === undefined ? 'no record' : `record ${record.status}`;
  return [{ rule: 'unreferenced', text: `${key} (${what})`, ...(record === undefined ? {} : { backupId }) }];
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}
