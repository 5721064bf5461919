import { describe, expect, it } from '@jest/globals';
import type { LeaseView } from './contract/claims.js';
import { LeaseObserver } from './lease-observer.js';

const second = 1000;
const leaseMs = 120 * second;
const intervalMs = 30 * second;

function observer() {
  let time = 5000;
  const clock = { now: () => new Date('2026-11-23T02:00:00Z'), monotonicMs: () => time };
  const sut = new LeaseObserver({ leaseMs, intervalMs, clock });
  return { sut, pass: (ms: number) => (time += ms), time: () => time };
}

const view = (more: Partial<LeaseView> = {}): LeaseView => ({ kind: 'backup', id: 'a', fence: 1, beat: 3, ...more });

describe('LeaseObserver', () => {
  it('calls a lease lost that stood still for the lease time on its own clock', () => {
    const { sut, pass } = observer();
    expect(sut.observe([view()])).toEqual([]);
    for (let look = 1; look < 4; look += 1) {
      pass(intervalMs);
      expect(sut.observe([view()])).toEqual([]);
    }
    pass(intervalMs);
    expect(sut.observe([view()])).toEqual([view()]);
  });

  it.each([
    ['beat', view({ beat: 4 })],
    ['fence', view({ fence: 2 })],
  ])('a moved %s begins the time anew', (_, moved) => {
    const { sut, pass } = observer();
    sut.observe([view()]);
    for (let look = 0; look < 3; look += 1) {
      pass(intervalMs);
      sut.observe([view()]);
    }
    pass(intervalMs);
    expect(sut.observe([moved])).toEqual([]);
    for (let look = 0; look < 3; look += 1) {
      pass(intervalMs);
      expect(sut.observe([moved])).toEqual([]);
    }
    pass(intervalMs);
    expect(sut.observe([moved])).toEqual([moved]);
  });

  it('a gap of over two intervals between looks starts anew; one of two does not', () => {
    const { sut, pass } = observer();
    sut.observe([view()]);
    pass(leaseMs);
    expect(sut.observe([view()])).toEqual([]);
    for (let look = 0; look < 2; look += 1) {
      pass(2 * intervalMs);
      sut.observe([view()]);
    }
    pass(1);
    expect(sut.observe([view()])).toEqual([view()]);
  });

  it('a look that took long counts from its beginning', () => {
    const { sut, pass, time } = observer();
    sut.observe([view()]);
    for (let look = 0; look < 3; look += 1) {
      pass(intervalMs);
      sut.observe([view()]);
    }
    const began = time() + 20 * second;
    pass(intervalMs);
    expect(sut.observe([view()], began)).toEqual([]);
  });

  it('one that vanished and came back is a new one, and kinds do not mix', () => {
    const { sut, pass } = observer();
    sut.observe([view()]);
    for (let look = 0; look < 3; look += 1) {
      pass(intervalMs);
      sut.observe(look === 1 ? [] : [view()]);
    }
    pass(intervalMs);
    expect(sut.observe([view(), view({ kind: 'verify' })])).toEqual([]);
  });
});
