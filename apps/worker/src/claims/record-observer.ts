import type { BackupRepository, HeldClaim } from '#catalog';
import type { Clock, Stage } from '#contracts';
import type { DumpProbe } from '#engine';
import type { Progress, RunObserver } from '#pipeline';
import type { WorkerLog } from '../logging/worker-log.js';
import { PacedWrites } from './paced-writes.js';

/** Writes what a run tells into its record, at most once in `everyMs`. */
export class RecordObserver implements RunObserver {
  readonly #began: number;
  #stage: Stage = 'probe';
  #progress: Required<Omit<Progress, 'namespaces'>> = {
    archiveBytes: 0,
    storedBytes: 0,
    documents: 0,
    expectedBytes: null,
  };
  readonly #writes: PacedWrites;

  constructor(
    private readonly backups: Pick<BackupRepository, 'progress' | 'started'>,
    private readonly claim: HeldClaim,
    private readonly clock: Clock,
    everyMs: number,
    private readonly log: WorkerLog,
  ) {
    this.#began = clock.monotonicMs();
    const writeProgress = () => backups.progress(claim.ref, this.#now());
    this.#writes = new PacedWrites({ clock, log, everyMs, writeProgress });
  }

  get archiveBytes(): number {
    return this.#progress.archiveBytes;
  }

  stage(stage: Stage): void {
    this.#stage = stage;
    this.log.debug('stage', { stage });
    this.#writes.schedule();
  }

  progress(progress: Progress): void {
    const { namespaces: _ofRestores, ...counts } = progress;
    this.#progress = { ...this.#progress, ...counts };
    this.#writes.schedule();
  }

  warning(text: string): void {
    this.log.warn('warning', { warning: text });
  }

  probed({ engine, databases, estimatedBytes }: DumpProbe): void {
    this.log.info('dumping', { engine, databases: databases.length, estimatedBytes });
    const database = databases.length === 1 ? (databases[0] ?? '*') : '*';
    this.#writes.write(() => this.backups.started(this.claim.ref, { database, engine }));
  }

  /** No further write; waits for the one under way. */
  stop(): Promise<void> {
    return this.#writes.stop();
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
}
