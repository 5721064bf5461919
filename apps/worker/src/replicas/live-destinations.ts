import { changeOf, type DestinationSource } from '#config';
import type { WorkerLog } from '../logging/worker-log.js';
import { openDestination } from './destination.js';
import type { Destination, DestinationSet, NextDestinations } from './destination-types.js';

/**
 * The destinations of a worker, which may be read again while it works. Whoever asks gets those of now. What is under way ends with those that it began with, so
 * the stores of those that are gone stay open until the worker ends: they are few, and without requests hold no connection for long.
 */
export class LiveDestinations implements DestinationSet {
  #sources: readonly DestinationSource[] = [];
  #current: readonly Destination[] = [];
  readonly #opened = new Set<Destination>();

  constructor(private readonly log: WorkerLog) {}

  get current(): readonly Destination[] {
    return this.#current;
  }

  /** Connects to nothing yet. What cannot be opened leaves everything as it was. */
  async prepare(sources: readonly DestinationSource[]): Promise<NextDestinations> {
    const { added, changed } = changeOf(this.#sources, sources);
    const opened: Destination[] = [];
    try {
      const destinations: Destination[] = [];
      for (const source of sources) {
        const before = this.#current.find(({ name }) => name === source.name);
        const isSame = before !== undefined && !added.includes(source.name) && !changed.includes(source.name);
        const destination = isSame ? before : await openDestination(source, this.log);
        if (!isSame) opened.push(destination);
        destinations.push(destination);
      }
      return { sources, destinations, opened };
    } catch (error) {
      await discard(opened);
      throw error;
    }
  }

  take({ sources, destinations, opened }: NextDestinations): void {
    this.#sources = sources;
    this.#current = destinations;
    for (const destination of opened) this.#opened.add(destination);
  }

  async close(): Promise<void> {
    await discard([...this.#opened]);
  }
}

/** Closes what nobody took. */
export async function discard(opened: readonly Destination[]): Promise<void> {
  await Promise.allSettled(opened.map(({ store }) => store.close()));
}
