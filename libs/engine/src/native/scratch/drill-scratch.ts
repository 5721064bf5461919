import type { MongoClient } from 'mongodb';
import { AppError, type Clock, type Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { onTarget } from '../load/target-errors.js';
import { dropMarked, markDatabases, markers, scratchNames } from './scratch-databases.js';

export interface DrillScratchOptions {
  /** The drill or verification. */
  readonly runId: string;
  readonly backupId: string;
  /** The markers beat every `beatMs`; standing still for `leaseMs` they are anybody's to drop. */
  readonly lease: { readonly leaseMs: number; readonly beatMs: number };
  readonly clock: Clock;
  /** Called once when a database of this drill is not there any more: somebody took it for abandoned. */
  readonly onLost: (error: AppError) => void;
}

/**
 * The databases of one drill, from their markers to their drop. While they are there the markers beat, so that everybody can tell them from those of a
 * drill that was killed.
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
        await scratch.#dropOwn();
        return scratch;
      } catch (error) {
        await client.close();
        throw error;
      }
    });
  }

  /** Makes the databases. Throws `target/not-empty` when somebody else has one of the names. */
  async mark(databases: readonly string[]): Promise<void> {
    const { runId, backupId, clock, lease } = this.options;
    const mark = { restoreId: runId, backupId, createdAt: clock.now(), beat: 0, leaseMs: lease.leaseMs };
    this.#timer = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beat());
    }, lease.beatMs);
    this.#timer.unref();
    for (const name of databases) {
      await onTarget('plan', () => markDatabases(this.client, [name], mark));
      this.#databases.push(name);
    }
  }

  /**
   * Drops them, whatever happened before. The names of those that are still there: without the marker of this drill nothing is dropped, also where an insert
   * that was on its way made one anew after somebody had dropped it.
   */
  async drop(): Promise<string[]> {
    clearInterval(this.#timer);
    await this.#beating;
    return onTarget('load', async () => {
      await this.#dropOwn();
      const there = await scratchNames(this.client);
      return this.#databases.filter((name) => there.includes(name));
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.client.close();
  }

  async #dropOwn(): Promise<string[]> {
    return dropMarked(this.client, await scratchNames(this.client), (mark) => mark.restoreId === this.options.runId);
  }

  async #beat(): Promise<void> {
    try {
      for (const name of this.#databases) {
        const ours = { _id: 'marker' as const, restoreId: this.options.runId };
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
