import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '#contracts';
import { CliWorld, errorOf, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// hazina doctor and hazina storage check where a bucket is asked for a lock that it cannot give.

const patience = 120_000;
const world = new CliWorld();
beforeAll(() => fillSampleDatabase(world.client.db(world.database), 10));
afterAll(() => world.close());

async function doctor(environment: Environment) {
  const { code, stdout } = await hazina(['doctor', '--json', '--timeout', '60'], environment);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  const errors = findings.filter(({ status }) => status === 'error').map(({ name }) => name);
  return { code, errors, finding: (name: string) => findings.find((one) => one.name === name) };
}

it(
  'an object lock that a target or a destination asks for is found out before a backup needs it',
  async () => {
    const bucket = await world.s3Environment();
    const offsite = await world.s3Environment();
    const at = join(world.folder, 'locks.yaml');
    const lock = { mode: 'governance', days: 3 };
    const write = (ofTarget: object, ofDestination: object) => {
      const { S3_BACKUP_BUCKET: name, S3_ENDPOINT: endpoint, AWS_REGION: region } = offsite;
      const destination = { kind: 's3', bucket: name, endpoint, region, ...ofDestination };
      const targets = [{ name: 'clinic', uriVariable: 'MONGODB_URI', ...ofTarget }];
      writeFileSync(at, JSON.stringify({ destinations: { offsite: destination }, targets }));
    };
    const environment = { ...bucket, BACKUP_TARGETS_FILE: at };
    write({ objectLock: lock }, { objectLock: lock });
    const report = await doctor(environment);
    expect([report.code, report.errors]).toEqual([14, ['store versions and locks', 'versions and locks of offsite']]);
    expect(report.finding('store versions and locks')).toMatchObject({
      code: 'store/unsupported',
      detail: expect.stringContaining('objectLock of the target clinic'),
      hint: expect.stringContaining('Make the bucket with object lock'),
    });
    expect(report.finding('versions and locks of offsite')).toMatchObject({
      code: 'store/unsupported',
      detail: expect.stringContaining('objectLock of the destination offsite'),
    });
    expect(report.finding('destination offsite')).toMatchObject({ status: 'ok' });

    const check = async (...more: string[]) => {
      const { code, stdout, stderr } = await hazina(['storage', 'check', '--json', ...more], environment);
      const { findings } = JSON.parse(stdout) as { findings: { check: string; ok: boolean }[] };
      const failed = findings.filter(({ ok }) => !ok).map((one) => one.check);
      return { code, failed, error: code === 0 ? undefined : errorOf(stderr) };
    };
    expect(await check()).toMatchObject({
      ...{ code: 14, failed: ['versions and locks', 'versions and locks of offsite'] },
      error: { code: 'store/unsupported', message: expect.stringContaining('objectLock of the target clinic') },
    });
    expect(await check('--destination', 'offsite')).toMatchObject({
      ...{ code: 14, failed: ['versions and locks'] },
      error: { message: expect.stringContaining('objectLock of the destination offsite') },
    });
    write({ objectLock: { mode: 'off' } }, {});
    expect(await check()).toMatchObject({ code: 0, failed: [] });
    expect(await world.failing(['storage', 'check', '--destination', 'nowhere'], environment)).toMatchObject({
      ...{ exitCode: 2, message: expect.stringContaining('--destination nowhere') },
    });
    for (const one of [bucket, offsite]) expect(await world.bucketContents(one)).toEqual([]);
  },
  patience,
);
