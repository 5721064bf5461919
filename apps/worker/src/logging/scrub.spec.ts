import { expect, it } from '@jest/globals';
import { scrub } from './scrub.js';

it.each([
  ['mongodb://backup:s3cr%40t@db.internal:27017/clinic', 'mongodb://[redacted]@db.internal:27017/clinic'],
  ['redis://:hunter2@127.0.0.1:6379', 'redis://[redacted]@127.0.0.1:6379'],
  ['{"err":"smtps://user@mail.example refused"}', '{"err":"smtps://[redacted]@mail.example refused"}'],
  ['authorization: Bearer abcdefghij', 'authorization: Bearer [redacted]'],
  ['GET /x?X-Amz-Signature=abc123&a=b', 'GET /x?X-Amz-Signature=[redacted]&a=b'],
  [`key hex:${'0a'.repeat(32)}`, 'key [redacted]'],
  [`key pass:correct-horse-battery`, 'key [redacted]'],
])('takes the secret out of %s', (text, clean) => {
  expect(scrub(text)).toBe(clean);
});

it('leaves what is no secret', () => {
  const line =
    '{"backupId":"clinic-20261123T020000Z-k3f9q2","location":"s3://backups/mongodb-backups/","mail":"a@b.example"}';
  expect(scrub(line)).toBe(line);
});
