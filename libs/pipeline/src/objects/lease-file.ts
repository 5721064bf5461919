import { AppError, lease as leaseSchema, parseJson, type Lease } from '#contracts';
import { removeOrHide, type ObjectStore } from '#storage';
import { leaseKey } from './keys.js';

const everySeconds = 900;
const mostBytes = 64 * 1024;

/** `lease.json` of a running attempt: the sweeper leaves its folder alone while the counter changes. */
export class LeaseFile {
  #counter = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: ObjectStore,
    private readonly backupId: string,
    private readonly attempt: number,
  ) {}

  /** `fresh`: the file must not be there yet (`store/exists`), where the store honours that. */
  async start(signal: AbortSignal, { fresh = false } = {}): Promise<void> {
    await this.#write(signal, fresh);
    this.#timer = setInterval(() => {
      // A beat that fails is repeated by the next: the sweeper waits for three of them, and the run itself notices a dead store.
      this.#writing = this.#write(signal).catch(() => undefined);
    }, everySeconds * 1000);
    this.#timer.unref();
  }

  /** Ends the beats and leaves the file: what it stands for is to be decided later, and the sweeper waits a little longer for it. */
  async rest(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
  }

  /** Ends the beats and removes the file. */
  async end(): Promise<void> {
    await this.rest();
    await removeOrHide(this.store, leaseKey(this.backupId, this.attempt));
  }

  async #write(signal: AbortSignal, ifNoneMatch = false): Promise<void> {
    this.#counter += 1;
    const lease: Lease = { schema: 'hazina-lease/1', attempt: this.attempt, counter: this.#counter, everySeconds };
    await this.store.putBytes(leaseKey(this.backupId, this.attempt), Buffer.from(JSON.stringify(lease)), {
      signal,
      ifNoneMatch,
    });
  }
}

/** The lease of an attempt as it stands; null when there is none. One that cannot be read counts as one that never changes. */
export async function readLease(
  store: ObjectStore,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly counter: number | null; readonly everySeconds: number } | null> {
  try {
    const { bytes } = await store.getBytes(key, mostBytes, signal);
    const hint = 'Nothing to do: it counts as one that never changes';
    return parseJson(leaseSchema, bytes, { code: 'backup/damaged', stage: 'cleanup', what: key, hint });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'store/no-object') return null;
    if (error.code === 'backup/damaged' || error.code === 'store/unsupported') return { counter: null, everySeconds };
    throw error;
  }
}
