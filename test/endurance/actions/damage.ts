import type { World } from '../world.js';
import { pickRecord, type Action } from './action.js';

/** So many good ones stay untouched, so that the last good one is never ours to take. */
const untouched = 2;

export const damageActions: readonly Action[] = [
  {
    name: 'damage',
    weight: 2,
    async run(world, choices) {
      const { bucket, model, timeline } = world;
      const record = pickRecord(world, choices, ['completed'], ({ backupId, target }) => {
        return !model.damaged.has(backupId) && undamaged(world, target) > untouched;
      });
      const commit = record === undefined ? null : await bucket.commitOf(record.backupId);
      if (record === undefined || commit === null) return;
      const { backupId } = record;
      const damage = choices.chance(0.5) ? 'flipped' : 'removed';
      model.damaged.set(backupId, damage);
      if (damage === 'removed') await bucket.remove(commit.dataKey);
      else {
        const bytes = await bucket.get(commit.dataKey);
        if (bytes === null) return;
        const at = choices.below(bytes.length);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << choices.below(8)), at);
        await bucket.put(commit.dataKey, bytes);
      }
      timeline.note(`action ${damage} ${commit.dataKey} behind its back`, backupId);
    },
  },
];

function undamaged({ model }: World, target: string): number {
  return model.records.filter(
    (record) => record.target === target && record.status === 'completed' && !model.damaged.has(record.backupId),
  ).length;
}
