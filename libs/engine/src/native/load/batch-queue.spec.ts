import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { BatchQueue, type BatchLimits } from './batch-queue.js';
import type { Batch } from './open-batch.js';
import { documentsOfRun } from './raw-bson.js';

const limits: BatchLimits = { batchBytes: 100, batchDocuments: 4, inFlight: 2, inFlightBytes: 10_000, openBytes: 250 };
const document = (i: number, padding = 0) => Buffer.from(BSON.serialize({ i, p: 'x'.repeat(padding) }));
const numbers = (batch: Batch) =>
  batch.runs.flatMap((run) => [...documentsOfRun(run)].map((bytes) => BSON.deserialize(bytes)['i'] as number));

/** As it was when it was sent: a batch's bytes are used again after the answer. */
const kept = (batch: Batch): Batch => ({ ...batch, runs: batch.runs.map((run) => Buffer.from(run)) });

/** Holds every insert until it is let go. */
function gate() {
  const sent: { target: string; batch: Batch; answer: () => void; fail: (error: Error) => void }[] = [];
  const send = (target: string, batch: Batch) =>
    new Promise<void>((resolve, reject) => {
      sent.push({ target, batch, answer: resolve, fail: reject });
    });
  return { sent, send };
}

describe('BatchQueue', () => {
  it('sends all documents once, in batches within the limits', async () => {
    const seen: Batch[] = [];
    const queue = new BatchQueue<string>(
      (_target, batch) => Promise.resolve(void seen.push(kept(batch))),
      () => false,
      limits,
    );
    const all = Array.from({ length: 50 }, (_, i) => document(i, i % 7));
    queue.add('a', Buffer.concat(all.slice(0, 23)), 23);
    await queue.room();
    queue.add('a', Buffer.concat(all.slice(23)), 27);
    await queue.finish();
    expect(seen.flatMap(numbers)).toEqual(all.map((_, i) => i));
    for (const batch of seen) {
      expect(batch.count).toBe(numbers(batch).length);
      expect(batch.count).toBeLessThanOrEqual(limits.batchDocuments);
      expect(batch.bytes).toBeLessThanOrEqual(limits.batchBytes);
      expect(batch.bytes).toBe(Buffer.concat(batch.runs).length);
    }
  });

  it('sends a document above the limit alone', async () => {
    const seen: Batch[] = [];
    const queue = new BatchQueue<string>(
      (_target, batch) => Promise.resolve(void seen.push(kept(batch))),
      () => false,
      limits,
    );
    queue.add('a', Buffer.concat([document(1), document(2, 500), document(3)]), 3);
    await queue.finish();
    expect(seen.map(numbers)).toEqual([[1], [2], [3]]);
  });

  it('copies: the feeder may use its buffer again', async () => {
    const seen: Batch[] = [];
    const queue = new BatchQueue<string>(
      (_target, batch) => Promise.resolve(void seen.push(kept(batch))),
      () => false,
      limits,
    );
    const reused = document(1);
    queue.add('a', reused, 1);
    reused.fill(0);
    await queue.finish();
    expect(seen.flatMap(numbers)).toEqual([1]);
  });

  it('has at most the allowed number in flight, and makes the feeder wait', async () => {
    const { sent, send } = gate();
    const queue = new BatchQueue<string>(send, () => false, limits);
    queue.add('a', Buffer.concat(Array.from({ length: 12 }, (_, i) => document(i))), 12);
    queue.end('a', () => undefined);
    expect(sent).toHaveLength(2);
    let room = false;
    const waiting = queue.room().then(() => (room = true));
    sent[0]?.answer();
    await new Promise(setImmediate);
    expect(sent).toHaveLength(3);
    for (let at = 1; at < sent.length; at += 1) {
      sent[at]?.answer();
      await new Promise(setImmediate);
    }
    await waiting;
    expect(room).toBe(true);
  });

  it('bounds the bytes in flight, but sends at least one', async () => {
    const { sent, send } = gate();
    const queue = new BatchQueue<string>(send, () => false, { ...limits, inFlight: 9, inFlightBytes: 500 });
    queue.add('a', Buffer.concat([document(1, 1000), document(2, 300), document(3, 300)]), 3);
    queue.end('a', () => undefined);
    expect(sent).toHaveLength(1);
    sent[0]?.answer();
    await new Promise(setImmediate);
    expect(sent).toHaveLength(2);
    sent[1]?.answer();
    await new Promise(setImmediate);
    sent[2]?.answer();
    await queue.finish();
  });

  it('keeps a sequential target in order, one at a time, while others go on', async () => {
    const { sent, send } = gate();
    const queue = new BatchQueue<string>(send, (target) => target === 'capped', limits);
    queue.add('capped', Buffer.concat([1, 2, 3, 4, 5].map((i) => document(i))), 5);
    queue.end('capped', () => undefined);
    queue.add('other', document(9), 1);
    queue.end('other', () => undefined);
    expect(sent.map(({ target }) => target)).toEqual(['capped', 'other']);
    sent[0]?.answer();
    await new Promise(setImmediate);
    expect(sent.map(({ target }) => target)).toEqual(['capped', 'other', 'capped']);
    for (const { answer } of sent) answer();
    await queue.finish();
  });

  it('lets no small insert of a sequential target overtake a large one that still finds no room', async () => {
    const { sent, send } = gate();
    const queue = new BatchQueue<string>(send, (target) => target === 'in order', { ...limits, inFlightBytes: 500 });
    queue.add('other', document(0, 400), 1);
    queue.end('other', () => undefined);
    queue.add('in order', Buffer.concat([document(1, 300), document(2)]), 2);
    queue.end('in order', () => undefined);
    queue.add('third', document(9), 1);
    queue.end('third', () => undefined);
    const order = () => sent.map(({ target, batch }) => `${target} ${numbers(batch).join()}`);
    // The small one would fit beside the first; the third target may go.
    expect(order()).toEqual(['other 0', 'third 9']);
    for (const each of [0, 1, 2, 3]) {
      sent[each]?.answer();
      await new Promise(setImmediate);
    }
    await queue.finish();
    expect(order()).toEqual(['other 0', 'third 9', 'in order 1', 'in order 2']);
  });

  it('bounds what waits in batches that are not full', () => {
    const { sent, send } = gate();
    const queue = new BatchQueue<string>(send, () => false, { ...limits, inFlight: 100 });
    for (let i = 0; i < 20; i += 1) queue.add(`c${i}`, document(i, 20), 1);
    const bytes = document(0, 20).length;
    expect((20 - sent.length) * bytes).toBeLessThanOrEqual(limits.openBytes);
    expect(sent.length).toBeGreaterThan(0);
  });

  it('tells when all inserts of an ended target were answered', async () => {
    const { sent, send } = gate();
    const queue = new BatchQueue<string>(send, () => false, limits);
    const drained: string[] = [];
    queue.end('nothing', () => drained.push('nothing'));
    queue.add('a', Buffer.concat([1, 2, 3, 4, 5].map((i) => document(i))), 5);
    queue.end('a', () => drained.push('a'));
    expect(drained).toEqual(['nothing']);
    sent[1]?.answer();
    await new Promise(setImmediate);
    expect(drained).toEqual(['nothing']);
    sent[0]?.answer();
    await queue.finish();
    expect(drained).toEqual(['nothing', 'a']);
  });

  it('tells it of none whose insert failed', async () => {
    const { sent, send } = gate();
    const queue = new BatchQueue<string>(send, () => false, limits);
    const drained: string[] = [];
    queue.add('a', document(1), 1);
    queue.end('a', () => drained.push('a'));
    sent[0]?.fail(new Error('refused'));
    await expect(queue.finish()).rejects.toThrow('refused');
    expect(drained).toEqual([]);
  });

  it('throws the first error, sends nothing after it, and waits for what is on its way', async () => {
    const { sent, send } = gate();
    const queue = new BatchQueue<string>(send, () => false, limits);
    queue.add('a', Buffer.concat(Array.from({ length: 12 }, (_, i) => document(i))), 12);
    const finished = queue.finish();
    sent[0]?.fail(new Error('first'));
    await expect(finished).rejects.toThrow('first');
    let stopped = false;
    const stopping = queue.stop(new Error('second')).then(() => (stopped = true));
    await new Promise(setImmediate);
    expect(stopped).toBe(false);
    expect(sent).toHaveLength(2);
    sent[1]?.answer();
    await stopping;
    await expect(queue.room()).rejects.toThrow('first');
  });
});
