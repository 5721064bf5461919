import type { BackupRepository, HeldClaim } from '#catalog';
import type { Clock, Stage } from '#contracts';
import type { DumpProbe } from '#engine';
import type { Progress, RunObserver } from '#pipeline';
import type { WorkerLog } from '../logging/worker-log.js';

/** Writes what a run tells into its record, at most once in `everyMs`, one write at a time. It never fails or delays the run. */
export class RecordObserver implements RunObserver {
  readonly #began: number;
  #stage: Stage = 'probe';
  #progress: Required<Progress> = { archiveBytes: 0, storedBytes: 0, documents: 0, expectedBytes: null };
  #writing: Promise<void> | undefined;
  #busy = 0;
  #writtenAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    private readonly backups: Pick<BackupRepository, 'progress' | 'started'>,
    private readonly claim: HeldClaim,
    private readonly clock: Clock,
    private readonly everyMs: number,
    private readonly log: WorkerLog,
  ) {
    this.#began = clock.monotonicMs();
  }

  get archiveBytes(): number {
    return this.#progress.archiveBytes;
  }

  stage(stage: Stage): void {
    this.#stage = stage;
    this.log.debug('stage', { stage });
    this.#schedule();
  }

  progress(progress: Progress): void {
    this.#progress = { ...this.#progress, ...progress };
    this.#schedule();
  }

  warning(text: string): void {
    this.log.warn('warning', { warning: text });
  }

  probed({ engine, databases, estimatedBytes }: DumpProbe): void {
    this.log.info('dumping', { engine, databases: databases.length, estimatedBytes });
    const database = databases.length === 1 ? (databases[0] ?? '*') : '*';
    this.#write(() => this.backups.started(this.claim.ref, { database, engine }));
  }

  /** No further write; waits for the one under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#writing;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    const wait = Math.max(0, this.#writtenAt + this.everyMs - this.clock.monotonicMs());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writtenAt = this.clock.monotonicMs();
      // A catalogue that is slow gets fewer writes, not a queue of them.
      if (this.#busy > 0) this.#schedule();
      else this.#write(() => this.backups.progress(this.claim.ref, this.#now()));
    }, wait);
    this.#timer.unref();
  }

  #now() {
    const { archiveBytes, storedBytes, documents, expectedBytes } = this.#progress;
    const seconds = (this.clock.monotonicMs() - this.#began) / 1000;
    return {
      ...{ stage: this.#stage, archiveBytes, storedBytes, documents, estimatedBytes: expectedBytes },
      bytesPerSecond: seconds > 0 ? Math.round(archiveBytes / seconds) : 0,
      updatedAt: this.clock.now(),
    };
  }

  #write(write: () => Promise<boolean>): void {
    const before = this.#writing ?? Promise.resolve();
    this.#busy += 1;
    this.#writing = before
      .then(async () => {
        if (!this.#stopped) await write();
      })
      .catch((error: unknown) => this.log.debug('progress not written', { reason: String(error) }))
      .finally(() => {
        this.#busy -= 1;
      });
  }
}
