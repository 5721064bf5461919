import { describe, expect, it } from '@jest/globals';
import { hashPassword, scrub, systemRandom } from '#contracts';
import { createLog } from './create-log.js';

describe('scrub', () => {
  it.each([
    ['mongodb://user:sEcReT@host:27017/db', 'mongodb://[redacted]@host:27017/db'],
    ['mongodb+srv://user:sEc%40ReT@host/?x=1', 'mongodb+srv://[redacted]@host/?x=1'],
    ['redis://:sEcReT@host, rediss://u:sEcReT@h', 'redis://[redacted]@host, rediss://[redacted]@h'],
    ['Authorization: Bearer sEcReT-and-more', 'Authorization: Bearer [redacted]'],
    ['a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzRWNSZVQifQ.c2lnbmF0dXJl b', 'a [redacted] b'],
    ['/x?ticket=eyJhIjoic0VjUmVUIn0.mac&y=1', '/x?ticket=[redacted]&y=1'],
    ['https://b/k?X-Amz-Signature=sEcReT&X-Amz-Expires=60', 'https://b/k?X-Amz-Signature=[redacted]&X-Amz-Expires=60'],
    [`hex:${'a1'.repeat(32)}`, '[redacted]'],
    ['mongodb://backup:s3cr%40t@db.internal:27017/clinic', 'mongodb://[redacted]@db.internal:27017/clinic'],
    ['redis://:hunter2@127.0.0.1:6379', 'redis://[redacted]@127.0.0.1:6379'],
    ['{"err":"smtps://user@mail.example refused"}', '{"err":"smtps://[redacted]@mail.example refused"}'],
    ['authorization: Bearer abcdefghij', 'authorization: Bearer [redacted]'],
    ['GET /x?X-Amz-Signature=abc123&a=b', 'GET /x?X-Amz-Signature=[redacted]&a=b'],
    [`key hex:${'0a'.repeat(32)}`, 'key [redacted]'],
    [`key pass:correct-horse-battery`, 'key [redacted]'],
    ['pass:sEcReT phrase', 'pass:sEcReT phrase'],
    ['pass:sEcReT-phrase', '[redacted]'],
  ])('%s', (text, wanted) => {
    expect(scrub(text)).toBe(wanted);
  });

  it.each(['/x?ticket=a"b', 'key pass:correct"horse\\battery"', 'GET /ticket="', 'scrypt$1$2$3$a"b\\'])(
    'leaves a line of JSON that holds %s one',
    (path) => {
      const line = scrub(JSON.stringify({ path, after: 1 }));
      expect(JSON.parse(line)).toMatchObject({ after: 1 });
      expect(line).toContain('[redacted]');
    },
  );

  it.each([
    'mongodb://host:27017/db',
    'https://hazina.dev/problems/x',
    'a@b.example',
    'clinic-20261123T020000Z-k3f9q2',
    '{"location":"s3://backups/mongodb-backups/"}',
  ])('leaves %s alone', (text) => {
    expect(scrub(text)).toBe(text);
  });

  it('covers what the log is given, in fields, messages and errors', async () => {
    const lines: string[] = [];
    const log = createLog({ service: 'hazina-api', level: 'info', version: 'test', write: (line) => lines.push(line) });
    log.info({ password: 'sEcReT', inner: { token: 'sEcReT' } }, 'with mongodb://u:sEcReT@h');
    log.error({ err: new Error('mongodb://u:sEcReT@h is away') }, await hashPassword('sEcReT sEcReT', systemRandom));
    expect(lines.join('')).not.toMatch(/sEcReT|scrypt\$\d/);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ service: 'hazina-api', version: 'test' });
  });
});
