import { copyStates, type CopyState } from '#contracts';
import { shuttingDown } from '#catalog';
import { quietly } from '#logging';
import { Every } from '../core/every.js';
import type { WorkerParts } from '../core/worker-core.js';

/** The two things that are done again and again for a place that backups are copied to. */
export interface CopyWork {
  /** In its own words: `destination`, `primary store`. */
  readonly what: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Of what is copied there, when it is broken off. */
  readonly copies: string;
  /** By itself: a copy that takes hours must not keep anybody from seeing that the place is gone. */
  look(): Promise<void>;
  work(): Promise<void>;
}

/** Looks at a place and works on its copies, each in a loop of its own, until it is retired or stopped. What fails is tried again with the next round, and said once. */
export class CopyLoops {
  readonly #loops: readonly Every[];
  readonly #ending = new AbortController();
  readonly #retiring = new AbortController();
  readonly #once;
  /** Ends what is to be done by the configuration of now alone: a copy under way goes on. */
  readonly signalOfNow = AbortSignal.any([this.#ending.signal, this.#retiring.signal]);

  constructor(
    private readonly parts: WorkerParts,
    private readonly of: CopyWork,
  ) {
    const { reaperMs } = parts.config.lease;
    this.#once = quietly(parts.clock);
    this.#loops = [
      new Every(reaperMs, () => this.#step('watch', () => of.look())),
      new Every(reaperMs, () => this.#step('work', () => of.work())),
    ];
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Whether another copy may be taken, and what is so may be told. */
  get takesMore(): boolean {
    return !this.signalOfNow.aborted;
  }

  start(): void {
    for (const loop of this.#loops) loop.start();
  }

  /** Ends when what it is at is done: it takes nothing more. */
  async retire(): Promise<void> {
    this.#retiring.abort();
    await this.#end();
  }

  async stop(): Promise<void> {
    this.#ending.abort(shuttingDown(this.of.copies));
    await this.#end();
  }

  async #end(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  async #step(step: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      // Whoever has its place now says what is so.
      if (!this.takesMore) return;
      const { what, fields } = this.of;
      this.#once(step, () => this.parts.log.failure(`${what}: ${step} failed`, error, 'store', fields));
    }
  }
}

/** How many copies of a place are in which state, and since when the oldest of those is due that are not there. */
export async function copiesAt({ catalog }: WorkerParts, name: string) {
  const states = Object.fromEntries(copyStates.map((state) => [state, 0])) as Record<CopyState, number>;
  let behindSince: Date | null = null;
  for (const { destination, state, count, oldest } of await catalog.copies.counts()) {
    if (destination !== name) continue;
    states[state] = count;
    const isBehind = ['pending', 'copying', 'failed', 'missing'].includes(state);
    if (isBehind && (behindSince === null || oldest < behindSince)) behindSince = oldest;
  }
  return { states, behindSince };
}
