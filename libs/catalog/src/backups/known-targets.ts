import type { TargetDocument } from '../schemas/target.schema.js';
import type { RecordCollection } from '../store/record-collection.js';

export type Targets = RecordCollection<TargetDocument>;

export interface KnownTargets {
  /** Notes a target, before its first record is inserted. */
  note(target: string): Promise<void>;
  all(): Promise<readonly string[]>;
}

export function knownTargets(targets: Targets): KnownTargets {
  /** Noted by this process: a target is written once, not with each backup. */
  const noted = new Set<string>();
  return {
    async note(target) {
      if (noted.has(target)) return;
      await targets.upsert({ target }, { $setOnInsert: { target } });
      noted.add(target);
    },
    all: async () => (await targets.find({}, { sort: { target: 1 } })).map(({ target }) => target),
  };
}
