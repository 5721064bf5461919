import { AppError, isRestoreId, newRestoreId, scratchIdOf, type Secret } from '#contracts';
import {
  dropScratch,
  markScratch,
  scratchRenames,
  writtenDatabases,
  type ArchiveContents,
  type LoadRequest,
} from '#engine';
import { bad } from './choose-backup.js';
import type { CliContext } from './context.js';

/** Databases of a restore that are nobody's data: by their name, and by a marker that names the restore. The service makes the same. */
export interface Scratch {
  /** Whoever knows it can have them dropped. */
  readonly id: string;
  readonly databases: readonly string[];
  /** Leads everything into them. */
  readonly request: LoadRequest;
  /** Makes them, each with its marker; throws `target/not-empty` when somebody else has one of the names. */
  make(): Promise<void>;
  /** The names that were dropped. */
  drop(): Promise<string[]>;
}

export function planScratch(wanted: LoadRequest, contents: ArchiveContents, { clock, random }: CliContext): Scratch {
  const createdAt = clock.now();
  const id = newRestoreId(createdAt, random);
  const request = { ...wanted, rename: scratchRenames(wanted, contents, scratchIdOf(id)) };
  const databases = writtenDatabases(request, contents);
  return {
    ...{ id, databases, request },
    make: () => markScratch(wanted.uri, databases, { restoreId: id, backupId: wanted.backupId, createdAt }),
    drop: () => dropScratch(wanted.uri, scratchIdOf(id), id),
  };
}

/** Drops the scratch databases of an earlier restore, and no other. */
export async function dropEarlierScratch(uri: Secret, id: string, context: CliContext): Promise<void> {
  if (!isRestoreId(id)) throw bad(`--drop-scratch ${id}: give the ID that hazina restore --scratch printed`);
  const databases = await dropScratch(uri, scratchIdOf(id), id);
  if (context.json) context.printJson({ scratch: { id, dropped: databases } });
  else context.print(databases.length === 0 ? `Nothing of ${id} is there` : `Dropped ${databases.join(', ')}`);
}

/** Makes the databases and does the work in them. Whatever goes wrong, they are dropped. */
export async function inScratch<T>(scratch: Scratch, work: () => Promise<T>, context: CliContext): Promise<T> {
  try {
    await scratch.make();
    context.say(`Scratch databases of ${scratch.id}: ${scratch.databases.join(', ')}`);
    return await work();
  } catch (error) {
    await scratch.drop().catch(() => {
      context.warn(notDropped(scratch));
    });
    throw error;
  }
}

/** What became of them, for the report. */
export interface ScratchReport {
  readonly id: string;
  readonly databases: readonly string[];
  /** Empty: they are there. */
  readonly dropped: readonly string[];
  /** They were to be dropped, and could not be: what to do. */
  readonly warning?: string;
}

/** Drops them where that was asked for. `failure`: they are still there; to be thrown when the restore, which is done, has been reported. */
export async function reportScratch(
  scratch: Scratch,
  dropsThem: boolean,
): Promise<{ readonly report: ScratchReport; readonly failure: AppError | null }> {
  const { id, databases } = scratch;
  if (!dropsThem) return { report: { id, databases, dropped: [] }, failure: null };
  try {
    return { report: { id, databases, dropped: await scratch.drop() }, failure: null };
  } catch (error) {
    const { code, stage, message, retry, details } = AppError.from(error, 'load');
    const hint = notDropped(scratch);
    const failure = new AppError({ code, stage, message, hint, retry, details, cause: error });
    return { report: { id, databases, dropped: [], warning: hint }, failure };
  }
}

function notDropped({ id, databases }: Scratch): string {
  return `The scratch databases ${databases.join(', ')} could not be dropped; later: hazina restore --to-env NAME --drop-scratch ${id}`;
}

export function describeScratch({ id, databases, dropped, warning }: ScratchReport): string {
  if (warning !== undefined) return warning;
  if (dropped.length > 0) return `Dropped ${dropped.join(', ')}`;
  return `It is in ${databases.join(', ')}. To drop it: hazina restore --to-env NAME --drop-scratch ${id}`;
}
