import { expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { Tail } from './tail.js';

it('shows no credential, wherever the kept text begins', () => {
  const uri = 'mongodb://user:canary-password@host/db';
  for (let filler = 32 * 1024 - uri.length; filler <= 32 * 1024; filler += 1) {
    const stream = new PassThrough();
    const sut = new Tail(stream);
    stream.emit('data', Buffer.from(`${uri}\n${'x'.repeat(filler - 6)}\nlast\n`));
    expect(sut.text).not.toMatch(/canary|password/);
    expect(sut.lastLines(1)).toBe('last');
  }
});
