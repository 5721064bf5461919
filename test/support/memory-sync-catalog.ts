import type { BackupState } from '#contracts';
import type { FoundBackup, FoundMarks, SyncCatalog, SyncRecord } from '#pipeline';

type Mutable = { -readonly [K in keyof SyncRecord]: SyncRecord[K] };

/** A catalogue in memory, as a sync sees it. */
export class MemorySyncCatalog implements SyncCatalog {
  readonly records = new Map<string, Mutable>();
  readonly found = new Map<string, FoundBackup>();
  readonly commits = new Map<string, { attempt: number; bytes: string }>();
  pages = 0;

  add(backupId: string, status: BackupState, more: Partial<SyncRecord> = {}): Mutable {
    const record: Mutable = {
      ...{ backupId, status, pinned: false, label: null, hash: null, fence: 1, committed: null },
      ...{ marks: { wanted: 0, written: 0 }, commitConflict: false, commitDue: false, place: null },
      ...more,
    };
    this.records.set(backupId, record);
    return record;
  }

  statusOf(backupId: string): BackupState | undefined {
    return this.records.get(backupId)?.status;
  }

  targets(): Promise<readonly string[]> {
    return Promise.resolve([...new Set([...this.records.keys()].map((id) => id.replace(/-\d{8}T.*$/, '')))]);
  }

  page(target: string, after: string | null, limit: number): Promise<readonly SyncRecord[]> {
    this.pages += 1;
    const ids = [...this.records.keys()].filter((id) => id.replace(/-\d{8}T.*$/, '') === target && id > (after ?? ''));
    return Promise.resolve(
      ids
        .sort()
        .slice(0, limit)
        .flatMap((id) => this.records.get(id) ?? []),
    );
  }

  find(backupId: string): Promise<SyncRecord | null> {
    const record = this.records.get(backupId);
    return Promise.resolve(record === undefined ? null : { ...record });
  }

  commitOf(backupId: string): Promise<{ attempt: number; bytes: string } | null> {
    return Promise.resolve(this.commits.get(backupId) ?? null);
  }

  rebuild(found: FoundBackup, over: Pick<SyncRecord, 'status'> | null): Promise<boolean> {
    const { backupId, attempt, objects } = found.backup;
    if (this.records.get(backupId)?.status !== over?.status) return Promise.resolve(false);
    this.found.set(backupId, found);
    const { version, pinned, label } = found.marks;
    const marks = { wanted: version, written: version };
    this.add(backupId, 'completed', {
      ...{ pinned, label, marks, hash: objects.data.sha256, fence: attempt, committed: attempt },
    });
    this.commits.set(backupId, { attempt, bytes: found.bytes });
    return Promise.resolve(true);
  }

  takeMarks({ backupId }: SyncRecord, { pinned, label, version }: FoundMarks): Promise<boolean> {
    const record = this.records.get(backupId);
    if (record === undefined) return Promise.resolve(false);
    Object.assign(record, { pinned, label, marks: { wanted: version, written: version } });
    return Promise.resolve(true);
  }

  takeRewrite({ backupId, committed }: SyncRecord, found: FoundBackup): Promise<boolean> {
    const record = this.records.get(backupId);
    if (record?.committed !== committed) return Promise.resolve(false);
    const { attempt, objects } = found.backup;
    Object.assign(record, { committed: attempt, hash: objects.data.sha256 });
    this.commits.set(backupId, { attempt, bytes: found.bytes });
    return Promise.resolve(true);
  }

  markMissing(backupId: string, missing: boolean): Promise<boolean> {
    const record = this.records.get(backupId);
    if (record?.status !== (missing ? 'completed' : 'missing')) return Promise.resolve(false);
    record.status = missing ? 'missing' : 'completed';
    return Promise.resolve(true);
  }
}
