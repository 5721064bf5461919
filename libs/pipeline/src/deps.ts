import type { Clock, Random, Stage } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';

/** What every run is given: everything that reaches outside, so that tests replace a part and nothing else. */
export interface PipelineDeps {
  readonly store: ObjectStore;
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: RunObserver;
}

/** Told what a run does. It never fails a run: an implementation keeps its own errors to itself. */
export interface RunObserver {
  stage(stage: Stage): void;
  progress(progress: Progress): void;
  warning(text: string): void;
}

/** Counted from the bytes as they pass; all grow until the run ends. */
export interface Progress {
  /** Bytes of the plain archive. */
  readonly archiveBytes?: number;
  /** Bytes of the sealed object, written or read. */
  readonly storedBytes?: number;
  readonly documents?: number;
  /** What `archiveBytes` or `storedBytes` is expected to reach; null when nobody knows. */
  readonly expectedBytes?: number | null;
}

export const silentObserver: RunObserver = {
  stage: () => undefined,
  progress: () => undefined,
  warning: () => undefined,
};
