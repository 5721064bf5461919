import type { AdminApi } from './admin-api.js';
import type { Bucket } from './bucket.js';
import type { Catalogue } from './catalogue.js';
import type { Installation } from './installation.js';
import type { Model } from './model/model.js';
import type { AskedRestore } from './model/restore-rules.js';
import type { Slot } from './slot.js';
import type { Source } from './sources.js';
import type { Timeline } from './timeline.js';

/** Everything that actions, faults and checks work on. */
export interface World {
  readonly installation: Installation;
  readonly model: Model;
  readonly timeline: Timeline;
  readonly api: AdminApi;
  readonly bucket: Bucket;
  readonly catalogue: Catalogue;
  readonly sources: ReadonlyMap<string, Source>;
  /** What is only done once at a time: a Redis fault, a pause of a target. */
  readonly busy: Set<string>;
  readonly faults: ActiveFaults;
  /** Restores that the API accepted. */
  readonly restores: AskedRestore[];
}

/** How many faults are active, and whether there was one at any time since a moment. */
export class ActiveFaults {
  #active = 0;
  #begun = 0;

  get count(): number {
    return this.#active;
  }

  begin(): void {
    this.#active += 1;
    this.#begun += 1;
  }

  end(): void {
    this.#active -= 1;
  }

  /** For `quietSince`. */
  mark(): number {
    return this.#active > 0 ? -1 : this.#begun;
  }

  quietSince(mark: number): boolean {
    return mark === this.#begun;
  }
}

export function slotsOf({ installation }: World, app: 'api' | 'worker'): Slot[] {
  return installation.slots.filter((slot) => slot.app === app);
}
