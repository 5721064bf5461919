import type { Choices } from '../choices.js';
import { targets } from '../plan.js';
import { pause } from '../pause.js';
import { type World } from '../world.js';
import { ask, pickRecord, type Action } from './action.js';

const cleanupPath = '/api/admin/backups/cleanup';
const mostPolls = 20;
const pollMs = 500;

export interface CleanupOutcome {
  readonly status: string;
  readonly decisions: readonly {
    readonly backupId: string;
    readonly decision: string;
    readonly reasons: readonly string[];
  }[];
  readonly reports: readonly string[];
}

/** Undefined: it was not accepted, or is not over in time. */
export async function runCleanup(world: World, choices: Choices, body: unknown): Promise<CleanupOutcome | undefined> {
  const wish = { role: 'admin', method: 'POST', path: cleanupPath, body, expected: [202] } as const;
  const accepted = await ask(world, choices, wish);
  if (accepted?.status !== 202) return undefined;
  const cleanupId = String(accepted.body['cleanupId']);
  world.model.promises.task(cleanupId, accepted.answeredAt);
  for (let poll = 0; poll < mostPolls; poll += 1) {
    await pause(pollMs);
    const look = { role: 'viewer', method: 'GET', path: `/api/admin/cleanups/${cleanupId}`, expected: [200] } as const;
    const found = (await ask(world, choices, look))?.body ?? {};
    const status = String(found['status']);
    const result = found['result'] as Omit<CleanupOutcome, 'status'> | null | undefined;
    if (status === 'completed' && result) return { ...result, status };
    if (status === 'failed') return { status, decisions: [], reports: [] };
  }
  return undefined;
}

export const upkeepActions: readonly Action[] = [
  {
    name: 'cleanup',
    weight: 3,
    async run(world, choices) {
      const target = choices.chance(0.5) ? {} : { target: choices.pick(targets)?.name };
      const planned = await runCleanup(world, choices, { ...target, dryRun: true });
      const number = /confirm the number (\d+)/.exec(JSON.stringify(planned?.decisions ?? []))?.[1];
      await runCleanup(world, choices, { ...target, ...(number === undefined ? {} : { confirm: Number(number) }) });
    },
  },
  {
    name: 'age',
    weight: 6,
    async run(world, choices) {
      const record = pickRecord(world, choices, ['completed']);
      if (record === undefined) return;
      const days = choices.between(2, 9);
      await world.catalogue.age(record.backupId, days);
      world.timeline.note(`action made ${record.backupId} ${days} days older`, record.backupId);
    },
  },
  {
    name: 'pause and resume',
    weight: 2,
    async run(world, choices) {
      const target = choices.pick(targets.filter(({ schedule }) => schedule !== null))?.name ?? '';
      const busy = `pause ${target}`;
      if (world.busy.has(busy)) return;
      world.busy.add(busy);
      try {
        const wish = { role: 'operator', method: 'POST', expected: [200] } as const;
        const paused = await ask(world, choices, { ...wish, path: `/api/admin/schedules/${target}/pause` });
        if (paused?.status === 200) world.model.promises.paused(target, paused.answeredAt);
        await pause(choices.between(3_000, 9_000));
        for (let tries = 0; tries < mostPolls; tries += 1) {
          world.model.promises.resuming(target, Date.now());
          const resumed = await ask(world, choices, { ...wish, path: `/api/admin/schedules/${target}/resume` });
          if (resumed?.status === 200) break;
          await pause(pollMs);
        }
      } finally {
        world.busy.delete(busy);
      }
    },
  },
];
