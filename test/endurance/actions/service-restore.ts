import type { AskedRestore } from '../model/restore-rules.js';
import { judgeRestore } from '../model/restore-rules.js';
import { pause } from '../pause.js';
import { restoreTargets } from '../plan.js';
import { contentsOf } from '../sources.js';
import type { World } from '../world.js';
import { ask, pickRecord, type Action } from './action.js';

/** The clocks are one, but records round to milliseconds. */
const roundingMs = 2;
const mostPauseMs = 4_000;

export const serviceRestoreActions: readonly Action[] = [
  {
    name: 'restore by the service',
    weight: 6,
    async run(world, choices) {
      const { installation, bucket, model } = world;
      const record = pickRecord(world, choices, ['completed']);
      const targetName = choices.pick(restoreTargets);
      const [cancels, pauseMs] = [choices.chance(0.25), choices.below(mostPauseMs)];
      if (record === undefined || targetName === undefined) return;
      const { backupId, target } = record;
      const database = installation.newDatabase();
      const wasDamaged = model.damaged.get(backupId);
      const commit = await bucket.commitOf(backupId);
      const rename = [{ from: installation.databaseOf(target), to: database }];
      const answer = await ask(world, choices, {
        ...{ role: 'admin', method: 'POST', path: `/api/admin/backups/${backupId}/restore` },
        body: { targetName, mode: 'into-empty', rename },
        expected: [202, 404, 409, 410],
        about: backupId,
      });
      if (answer?.status !== 202) return;
      const restoreId = String(answer.body['restoreId']);
      const span = commit && {
        from: commit.startedAt.getTime() - roundingMs,
        to: commit.completedAt.getTime() + roundingMs,
      };
      world.restores.push({ restoreId, backupId, target, database, span, wasDamaged });
      model.promises.task(restoreId, answer.answeredAt);
      if (!cancels) return;
      await pause(pauseMs);
      const path = `/api/admin/restores/${restoreId}/cancel`;
      await ask(world, choices, { role: 'operator', method: 'POST', path, expected: [202, 409], about: backupId });
    },
  },
];

/** When all is at rest: what became of every restore that was accepted, and what its database holds. */
export async function judgeServiceRestores(world: World): Promise<void> {
  const { catalogue, installation, model, restores, sources, timeline } = world;
  const tasks = new Map((await catalogue.tasks()).map((task) => [task.taskId, task]));
  for (const asked of restores) {
    const task = tasks.get(asked.restoreId);
    // That it is gone is told by the promises.
    if (task === undefined) continue;
    const found = await lookAt(asked, installation.client);
    timeline.note(`${asked.restoreId} ended as ${task.status} ${task.error?.code ?? ''}`, asked.backupId);
    const history = sources.get(asked.target)?.history;
    model.judge(judgeRestore(asked, task, found, history, model.damaged.get(asked.backupId)));
  }
}

async function lookAt({ database }: AskedRestore, client: World['installation']['client']) {
  const db = client.db(database);
  const collections = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const documents = await contentsOf(db);
  return { collections, documents };
}
