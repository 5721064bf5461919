import type { ArchiveSummary } from '#archive';
import { AppError, namespaceKey } from '#contracts';
import { listNames, nameOf } from '../native/load/names.js';
import type { RestoreLog } from './restore-log.js';
import type { RestoredEntry } from './restored-entries.js';
import type { ToolExit, ToolProcess } from './tool-process.js';

export interface RestoreEvidence {
  readonly exit: ToolExit;
  readonly log: RestoreLog;
  /** Undefined: the tool did not take all of it. */
  readonly archive: ArchiveSummary | undefined;
  readonly entries: readonly RestoredEntry[];
}

/**
 * Whether mongorestore did what was asked. Its exit code alone does not say so (facts: reliability 0.6): the whole archive must have been taken, no document
 * have failed, and its own counts agree with the archive's. Returns the documents of each entry; throws `restore/failed` and `engine/killed`.
 */
export function judgeRestore(child: ToolProcess, evidence: RestoreEvidence): ReadonlyMap<RestoredEntry, number> {
  const { exit, log, archive, entries } = evidence;
  const failures = log.total?.failed ?? 0;
  if (failures > 0)
    throw failed(
      `${failures} documents failed to restore, ${log.total?.restored ?? 0} were restored: ${child.tail.lastLines(3)}`,
    );
  const bad = child.failure(exit);
  if (bad?.code === 'engine/killed') throw ended('engine/killed', bad.message, bad);
  if (bad !== undefined) throw failed(bad.message, bad);
  if (archive === undefined) throw failed('mongorestore ended with exit code 0 before it had read the whole archive');
  if (log.total === undefined) throw failed('mongorestore ended without saying how many documents it restored');
  const expected = expectedDocuments(archive, entries);
  const wrong = disagreements(log, expected);
  if (wrong.length > 0)
    throw failed(`mongorestore ended with exit code 0, but ${listNames(wrong)}: ${child.tail.lastLines(3)}`);
  return expected;
}

function expectedDocuments(archive: ArchiveSummary, entries: readonly RestoredEntry[]): Map<RestoredEntry, number> {
  const archived = new Map(archive.namespaces.map((namespace) => [namespaceKey(namespace), namespace.documents]));
  return new Map(entries.map((entry) => [entry, archived.get(namespaceKey(entry.source)) ?? 0]));
}

/** In words; namespace by namespace where it prints them, in total always. */
function disagreements({ finished, total }: RestoreLog, expected: ReadonlyMap<RestoredEntry, number>): string[] {
  const sum = [...expected.values()].reduce((all, documents) => all + documents, 0);
  const wrong: string[] = [];
  const unknown = new Set(finished.keys());
  for (const [entry, documents] of finished.size > 0 ? expected : []) {
    const said = finished.get(`${entry.db}.${entry.collection}`);
    unknown.delete(`${entry.db}.${entry.collection}`);
    if (said === undefined) wrong.push(`it does not say that it finished ${nameOf(entry)}`);
    else if (said.failures > 0) wrong.push(`${said.failures} documents of ${nameOf(entry)} failed`);
    else if (said.documents !== documents)
      wrong.push(`it restored ${said.documents} documents of ${nameOf(entry)}, not ${documents}`);
  }
  for (const name of unknown) wrong.push(`it also restored ${nameOf(split(name))}`);
  if (total?.restored !== sum) wrong.push(`it restored ${total?.restored ?? 0} documents, not ${sum}`);
  return wrong;
}

function split(name: string): { db: string; collection: string } {
  const dot = name.indexOf('.');
  return { db: name.slice(0, dot), collection: name.slice(dot + 1) };
}

/** No progress for so long. */
export function stalled(quietMs: number): AppError {
  return ended(
    'engine/stalled',
    `mongorestore made no progress for ${Math.round(quietMs / 1000)} s and was ended`,
    undefined,
    'Look at the load of the target and the network; BACKUP_STALL_SECONDS sets how long to wait. ',
  );
}

function failed(message: string, cause?: unknown): AppError {
  return ended('restore/failed', message, cause);
}

function ended(code: AppError['code'], message: string, cause?: unknown, advice = ''): AppError {
  return new AppError({
    code,
    stage: 'load',
    message,
    hint: `${advice}The target holds what was written until then. The native engine (the default) leaves a target untouched when it fails`,
    cause,
  });
}
