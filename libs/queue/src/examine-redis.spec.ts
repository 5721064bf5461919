import { describe, expect, it } from '@jest/globals';
import { redisFindings, type RedisExam } from './examine-redis.js';

const exam = (changes: Partial<RedisExam> = {}): RedisExam => ({
  ...{ version: '7.2.4', evictionPolicy: 'noeviction', usedBytes: 10, maxBytes: 0, appendOnly: true },
  ...{ snapshots: false, failedWrite: null, roundTripMs: 0.4 },
  ...changes,
});
const statusOf = (changes: Partial<RedisExam>, name: string): string | undefined =>
  redisFindings(exam(changes)).find((finding) => finding.name === name)?.status;

describe('findings on Redis', () => {
  it('a good one: nothing to do', () => {
    const findings = redisFindings(exam());
    expect(findings.map(({ name, status, hint }) => [name, status, hint])).toEqual([
      ['redis', 'ok', null],
      ['redis eviction', 'ok', null],
      ['redis persistence', 'ok', null],
    ]);
  });

  it.each([
    ['redis', { version: '6.0.9' }, 'warning'],
    ['redis', { version: '5.0.0' }, 'warning'],
    ['redis', { version: '6.2.1' }, 'ok'],
    ['redis', { version: 'unknown' }, 'ok'],
    ['redis eviction', { evictionPolicy: 'allkeys-lru' }, 'error'],
    ['redis eviction', { evictionPolicy: null }, 'warning'],
    ['redis memory', { usedBytes: 95, maxBytes: 100 }, 'warning'],
    ['redis memory', { usedBytes: 50, maxBytes: 100 }, 'ok'],
    ['redis persistence', { appendOnly: false, snapshots: true }, 'ok'],
    ['redis persistence', { appendOnly: false, snapshots: false }, 'warning'],
    ['redis persistence', { appendOnly: null, snapshots: null }, 'warning'],
    ['redis persistence', { failedWrite: 'snapshot' as const }, 'error'],
  ])('%s of %j: %s', (name, changes, status) => {
    expect(statusOf(changes, name)).toBe(status);
  });
});
