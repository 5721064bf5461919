import { BadRequestException, NotFoundException, PayloadTooLargeException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { AppError, type ErrorCode } from '#contracts';
import { problemOf } from './problem.js';

const at = { instance: '/api/x', correlationId: 'abcdefgh' };
const error = (code: ErrorCode, details: Record<string, unknown> = {}): AppError =>
  new AppError({ code, stage: 'request', message: 'what happened', hint: 'what to do', details });

describe('problems', () => {
  it.each<[ErrorCode, number, string]>([
    ['auth/unauthorized', 401, 'auth-unauthorized'],
    ['auth/forbidden', 403, 'auth-forbidden'],
    ['auth/too-many-requests', 429, 'auth-too-many-requests'],
    ['request/invalid', 400, 'request-invalid'],
    ['request/too-large', 413, 'request-too-large'],
    ['request/not-found', 404, 'request-not-found'],
    ['auth/login-off', 404, 'auth-login-off'],
    ['cleanup/not-found', 404, 'cleanup-not-found'],
    ['rotation/not-found', 404, 'rotation-not-found'],
    ['sync/not-found', 404, 'sync-not-found'],
    ['schedule/not-found', 404, 'schedule-not-found'],
    ['run/cancelled', 503, 'run-cancelled'],
    ['request/timeout', 503, 'request-timeout'],
    ['request/unsupported', 422, 'request-unsupported'],
    ['backup/not-found', 404, 'backup-not-found'],
    ['backup/already-running', 409, 'backup-already-running'],
    ['backup/not-completed', 409, 'backup-not-completed'],
    ['backup/object-missing', 410, 'backup-object-missing'],
    ['backup/refused', 409, 'backup-refused'],
    ['target/unknown', 422, 'target-unknown'],
    ['queue/unavailable', 503, 'queue-unavailable'],
    ['catalog/unavailable', 503, 'catalog-unavailable'],
    ['catalog/refused', 503, 'catalog-refused'],
    ['store/unreachable', 503, 'store-unreachable'],
    ['store/changed', 503, 'store-changed'],
    ['internal/unexpected', 500, 'internal-unexpected'],
    ['engine/failed', 500, 'engine-failed'],
  ])('%s is %s under a type of its own', (code, status, name) => {
    const problem = problemOf(error(code), at);
    expect({ type: problem.type, status: problem.status }).toEqual({
      type: `https://hazina.dev/problems/${name}`,
      status,
    });
    expect(problem.title.length).toBeGreaterThan(5);
    expect(problem).toMatchObject(at);
  });

  it('tell message and hint, and of the details only what is for clients', () => {
    const details = { runningId: 'r', errors: [{ field: 'a', message: 'b' }], uri: 'mongodb://u:p@h', errno: 1 };
    const problem = problemOf(error('backup/already-running', details), at);
    expect(problem).toEqual({
      ...at,
      type: 'https://hazina.dev/problems/backup-already-running',
      title: 'A backup of this target is running',
      status: 409,
      detail: 'what happened. what to do',
      runningId: 'r',
      errors: [{ field: 'a', message: 'b' }],
    });
  });

  it.each([
    [new Error('mongodb://u:sEcReT@h'), 500],
    ['sEcReT', 500],
    [undefined, 500],
    [new NotFoundException('Cannot GET /sEcReT'), 404],
    [new BadRequestException('Unexpected token s in JSON: sEcReT'), 400],
    [new PayloadTooLargeException('sEcReT'), 413],
    [Object.assign(new Error('sEcReT'), { status: 400, type: 'entity.parse.failed' }), 400],
    [Object.assign(new Error('sEcReT'), { status: 200 }), 500],
  ])('of what was not made for clients tell nothing: %s', (thrown, status) => {
    const problem = problemOf(thrown, at);
    expect(problem.status).toBe(status);
    expect(JSON.stringify(problem)).not.toContain('sEcReT');
  });
});
