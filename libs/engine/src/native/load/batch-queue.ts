import { BatchBuffers } from './batch-buffers.js';
import { batchHead, OpenBatch, type Batch } from './open-batch.js';
import { documentsOfRun } from './raw-bson.js';

export interface BatchLimits {
  /** Of one insert; a single larger document still goes. */
  readonly batchBytes: number;
  readonly batchDocuments: number;
  /** Inserts sent and not yet answered, over all namespaces. */
  readonly inFlight: number;
  /** Their bytes; the driver copies each more than once. A single one above it still goes. */
  readonly inFlightBytes: number;
  /** Memory of batches that are not full: many small collections can be open at once. */
  readonly openBytes: number;
}

interface Lane<T> {
  readonly target: T;
  /** One insert after the other, in the order of the archive (capped collections, keep-last). */
  readonly sequential: boolean;
  open: OpenBatch;
  sending: number;
  /** Batches that are full or being sent. */
  unanswered: number;
  onDrained?: () => void;
}

interface Waiting<T> {
  readonly lane: Lane<T>;
  readonly batch: OpenBatch;
}

/**
 * Collects runs of documents into inserts, several in flight. Memory is bounded when the feeder awaits `room()` after each piece of the source: at most
 * `openBytes`, the batches of one piece, those in flight (a large document counts as what it is), and free buffers of twice `inFlightBytes`.
 */
export class BatchQueue<T> {
  private readonly lanes = new Map<T, Lane<T>>();
  private readonly waiting: Waiting<T>[] = [];
  private readonly buffers: BatchBuffers;
  private openBytes = 0;
  private sending = 0;
  private sendingBytes = 0;
  private failure: { readonly error: unknown } | undefined;
  private wakeUps: (() => void)[] = [];

  constructor(
    private readonly send: (target: T, batch: Batch) => Promise<void>,
    private readonly isSequential: (target: T) => boolean,
    private readonly limits: BatchLimits,
  ) {
    this.buffers = new BatchBuffers(limits.batchBytes + batchHead, 2 * limits.inFlightBytes);
  }

  /** Takes whole documents; `run` may be reused by the caller afterwards. */
  add(target: T, run: Buffer, count: number): void {
    const lane = this.laneOf(target);
    if (this.fits(lane.open, run.length, count)) this.append(lane, run, count);
    else this.addInPieces(lane, run);
    while (this.openBytes > this.limits.openBytes) this.close(this.largest());
    this.dispatch();
  }

  /** The namespace is complete: its last batch goes. `onDrained` is called when all of its inserts were answered well. */
  end(target: T, onDrained: () => void): void {
    const lane = this.laneOf(target);
    lane.onDrained = onDrained;
    this.close(lane);
    this.dispatch();
    this.noteDrained(lane);
  }

  /** Resolves when the source may go on. Throws the first error of an insert. */
  async room(): Promise<void> {
    await this.until(() => this.waiting.length === 0);
  }

  /** Everything is sent and answered. Throws the first error of an insert. */
  async finish(): Promise<void> {
    for (const lane of this.lanes.values()) this.close(lane);
    this.dispatch();
    await this.until(() => this.waiting.length === 0 && this.sending === 0);
  }

  /** Sends nothing more; resolves when what is in flight was answered, well or badly. */
  async stop(error: unknown): Promise<void> {
    this.failure ??= { error };
    while (this.sending > 0) await this.nextReply();
  }

  private laneOf(target: T): Lane<T> {
    const existing = this.lanes.get(target);
    if (existing) return existing;
    const lane: Lane<T> = {
      target,
      sequential: this.isSequential(target),
      open: new OpenBatch(this.buffers),
      sending: 0,
      unanswered: 0,
    };
    this.lanes.set(target, lane);
    return lane;
  }

  private fits(open: OpenBatch, bytes: number, count: number): boolean {
    return open.bytes + bytes <= this.limits.batchBytes && open.count + count <= this.limits.batchDocuments;
  }

  private append({ open }: Lane<T>, run: Buffer, count: number): void {
    this.openBytes -= open.capacity;
    open.append(run, count);
    this.openBytes += open.capacity;
  }

  /** A run that ends one batch and begins others is cut between documents. */
  private addInPieces(lane: Lane<T>, run: Buffer): void {
    let start = 0;
    let end = 0;
    let count = 0;
    for (const document of documentsOfRun(run)) {
      if (!this.fits(lane.open, end - start + document.length, count + 1)) {
        if (count > 0) this.append(lane, run.subarray(start, end), count);
        this.close(lane);
        start = end;
        count = 0;
      }
      end += document.length;
      count += 1;
    }
    if (count > 0) this.append(lane, run.subarray(start, end), count);
    // Nothing more fits: a large document need not wait for the next one.
    if (lane.open.bytes >= this.limits.batchBytes) this.close(lane);
  }

  private largest(): Lane<T> {
    return [...this.lanes.values()].reduce((a, b) => (b.open.capacity > a.open.capacity ? b : a));
  }

  private close(lane: Lane<T>): void {
    if (lane.open.count === 0) return;
    this.openBytes -= lane.open.capacity;
    lane.unanswered += 1;
    this.waiting.push({ lane, batch: lane.open });
    lane.open = new OpenBatch(this.buffers);
  }

  private dispatch(): void {
    while (this.failure === undefined && this.sending < this.limits.inFlight) {
      const next = this.takeNext();
      if (!next) return;
      this.sending += 1;
      this.sendingBytes += next.batch.bytes;
      next.lane.sending += 1;
      void this.sendOne(next.lane, next.batch);
    }
  }

  /** The first that may go. In a lane that keeps its order none goes before one that waits longer: not even where it is small enough and that one is not. */
  private takeNext(): Waiting<T> | undefined {
    const heldBack = new Set<Lane<T>>();
    const at = this.waiting.findIndex(({ lane, batch }) => {
      if (heldBack.has(lane)) return false;
      if (this.maySend(lane, batch)) return true;
      if (lane.sequential) heldBack.add(lane);
      return false;
    });
    return at < 0 ? undefined : this.waiting.splice(at, 1)[0];
  }

  private maySend(lane: Lane<T>, batch: OpenBatch): boolean {
    if (this.sending === 0) return true;
    if (lane.sequential && lane.sending > 0) return false;
    return this.sendingBytes + batch.bytes <= this.limits.inFlightBytes;
  }

  private async sendOne(lane: Lane<T>, batch: OpenBatch): Promise<void> {
    try {
      await this.send(lane.target, batch.seal());
      batch.release();
    } catch (error) {
      this.failure ??= { error };
    }
    this.sending -= 1;
    this.sendingBytes -= batch.bytes;
    lane.sending -= 1;
    lane.unanswered -= 1;
    this.noteDrained(lane);
    this.dispatch();
    for (const wakeUp of this.wakeUps.splice(0)) wakeUp();
  }

  private noteDrained(lane: Lane<T>): void {
    if (!lane.onDrained || lane.unanswered > 0 || this.failure !== undefined) return;
    this.lanes.delete(lane.target);
    lane.onDrained();
  }

  private async until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      if (condition()) return;
      await this.nextReply();
    }
  }

  private nextReply(): Promise<void> {
    return new Promise((resolve) => this.wakeUps.push(resolve));
  }
}
