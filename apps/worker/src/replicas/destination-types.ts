import type { DestinationSource, StoreConfig } from '#config';
import type { ObjectStore } from '#storage';

/** A place that backups are copied to, with its store. */
export interface Destination extends Omit<DestinationSource, 'store'> {
  readonly store: ObjectStore;
  /** How it is reached. */
  readonly options: StoreConfig;
}

/** Destinations as the next configuration has them: those that did not change are the same as before, with the same store. */
export interface NextDestinations {
  readonly sources: readonly DestinationSource[];
  readonly destinations: readonly Destination[];
  /** Of these: opened for it. */
  readonly opened: readonly Destination[];
}

/** The destinations of now, and how others take their place. */
export interface DestinationSet {
  readonly current: readonly Destination[];
  prepare(sources: readonly DestinationSource[]): Promise<NextDestinations>;
  take(next: NextDestinations): void;
  close(): Promise<void>;
}
