import type { HeldClaim, RestoreRepository } from '#catalog';
import type { Clock, RestorePhase, RestoreProgress, Stage } from '#contracts';
import type { LoadProgress, NamespaceProgress } from '#engine';
import type { RunObserver } from '#pipeline';
import { PacedWrites } from '../claims/paced-writes.js';
import type { WorkerLog } from '../logging/worker-log.js';

/** What the record shows at most. */
const mostShown = 50;

/** What the plan expects of each namespace, by its name in the target. */
export interface Expected {
  readonly documents: ReadonlyMap<string, number>;
  readonly bytes: number | null;
}

/** Writes how far a restore is into its record, at most once in `everyMs`. */
export class RestoreObserver implements RunObserver {
  #began: number;
  #stage: Stage = 'probe';
  #loaded: LoadProgress = { documents: 0, bytes: 0, stage: 'load' };
  #expected: Expected | undefined;
  readonly #writes: PacedWrites;
  readonly warnings: string[] = [];
  /** Databases that this run made for a scratch restore, or was about to. */
  scratch: readonly string[] = [];

  constructor(
    restores: Pick<RestoreRepository, 'progress'>,
    claim: HeldClaim,
    private readonly clock: Clock,
    everyMs: number,
    private readonly log: WorkerLog,
    /** An earlier run had got there: nothing but the target itself takes it back. */
    private phase: RestorePhase,
    /** A run has begun to load, this one or an earlier one. */
    public mayLeave: boolean,
  ) {
    this.#began = clock.monotonicMs();
    const writeProgress = () => restores.progress(claim.ref, this.#now(), this.phase);
    this.#writes = new PacedWrites({ clock, log, everyMs, writeProgress });
  }

  stage(stage: Stage): void {
    if (stage === 'load') this.#began = this.clock.monotonicMs();
    this.#stage = stage;
    this.log.debug('stage', { stage });
    this.#writes.schedule();
  }

  /** Bytes of the store that were read: the documents in the target tell more. */
  progress(): void {
    return;
  }

  warning(text: string): void {
    this.warnings.push(text);
    this.log.warn('warning', { warning: text });
  }

  expects(expected: Expected): void {
    this.#expected = expected;
  }

  loaded(progress: LoadProgress): void {
    if (progress.stage !== 'load') this.#stage = progress.stage;
    this.#loaded = progress;
    this.#writes.schedule();
  }

  /** From here on every write says so; those under way are through when it resolves. */
  async renaming(): Promise<void> {
    this.phase = 'renaming';
    this.#stage = 'rename';
    await this.#writes.settled();
  }

  /** Not renamed (any more): what is in the target was put back. */
  notRenaming(): void {
    this.phase = 'loading';
  }

  /** No further write; waits for the one under way. */
  stop(): Promise<void> {
    return this.#writes.stop();
  }

  #now(): RestoreProgress {
    const { documents, bytes, namespaces } = this.#loaded;
    const seconds = (this.clock.monotonicMs() - this.#began) / 1000;
    const expected = this.#expected;
    return {
      ...{ stage: this.#stage, documents, bytes },
      expectedDocuments: expected === undefined ? null : sumOf(expected.documents.values()),
      expectedBytes: expected?.bytes ?? null,
      bytesPerSecond: seconds > 0 ? Math.round(bytes / seconds) : 0,
      namespaces: shown(namespaces?.() ?? []).map((namespace) => {
        const name = `${namespace.db}.${namespace.collection}`;
        const expectedDocuments = expected?.documents.get(name) ?? null;
        return { name, documents: namespace.documents, expectedDocuments, done: namespace.done };
      }),
      updatedAt: this.clock.now(),
    };
  }
}

/** Those that are being loaded first, then those that are done, then those that wait. */
function shown(namespaces: readonly NamespaceProgress[]): readonly NamespaceProgress[] {
  const rank = ({ documents, done }: NamespaceProgress): number => (done ? 1 : documents > 0 ? 0 : 2);
  return [...namespaces].sort((a, b) => rank(a) - rank(b)).slice(0, mostShown);
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
