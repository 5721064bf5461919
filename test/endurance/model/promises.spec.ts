import { describe, expect, it } from '@jest/globals';
import { MarksPromises, type MarksChange, type MarksNote } from './marks-promises.js';
import { Promises } from './promises.js';
import { recordOf } from './record-of.js';
import type { RecordView } from './record-view.js';

const known = (...records: RecordView[]) => new Map(records.map((record) => [record.backupId, record]));
const deleted = recordOf('a', { status: 'deleted', deletingAt: new Date(100), deletedAt: new Date(200) });

describe('replies', () => {
  const promises = new Promises();
  promises.accepted('a', 10);
  promises.cancelled('b', 10);
  promises.deleted('c', 10);
  const [cancelled, gone] = [recordOf('b', { status: 'cancelled' }), recordOf('c', { status: 'deleted' })];

  it('that were kept are no violation', () => {
    expect(promises.check(known(recordOf('a'), cancelled, gone), 20)).toEqual([]);
    expect(promises.check(known(recordOf('a'), { ...cancelled, status: 'deleted' }, gone), 20)).toEqual([]);
  });

  it.each([
    ['no record of an accepted trigger', [cancelled, gone]],
    ['a cancelled one is completed', [recordOf('a'), recordOf('b'), gone]],
    ['a deleted one stands again', [recordOf('a'), cancelled, recordOf('c')]],
  ])('are contradicted: %s', (_what, records) => {
    expect(promises.check(known(...records), 20).map(({ rule }) => rule)).toEqual(['promise']);
  });

  it('say nothing of a look that began before them', () => {
    expect(promises.check(known(), 10)).toEqual([]);
  });

  it('are contradicted by a task that is not there', () => {
    const tasks = new Promises();
    tasks.task('a-v1', 10);
    expect(tasks.checkTasks(new Set(['a-v1']), 20)).toEqual([]);
    expect(tasks.checkTasks(new Set(), 20)).toHaveLength(1);
  });

  it('are contradicted by a slot of a paused schedule', () => {
    const paused = new Promises();
    paused.paused('clinic', 100);
    const slotAt = (time: number, target = 'clinic') => [recordOf('a', { slot: new Date(time), target })];
    expect(paused.checkPauses(slotAt(150)).map(({ rule }) => rule)).toEqual(['slot']);
    expect(paused.checkPauses(slotAt(90))).toEqual([]);
    expect(paused.checkPauses(slotAt(150, 'shop'))).toEqual([]);
    paused.resuming('clinic', 200);
    expect(paused.checkPauses(slotAt(250))).toEqual([]);
    expect(paused.checkPauses(slotAt(150))).toHaveLength(1);
  });
});

describe('marks', () => {
  const promised = (...notes: [MarksChange, sentAt: number, outcome: MarksNote['outcome']][]): MarksPromises => {
    const marks = new MarksPromises();
    for (const [change, sentAt, outcome] of notes)
      Object.assign(marks.asked('a', change, sentAt), {
        outcome,
        answeredAt: outcome === 'unknown' ? Infinity : sentAt + 1,
      });
    return marks;
  };
  const wrong = (marks: MarksPromises, changes: Partial<RecordView>) =>
    marks.check(recordOf('a', changes)).map(({ rule }) => rule);

  it('that were set must show', () => {
    expect(wrong(promised([{ label: 'x' }, 1, 'done']), { label: 'x' })).toEqual([]);
    expect(wrong(promised([{ label: 'x' }, 1, 'done']), { label: null })).toEqual(['promise']);
    expect(wrong(promised([{ pinned: true }, 1, 'done']), { pinned: false })).toEqual(['promise']);
    expect(wrong(promised([{ label: 'x' }, 1, 'done'], [{ label: 'y' }, 5, 'done']), { label: 'x' })).toEqual([
      'promise',
    ]);
  });

  it('may be as a request without an answer wanted them, and not as a refused one did', () => {
    const unknown = promised([{ label: 'x' }, 1, 'done'], [{ label: 'y' }, 5, 'unknown']);
    expect([wrong(unknown, { label: 'x' }), wrong(unknown, { label: 'y' })]).toEqual([[], []]);
    expect(wrong(promised([{ label: 'x' }, 1, 'done'], [{ label: 'y' }, 5, 'refused']), { label: 'y' })).toEqual([
      'promise',
    ]);
  });

  it('that pinned it keep it from being deleted', () => {
    expect(
      promised([{ pinned: true }, 1, 'done'])
        .checkDeleted(deleted)
        .map(({ rule }) => rule),
    ).toEqual(['kept']);
    const refused = promised([{ pinned: true }, 1, 'done'], [{ pinned: false }, 50, 'refused']);
    expect(refused.checkDeleted(deleted)).toHaveLength(1);
  });

  it.each([
    ['nobody pinned it', promised([{ label: 'x' }, 1, 'done'])],
    ['it was unpinned before', promised([{ pinned: true }, 1, 'done'], [{ pinned: false }, 50, 'done'])],
    ['perhaps it was unpinned before', promised([{ pinned: true }, 1, 'done'], [{ pinned: false }, 50, 'unknown'])],
    ['it was pinned when the deletion ran already', promised([{ pinned: true }, 150, 'done'])],
    ['perhaps it was pinned', promised([{ pinned: true }, 1, 'unknown'])],
  ])('do not, where %s', (_what, marks) => {
    expect(marks.checkDeleted(deleted)).toEqual([]);
  });
});
