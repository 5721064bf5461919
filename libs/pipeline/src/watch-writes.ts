import { AppError, type Secret } from '#contracts';
import { contentDigests, watchChanges, type ChangeVerdict, type ChangeWatching, type PlannedNamespace } from '#engine';

/** What happens to what will be replaced, from just before the backup of it began. */
export interface WriteWatch {
  /** Throws `restore/conflict` when something was written since: the backup may lack it. */
  check(signal: AbortSignal): Promise<void>;
  /** Who watched and how far, in words; before `check` what is intended. */
  readonly how: string;
  close(): Promise<void>;
}

/** Tests put others in. */
export interface WriteEyes {
  readonly changes: typeof watchChanges;
  readonly digests: typeof contentDigests;
}

const real: WriteEyes = { changes: watchChanges, digests: contentDigests };

/**
 * Notices writes into what will be replaced: by a change stream of the server where it has one, otherwise by reading everything twice. The first reading is done
 * beside a stream, too: a stream that breaks off and has lost its history leaves the question to the second.
 */
export async function watchWrites(
  uri: Secret,
  replaced: readonly PlannedNamespace[],
  signal: AbortSignal,
  eyes: WriteEyes = real,
): Promise<WriteWatch> {
  const changes = await eyes.changes(uri, replaced, signal);
  try {
    const before = await eyes.digests(uri, replaced, signal);
    return new Watch(changes, async (now) => {
      const after = await eyes.digests(uri, replaced, now);
      return [...before].filter(([name, digest]) => after.get(name) !== digest).map(([name]) => name);
    });
  } catch (error) {
    await closeOf(changes);
    throw error;
  }
}

class Watch implements WriteWatch {
  how: string;

  constructor(
    private readonly changes: ChangeWatching,
    private readonly readAgain: (signal: AbortSignal) => Promise<string[]>,
  ) {
    this.how = 'watch' in changes ? byStream : byReading(`there is no change stream: ${changes.none}`);
  }

  async check(signal: AbortSignal): Promise<void> {
    const verdict: ChangeVerdict = 'watch' in this.changes ? await this.changes.watch.verdict() : unknown;
    if (verdict.state === 'quiet') return;
    if (verdict.state === 'written') throw conflict(verdict.namespaces);
    if ('watch' in this.changes) this.how = byReading(`the change stream did not last: ${verdict.reason}`);
    const changed = await this.readAgain(signal);
    if (changed.length > 0) throw conflict(changed);
  }

  close(): Promise<void> {
    return closeOf(this.changes);
  }
}

const unknown: ChangeVerdict = { state: 'lost', reason: 'there is none' };

const byStream =
  'writes into it were looked for by a change stream until just before the renames; what came in the last moment cannot be told';

function byReading(why: string): string {
  return `writes into it were looked for until just before the renames by reading it twice (${why}); what came during and after the second reading cannot be told`;
}

/** Of what was replaced, in the report of a restore; who watched is known after `check`. `watch`: null where writes are ignored. */
export function safetyNote(backupId: string, watch: WriteWatch | null): string {
  return `what was replaced is in the backup ${backupId}: ${watch?.how ?? 'writes into it since were not looked for'}`;
}

async function closeOf(changes: ChangeWatching): Promise<void> {
  if ('watch' in changes) await changes.watch.close();
}

function conflict(changed: readonly string[]): AppError {
  return new AppError({
    code: 'restore/conflict',
    stage: 'compare',
    message: `Somebody wrote into what would be replaced, after the backup of it began: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ` and ${changed.length - 5} more` : ''}`,
    hint: 'Nothing was replaced. Stop what writes there and ask for the restore again, or ask for writes to be ignored (ignoreWrites, --ignore-writes)',
    details: { changed: changed.slice(0, 100) },
  });
}
