import type { DestinationSource, StoreConfig } from '#config';
import type { ObjectStore } from '#storage';

/** A place that backups are copied to, with its store. */
export interface Destination extends Omit<DestinationSource, 'store'> {
  readonly store: ObjectStore;
  /** How it is reached. */
  readonly options: StoreConfig;
}
