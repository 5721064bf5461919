import { describe, expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { loadApiConfig } from './api-config.js';
import { loadWorkerConfig } from './worker-config.js';

// Rules and limits of the environment that a target, or a destination, goes without.

const options = (text: string, more: Readonly<Record<string, string>> = {}) => ({
  environment: {
    ...{ CATALOG_MONGODB_URI: 'mongodb://h/hazina', JWT_SECRET: 'x'.repeat(32), BACKUP_TARGETS_FILE: '/t.yaml' },
    ...{ BACKUP_ENCRYPTION_KEY: 'pass:0123456789ab', CLINIC_URI: 'mongodb://h/', ...more },
  },
  readFile: () => Buffer.from(text),
  workingDirectory: '/',
});
const base = 'targets:\n  - name: clinic\n    uriVariable: CLINIC_URI\n';
const targetOf = (text: string, more?: Readonly<Record<string, string>>) =>
  loadApiConfig(options(text, more)).targets[0];
const messageOf = (text: string, more?: Readonly<Record<string, string>>): string => {
  try {
    loadApiConfig(options(text, more));
  } catch (error) {
    if (error instanceof AppError && error.code === 'config/invalid') return error.message;
    throw error;
  }
  return 'nothing is wrong';
};

describe('retentionDays: 0', () => {
  it.each(['keepLast: 5', 'keepMonthly: 12', 'keepWithinBytes: 1000'])('of a target with %s', (rule) => {
    const retention = targetOf(`${base}    retentionDays: 0\n    ${rule}\n`)?.retention;
    expect(retention?.retentionDays).toBe(0);
  });

  it('of the environment', () => {
    const last = { BACKUP_RETENTION_DAYS: '0', BACKUP_KEEP_LAST: '5' };
    expect(targetOf(base, last)?.retention).toMatchObject({ retentionDays: 0, keepLast: 5 });
    expect(targetOf(`${base}    retentionDays: 9\n`, last)?.retention.retentionDays).toBe(9);
  });

  it.each<[string, string, Readonly<Record<string, string>>, string]>([
    [
      'a target',
      `${base}    retentionDays: 0\n`,
      {},
      'BACKUP_TARGETS_FILE: /t.yaml:4:20: retentionDays of clinic is 0, and no',
    ],
    [
      'the defaults',
      `defaults: {retentionDays: 0, minKeep: 9}\n${base}`,
      {},
      '/t.yaml:1:27: retentionDays of clinic is 0, and no',
    ],
    [
      'a rule switched off',
      `${base}    retentionDays: 0\n    keepLast: 0\n`,
      { BACKUP_KEEP_LAST: '3' },
      '/t.yaml:4:20: retentionDays of',
    ],
    [
      'the environment',
      base,
      { BACKUP_RETENTION_DAYS: '0' },
      'BACKUP_RETENTION_DAYS is 0, and no other rule keeps a backup',
    ],
    [
      'a destination',
      `${base}destinations:\n  far: {kind: directory, directory: far, retention: {retentionDays: 0}}\n`,
      {},
      '/t.yaml:5:42: destination far: retentionDays is 0, and no other rule keeps a copy',
    ],
  ])('is refused where no other rule keeps anything: of %s', (_whose, text, more, expected) => {
    expect(messageOf(text, more)).toContain(expected);
    expect(messageOf(text, more).split('is 0')).toHaveLength(2);
  });
});

describe('a throttle', () => {
  const usual = { BACKUP_THROTTLE_BYTES_PER_SECOND: '2000', BACKUP_STORE_THROTTLE_BYTES_PER_SECOND: '3000' };

  it('is lifted by off: of a target, over the defaults, over the environment', () => {
    const off = 'throttleBytesPerSecond: off, storeThrottleBytesPerSecond: off';
    const lifted = { throttleBytesPerSecond: null, storeThrottleBytesPerSecond: null };
    expect(targetOf(`defaults: {${off}}\n${base}`, usual)).toMatchObject(lifted);
    const own = 'defaults: {throttleBytesPerSecond: 4000, storeThrottleBytesPerSecond: 5000}\n';
    const text = `${own}${base}    throttleBytesPerSecond: off\n    storeThrottleBytesPerSecond: off\n`;
    expect(targetOf(text, usual)).toMatchObject(lifted);
    expect(targetOf(`defaults: {${off}}\n${base}    throttleBytesPerSecond: 6000\n`, usual)).toMatchObject({
      ...{ throttleBytesPerSecond: 6000, storeThrottleBytesPerSecond: null },
    });
  });

  it('is lifted by off: of a destination', () => {
    const rateOf = (setting: string) => {
      const text = `${base}destinations:\n  far: {kind: directory, directory: /far${setting}}\n`;
      return loadWorkerConfig(options(text, usual)).destinations[0]?.throttleBytesPerSecond;
    };
    expect(rateOf('')).toBe(3000);
    expect(rateOf(', throttleBytesPerSecond: off')).toBeUndefined();
  });

  it.each([
    ['0', 'Too small: expected number to be >=1024'],
    ['null', 'must be a number of bytes a second, at least 1024, or off'],
    ['on', 'must be a number of bytes a second, at least 1024, or off'],
  ])('is not lifted by %s', (value, why) => {
    expect(messageOf(`${base}    throttleBytesPerSecond: ${value}\n`)).toContain(
      `/t.yaml:4:29: targets.0.throttleBytesPerSecond: ${why}`,
    );
  });
});
