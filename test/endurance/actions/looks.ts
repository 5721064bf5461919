import { ask, pickRecord, type Action } from './action.js';

const reads = [
  '/api/admin/backups?limit=50',
  '/api/admin/backups?status=completed&sortBy=size&sortOrder=asc',
  '/api/admin/backups/stats',
  '/api/admin/targets',
  '/api/admin/schedules',
  '/api/admin/system',
];

export const lookActions: readonly Action[] = [
  {
    name: 'look at a list',
    weight: 8,
    async run(world, choices) {
      const path = choices.pick(reads) ?? '';
      await ask(world, choices, { role: 'viewer', method: 'GET', path, expected: [200] });
    },
  },
  {
    name: 'look at a backup',
    weight: 8,
    async run(world, choices) {
      const states = ['pending', 'in_progress', 'completed', 'failed', 'cancelled', 'missing', 'deleted'] as const;
      const record = pickRecord(world, choices, states);
      if (record === undefined) return;
      const { backupId } = record;
      const path = `/api/admin/backups/${backupId}`;
      // A record that nobody had claimed may be taken back.
      const expected = record.status === 'pending' ? [200, 404] : [200];
      const answer = await ask(world, choices, { role: 'viewer', method: 'GET', path, expected, about: backupId });
      if (answer?.status !== 200) return;
      const { promises } = world.model;
      if (answer.body['status'] === 'deleted') promises.deleted(backupId, answer.answeredAt);
      if (answer.body['status'] === 'cancelled') promises.cancelled(backupId, answer.answeredAt);
    },
  },
];
