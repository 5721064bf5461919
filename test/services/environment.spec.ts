import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { environmentOf, exportLines, withoutLeftovers } from './environment.js';
import { emptyState, type ServicesState } from './service-state.js';

const state: ServicesState = {
  format: 1,
  mongodb: { uri: 'mongodb://127.0.0.1:1/', how: 'here', version: '7', server: { kind: 'external' } },
  redis: { url: 'redis://127.0.0.1:2', how: 'here', version: '7' },
  s3: { endpoint: 'http://127.0.0.1:3', accessKeyId: 'id', secretAccessKey: 'key', region: 'r', how: '', version: '' },
};

it('gives the variables of the tests and those of the product', () => {
  expect(environmentOf(state, '/state.json')).toEqual({
    TEST_SERVICES_STATE: '/state.json',
    TEST_MONGODB_URI: 'mongodb://127.0.0.1:1/',
    MONGODB_URI: 'mongodb://127.0.0.1:1/',
    TEST_REDIS_URL: 'redis://127.0.0.1:2',
    REDIS_URL: 'redis://127.0.0.1:2',
    TEST_S3_ENDPOINT: 'http://127.0.0.1:3',
    TEST_S3_ACCESS_KEY_ID: 'id',
    TEST_S3_SECRET_ACCESS_KEY: 'key',
    TEST_S3_REGION: 'r',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
    AWS_REGION: 'r',
    S3_ENDPOINT: 'http://127.0.0.1:3',
    S3_FORCE_PATH_STYLE: 'true',
  });
});

it('names no service that was not started', () => {
  expect(environmentOf(emptyState, '/state.json')).toEqual({ TEST_SERVICES_STATE: '/state.json' });
});

it('prints lines from which a shell gets exactly the values', () => {
  const value = `a'b "c" $HOME \`id\` \\ &`;
  expect(exportLines({ PLAIN: 'x' })).toBe(`export PLAIN='x'\n`);
  expect(execFileSync('sh', ['-c', `${exportLines({ VALUE: value })}printf %s "$VALUE"`], { encoding: 'utf8' })).toBe(
    value,
  );
});

it('ignores the variables of a set that was stopped, and says so', () => {
  const warnings: string[] = [];
  const env = { PATH: '/bin', TEST_MONGODB_URI: 'x', TEST_SERVICES_STATE: '/no/such/state.json', TEST_OTHER: 'y' };
  expect(withoutLeftovers(env, (text) => warnings.push(text))).toEqual({ PATH: '/bin', TEST_OTHER: 'y' });
  expect(warnings).toHaveLength(1);
});

it('keeps variables that a person set', () => {
  const env = { TEST_MONGODB_URI: 'x' };
  const refuse = () => {
    throw new Error('no warning expected');
  };
  expect(withoutLeftovers(env, refuse)).toEqual(env);
  expect(withoutLeftovers({ ...env, TEST_SERVICES_STATE: import.meta.filename }, refuse)).toMatchObject(env);
});
