import type { MongoClient } from 'mongodb';
import { AppError, type Clock, type Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { onTarget } from '../load/target-errors.js';
import { temporaryPrefix } from '../load/plan-types.js';
import { listCollections } from '../load/target-state.js';
import {
  dropMarked,
  insertMark,
  markDatabases,
  markerOf,
  markers,
  scratchNames,
  type ScratchMark,
} from './scratch-databases.js';

export interface DrillScratchOptions {
  /** The drill or verification. */
  readonly runId: string;
  /** The number of the claim: larger for each run of the same drill. */
  readonly fence: number;
  readonly backupId: string;
  /** The markers beat every `beatMs`; standing still for `leaseMs` they are anybody's to drop. */
  readonly lease: { readonly leaseMs: number; readonly beatMs: number };
  readonly clock: Clock;
  /** Called once when a database of this drill is not there any more: somebody took it for abandoned. */
  readonly onLost: (error: AppError) => void;
}

/**
 * The databases of one run of a drill, from their markers to their drop. While they are there the markers beat, so that everybody can tell them from those
 * of a drill that was killed. A marker names the run by its fence: a run that lost its claim and wakes late leaves alone what its successor made.
 */
export class DrillScratch {
  readonly #databases: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();

  private constructor(
    private readonly client: MongoClient,
    private readonly options: DrillScratchOptions,
  ) {}

  /** Connects, and drops what an earlier run of the same drill left. */
  static async open(uri: Secret, options: DrillScratchOptions): Promise<DrillScratch> {
    return onTarget('plan', async () => {
      const { client } = await connect(uri, 'target');
      const scratch = new DrillScratch(client, options);
      try {
        const earlier = ({ restoreId, fence = 0 }: ScratchMark) => restoreId === options.runId && fence < options.fence;
        await dropMarked(client, await scratchNames(client), earlier);
        return scratch;
      } catch (error) {
        await client.close();
        throw error;
      }
    });
  }

  /** Makes the databases. Throws `target/not-empty` when somebody else has one of the names. */
  async mark(databases: readonly string[]): Promise<void> {
    const { lease } = this.options;
    const mark = this.#newMark();
    this.#timer = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beat());
    }, lease.beatMs);
    this.#timer.unref();
    for (const name of databases) {
      await onTarget('plan', () => markDatabases(this.client, [name], mark));
      this.#databases.push(name);
    }
  }

  /** Throws `restore/conflict` unless every database of this run still bears its marker. */
  async assertOwned(): Promise<void> {
    await onTarget('compare', async () => {
      for (const name of this.#databases) if (!this.#isOwn(await markerOf(this.client, name))) throw lost(name);
    });
  }

  /** Drops them, whatever happened before. The names of those that are still there: without the marker of this run nothing is dropped. */
  async drop(): Promise<string[]> {
    clearInterval(this.#timer);
    await this.#beating;
    return onTarget('load', async () => {
      const there = await scratchNames(this.client);
      const ours = this.#databases.filter((name) => there.includes(name));
      for (const name of ours) await this.#markAnew(name);
      const dropped = await dropMarked(this.client, ours, (mark) => this.#isOwn(mark));
      return ours.filter((name) => !dropped.includes(name));
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.client.close();
  }

  #newMark(): ScratchMark {
    const { runId, fence, backupId, clock, lease } = this.options;
    return { restoreId: runId, fence, backupId, createdAt: clock.now(), beat: 0, leaseMs: lease.leaseMs };
  }

  #isOwn(mark: ScratchMark | null): boolean {
    return mark?.restoreId === this.options.runId && mark.fence === this.options.fence;
  }

  /**
   * A database that was taken for abandoned and dropped, and that an insert of this run, which was on its way, made once more: there is no marker in it and
   * nothing but temporaries of a restore. Nobody else would ever drop it.
   */
  async #markAnew(name: string): Promise<void> {
    if ((await markerOf(this.client, name)) !== null) return;
    const found = [...(await listCollections(this.client.db(name))).keys()];
    if (found.every((collection) => collection.startsWith(temporaryPrefix)))
      await insertMark(this.client, name, this.#newMark());
  }

  async #beat(): Promise<void> {
    try {
      for (const name of this.#databases) {
        const { runId, fence } = this.options;
        const ours = { _id: 'marker' as const, restoreId: runId, fence };
        const { matchedCount } = await markers(this.client, name).updateOne(ours, { $inc: { beat: 1 } });
        if (matchedCount > 0) continue;
        clearInterval(this.#timer);
        this.options.onLost(lost(name));
        return;
      }
    } catch {
      // A beat that did not get through is no loss: the next one may.
    }
  }
}

function lost(name: string): AppError {
  return new AppError({
    code: 'restore/conflict',
    stage: 'load',
    retry: 'retry',
    message: `The scratch database ${name} of this drill was dropped by somebody else`,
    hint: 'A drill that gives no sign of life for the lease time is taken for abandoned: was this process suspended, or are two installations using the scratch target with different BACKUP_LEASE_SECONDS?',
  });
}
