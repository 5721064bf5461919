import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { loadApiConfig } from './api-config.js';
import { loadWorkerConfig } from './worker-config.js';

const canary = 'S3CR3T-canary';
const uri = `mongodb://u:${canary}@127.0.0.1`;
const base = {
  CATALOG_MONGODB_URI: 'mongodb://127.0.0.1/hazina',
  MONGODB_URI: 'mongodb://127.0.0.1/clinic',
  BACKUP_ENCRYPTION_KEY: 'pass:a long passphrase',
  JWT_SECRET: 'x'.repeat(32),
};
const options = (environment: Record<string, string>) => ({
  environment: { ...base, ...environment },
  readFile: () => Buffer.from(`${uri}/file\n`),
  workingDirectory: '/work',
});
const worker = (environment: Record<string, string>) => loadWorkerConfig(options(environment)).restoreTargets;
const api = (environment: Record<string, string>) => loadApiConfig(options(environment)).restoreTargets;

describe('restore targets', () => {
  it('are none by default', () => {
    expect(worker({})).toEqual([]);
    expect(api({})).toEqual([]);
  });

  it('have a URI of their own for the worker, and none for the API', () => {
    const environment = {
      RESTORE_TARGETS: 'staging, dr-site',
      RESTORE_TARGET_STAGING_URI: uri,
      RESTORE_TARGET_STAGING_SCRATCH: 'true',
      RESTORE_TARGET_DR_SITE_URI_FILE: '/uri',
    };
    const found = worker(environment);
    expect(found.map(({ name, scratch, uri: secret }) => [name, scratch, secret.reveal()])).toEqual([
      ['staging', true, uri],
      ['dr-site', false, `${uri}/file`],
    ]);
    expect(found[0]?.retention.retentionDays).toBe(30);
    const seen = api(environment);
    expect(seen).toEqual([
      { name: 'staging', scratch: true },
      { name: 'dr-site', scratch: false },
    ]);
    expect(inspect(seen, { depth: 9 })).not.toContain(canary);
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ RESTORE_TARGETS: 'staging' }, /RESTORE_TARGET_STAGING_URI is not set/],
    [{ RESTORE_TARGETS: 'Staging', RESTORE_TARGET_STAGING_URI: uri }, /not "Staging"/],
    [{ RESTORE_TARGETS: 'a'.repeat(34) }, /1 to 33/],
    [{ RESTORE_TARGETS: 'a,a', RESTORE_TARGET_A_URI: uri }, /stands there twice/],
    [{ RESTORE_TARGETS: 'a', RESTORE_TARGET_A_URI: uri, RESTORE_TARGET_A_SCRATCH: 'yes' }, /A_SCRATCH must be one of/],
    [
      { RESTORE_TARGETS: 'a', RESTORE_TARGET_A_URI: uri, BACKUP_TARGET_NAME: 'safety-a' },
      /need the target name safety-a/,
    ],
    [{ RESTORE_TARGETS: 'a', RESTORE_TARGET_A_URI: uri, RESTORE_TARGET_A_URI_FILE: '/uri' }, /are both set/],
  ])('%j is refused', (environment, message) => {
    expect(() => worker(environment)).toThrow(message);
  });
});
