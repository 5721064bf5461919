import { targets } from '../plan.js';
import { ask, pickRecord, type Action } from './action.js';

const path = '/api/admin/backups';

export const backupActions: readonly Action[] = [
  {
    name: 'trigger',
    weight: 14,
    async run(world, choices) {
      const target = choices.pick(targets)?.name ?? '';
      const marks = { label: choices.chance(0.3) ? `label ${choices.below(1000)}` : null, pinned: choices.chance(0.1) };
      const wish = { role: 'operator', method: 'POST', path: `${path}/trigger`, expected: [202, 409] } as const;
      // The API takes no null: a label is given or left out.
      const asked = marks.label === null ? { pinned: marks.pinned } : marks;
      const answer = await ask(world, choices, { ...wish, body: { target, ...asked } });
      if (answer?.status !== 202) return;
      const backupId = String(answer.body['backupId']);
      world.model.promises.accepted(backupId, answer.answeredAt);
      const note = world.model.marks.asked(backupId, marks, answer.sentAt);
      Object.assign(note, { outcome: 'done', answeredAt: answer.answeredAt });
    },
  },
  {
    name: 'cancel',
    weight: 5,
    async run(world, choices) {
      const record = pickRecord(world, choices, ['pending', 'in_progress']);
      if (record === undefined) return;
      const { backupId } = record;
      const wish = { role: 'operator', method: 'POST', path: `${path}/${backupId}/cancel` } as const;
      const answer = await ask(world, choices, { ...wish, expected: [202, 404, 409], about: backupId });
      if (answer?.status === 202 && answer.body['status'] === 'cancelled')
        world.model.promises.cancelled(backupId, answer.answeredAt);
    },
  },
  {
    name: 'verify',
    weight: 8,
    async run(world, choices) {
      const record = pickRecord(world, choices, ['completed', 'completed', 'missing', 'failed']);
      if (record === undefined) return;
      const { backupId } = record;
      const level = choices.pick(['stored', 'readable']);
      const wish = { role: 'operator', method: 'POST', path: `${path}/${backupId}/verify`, body: { level } } as const;
      const answer = await ask(world, choices, { ...wish, expected: [202, 404, 409, 410], about: backupId });
      if (answer?.status === 202) world.model.promises.task(String(answer.body['verificationId']), answer.answeredAt);
    },
  },
  {
    name: 'delete',
    weight: 6,
    async run(world, choices) {
      const record = pickRecord(world, choices, [
        'completed',
        'missing',
        'failed',
        'cancelled',
        'deleted',
        'in_progress',
      ]);
      if (record === undefined) return;
      const { backupId } = record;
      const force = choices.chance(0.1);
      if (force) world.model.history.force(backupId);
      const wish = {
        role: 'admin',
        method: 'DELETE',
        path: `${path}/${backupId}${force ? '?force=true' : ''}`,
      } as const;
      const answer = await ask(world, choices, { ...wish, expected: [202, 204, 404, 409], about: backupId });
      if (answer?.status === 204) world.model.promises.deleted(backupId, answer.answeredAt);
    },
  },
  {
    name: 'pin or label',
    weight: 6,
    async run(world, choices) {
      const record = pickRecord(world, choices, ['completed', 'completed', 'in_progress', 'missing']);
      if (record === undefined) return;
      const { backupId } = record;
      // More often unpinned than pinned, or retention had nothing to do after a while.
      const body = choices.chance(0.5) ? { pinned: choices.chance(0.4) } : { label: `label ${choices.below(1000)}` };
      const note = world.model.marks.asked(backupId, body, Date.now());
      const wish = { role: 'operator', method: 'PATCH', path: `${path}/${backupId}`, body } as const;
      const answer = await ask(world, choices, { ...wish, expected: [200, 404, 409], about: backupId });
      if (answer === undefined || answer.status === 503) return;
      note.answeredAt = answer.answeredAt;
      note.outcome = answer.status === 200 ? 'done' : 'refused';
    },
  },
];
