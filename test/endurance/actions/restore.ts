import { uniqueDatabase } from '../../services/services.js';
import { hazina } from '../../support/run-hazina.js';
import type { RecordView } from '../model/record-view.js';
import type { Violation } from '../model/rules.js';
import { contentsOf } from '../sources.js';
import type { World } from '../world.js';
import { pickRecord, type Action } from './action.js';

const busy = 'restore';
/** The clocks are one, but records round to milliseconds. */
const roundingMs = 2;

export const restoreActions: readonly Action[] = [
  {
    name: 'restore',
    weight: 5,
    async run(world, choices) {
      const record = pickRecord(world, choices, ['completed']);
      if (record === undefined || world.busy.has(busy)) return;
      world.busy.add(busy);
      try {
        await restore(world, record);
      } finally {
        world.busy.delete(busy);
      }
    },
  },
];

/** Restores into a scratch database by the command line, and compares with what stood in the source while the backup was made. */
export async function restore(world: World, record: RecordView): Promise<void> {
  const { installation, bucket, model, timeline, faults } = world;
  const { backupId, target } = record;
  const scratch = uniqueDatabase('endurance_scratch');
  const wasDamaged = model.damaged.get(backupId);
  const quiet = faults.mark();
  const commit = await bucket.commitOf(backupId);
  const rename = `${installation.databaseOf(target)}=${scratch}`;
  const db = installation.client.db(scratch);
  try {
    const run = await hazina(['restore', backupId, '--to-env', 'TARGET_URI', '--rename', rename], installation.cli);
    timeline.note(`action restore ${backupId}: exit ${run.code} ${lastLine(run.stderr)}`, backupId);
    const violation = (rule: Violation['rule'], text: string): Violation => ({ rule, text, backupId });
    if (run.code === 1) model.tell(violation('unexpected', `restore ${backupId}: exit 1: ${run.stderr}`));
    if (run.code === 0 && wasDamaged !== undefined)
      model.tell(violation('untouched', `${backupId} was ${wasDamaged}, and the restore of it went well`));
    if (run.code === 0 && commit !== null) {
      const span = { from: commit.startedAt.getTime() - roundingMs, to: commit.completedAt.getTime() + roundingMs };
      const differences = world.sources.get(target)?.history.compare(await contentsOf(db), span) ?? [];
      model.judge(differences.map((text) => violation('equal', `${backupId} restored: ${text}`)));
    }
    if (run.code !== 0) {
      const changed = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
      const visible = changed.filter((name) => !name.startsWith('_hazina_'));
      model.judge(visible.map((name) => violation('untouched', `restore ${backupId} failed, and left ${name}`)));
      if (
        wasDamaged === undefined &&
        !model.damaged.has(backupId) &&
        faults.quietSince(quiet) &&
        (await stands(world, backupId))
      )
        model.tell(
          violation(
            'complete',
            `nothing was wrong, and the restore of ${backupId} ended with ${run.code}: ${run.stderr}`,
          ),
        );
    }
  } finally {
    await db.dropDatabase();
  }
}

async function stands({ catalogue }: World, backupId: string): Promise<boolean> {
  return (await catalogue.records()).some((record) => record.backupId === backupId && record.status === 'completed');
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
