import type { AppError, Clock } from '#contracts';
import type { ClaimRef, ClaimState } from '../contract/claims.js';
import { cancelWished, fenced, shuttingDown } from './run-errors.js';

/** The catalogue as a claim sees it. */
export interface ClaimPort {
  beat(ref: ClaimRef): Promise<ClaimState>;
  /** A look without a beat, for wishes to cancel; absent: there are none. */
  look?(ref: ClaimRef): Promise<ClaimState>;
}

export interface ClaimTimes {
  readonly leaseMs: number;
  readonly beatMs: number;
  readonly lookMs: number;
  readonly tickMs: number;
}

export interface ClaimOptions {
  readonly clock: Clock;
  readonly times: ClaimTimes;
  /** Monotonic time before the claim was asked for: the first proof of life. */
  readonly claimedAt: number;
  /** Told of beats and looks that failed; they are repeated. */
  readonly onTrouble: (error: unknown) => void;
  /** Of the process: its abort ends the run as a shutdown. It may outlive many claims, so nothing is left on it. */
  readonly shutdown?: AbortSignal;
}

/** A failed beat is repeated after this share of the time between beats. */
const repeatShare = 4;

/**
 * A claim while its run goes on: beats, looks for wishes to cancel, and aborts the run's signal when it must not go on: cancelled, claimed by another,
 * or not proven for the lease time on this process's monotonic clock, since from then on another may own the record.
 * The time of a proof is when its beat was *sent*, for the catalogue may have stored it at any moment since.
 */
export class HeldClaim {
  readonly #port: ClaimPort;
  readonly #options: ClaimOptions;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #ref: ClaimRef;
  #provenAt: number;
  #beatDue: number;
  #lookDue: number;
  #asking: Promise<void> | undefined;
  #held = true;
  #ending = false;

  constructor(port: ClaimPort, ref: ClaimRef, options: ClaimOptions) {
    this.#port = port;
    this.#ref = ref;
    this.#options = options;
    const { claimedAt, times } = options;
    this.#provenAt = claimedAt;
    this.#beatDue = claimedAt + times.beatMs;
    this.#lookDue = claimedAt + times.lookMs;
    this.#timer = setInterval(() => this.tick(), times.tickMs);
    if (options.shutdown?.aborted === true) this.#shutDown();
    else options.shutdown?.addEventListener('abort', this.#shutDown, { once: true });
  }

  readonly #shutDown = (): void => this.abort(shuttingDown(this.#ref.id));

  get ref(): ClaimRef {
    return this.#ref;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the run for a reason from elsewhere (a shutdown). */
  abort(reason: AppError): void {
    if (!this.#ending) this.#controller.abort(reason);
  }

  /** Raises the fence of this claim by `raise`. No beat is under way meanwhile: one with the old fence would look like a lost claim. */
  async raise(raise: (ref: ClaimRef) => Promise<ClaimRef | null>): Promise<ClaimRef | null> {
    while (this.#asking !== undefined) await this.#asking;
    const asking = raise(this.#ref);
    this.#asking = asking.then(
      () => undefined,
      () => undefined,
    );
    try {
      const raised = await asking;
      if (raised !== null) this.#ref = raised;
      return raised;
    } finally {
      this.#asking = undefined;
    }
  }

  /** From here on the run ends its record itself: that the record leaves `in_progress` is no loss, and nothing aborts any more. Beats go on. */
  ending(): void {
    this.#ending = true;
  }

  /** Ends the beats. */
  async stop(): Promise<void> {
    this.#held = false;
    clearInterval(this.#timer);
    this.#options.shutdown?.removeEventListener('abort', this.#shutDown);
    await this.#asking;
  }

  /** Does what is due. Called by a timer; by tests, with their own clock. */
  tick(): void {
    if (!this.#held) return;
    const now = this.#options.clock.monotonicMs();
    const { leaseMs } = this.#options.times;
    if (now - this.#provenAt >= leaseMs) this.#lose(`no heart-beat arrived for ${leaseMs / 1000} s`);
    if (this.#asking !== undefined) return;
    if (now >= this.#beatDue) this.#ask('beat', now);
    else if (this.#port.look !== undefined && now >= this.#lookDue) this.#ask('look', now);
  }

  #ask(what: 'beat' | 'look', sentAt: number): void {
    const { times } = this.#options;
    this.#lookDue = sentAt + times.lookMs;
    this.#beatDue = what === 'beat' ? sentAt + times.beatMs : this.#beatDue;
    this.#asking = this.#exchange(what, sentAt).finally(() => {
      this.#asking = undefined;
    });
  }

  async #exchange(what: 'beat' | 'look', sentAt: number): Promise<void> {
    try {
      const state = await (what === 'beat' ? this.#port.beat(this.#ref) : this.#port.look?.(this.#ref));
      if (state?.state === 'lost') this.#lose('another claim has taken over, or the record has ended');
      else if (what === 'beat') this.#provenAt = sentAt;
      if (state?.state === 'held' && state.cancelRequested) this.abort(cancelWished(this.#ref.id));
    } catch (error) {
      const { clock, times, onTrouble } = this.#options;
      if (what === 'beat') this.#beatDue = clock.monotonicMs() + times.beatMs / repeatShare;
      onTrouble(error);
    }
  }

  #lose(why: string): void {
    this.abort(fenced(this.#ref.id, why));
  }
}
