import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { Secret } from '#contracts';
import { parseRedisUrl } from './redis-options.js';

const parse = (url: string) => parseRedisUrl(new Secret(url));

describe('the URL of Redis', () => {
  it.each([
    ['redis://redis.example', { host: 'redis.example', port: 6379, db: 0 }],
    ['redis://redis.example:1234/', { host: 'redis.example', port: 1234, db: 0 }],
    ['redis://:p%40ss%2F@127.0.0.1/12', { host: '127.0.0.1', port: 6379, db: 12, password: 'p@ss/' }],
    ['redis://user:pass@[::1]:7000', { host: '::1', port: 7000, db: 0, username: 'user', password: 'pass' }],
    ['rediss://redis.example', { host: 'redis.example', port: 6379, db: 0, tls: {} }],
  ])('%s', (url, expected) => {
    expect(parse(url)).toEqual(expected);
  });

  it.each([
    'canary',
    'http://:canary@redis.example',
    'redis://:canary@',
    'redis://:canary@redis.example/queue',
    'redis://:canary@redis.example/12345',
    'redis://:canary%@redis.example',
    'redis://:canary@redis.example?keyPrefix=x',
    'redis://:canary@redis.example:99999',
  ])('%s is refused without being shown', (url) => {
    let error: unknown;
    try {
      parse(url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'config/invalid', stage: 'config' });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary');
  });
});
