import { beforeEach, describe, expect, it } from '@jest/globals';
import { Secret, systemRandom, type BackupJson, type ErrorCode } from '#contracts';
import { KeyRing, parseKey } from '#crypto';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, noAbort, testRing } from '../../../test/support/backup-world.js';
import { kmsArn, KmsDouble } from '../../../test/support/kms-double.js';
import { checkKeys } from './check-keys.js';
import { failureOfKeys, judgeKeys, keyProofFindings } from './judge-keys.js';
import { kmsFindings } from './kms-findings.js';
import { runBackup } from './run-backup.js';

// Keys that AWS KMS keeps, and what is said while it does not answer.

const inKms = (digit: number) => parseKey(new Secret(`aws-kms:${kmsArn(digit)}`), 'KEY').key;
let kms: KmsDouble;
let ring: KeyRing;
let store: ObjectStore;
const ringOf = (...current: KeyRing['current']) => new KeyRing({ current, retired: [] }, undefined, kms);
const backUp = async (by: KeyRing): Promise<BackupJson> =>
  (await runBackup({ ...backupDeps(store), ring: by }, backupRequest(), noAbort)).backup;
const check = (by = ring) => checkKeys({ store, ring: by }, {}, noAbort);

beforeEach(() => {
  kms = new KmsDouble();
  ring = ringOf(inKms(1));
  store = createMemoryStore();
});

describe('a KMS that does not answer', () => {
  it.each<ErrorCode>(['keys/kms-unavailable', 'keys/kms-throttled'])(
    '(%s) says nothing of the keys, and no key is missing',
    async (code) => {
      const backups = [await backUp(ring), await backUp(ring)];
      kms.fail(code);
      const proofs = await check();
      expect(judgeKeys(proofs)).toMatchObject({ backups: 2, opened: 0, closed: [], damaged: [] });
      expect(judgeKeys(proofs).unasked.toSorted()).toEqual(backups.map(({ backupId }) => backupId).toSorted());
      const failure = failureOfKeys(proofs);
      expect(failure).toMatchObject({ code, hint: 'look there' });
      expect(failure?.message).toContain('2 of 2 could not be looked at, for AWS KMS could not be asked');
      expect(failure?.message).not.toContain('do not open');
      expect(keyProofFindings(proofs, [], 2)).toMatchObject([{ status: 'error', code, hint: 'look there' }]);
      kms.failure = undefined;
      expect(failureOfKeys(await check())).toBeUndefined();
    },
  );

  it('hides no backup that is closed, and not one that is damaged', async () => {
    const closed = await backUp(testRing);
    await backUp(ring);
    kms.fail('keys/kms-unavailable');
    const proofs = await check();
    expect(judgeKeys(proofs)).toMatchObject({ closed: [closed.backupId], damaged: [] });
    expect(failureOfKeys(proofs)).toMatchObject({
      code: 'container/no-key',
      message: expect.stringMatching(
        /^1 of 2 backups do not open with the keys at hand, 1 of 2 could not be looked at/,
      ),
      hint: expect.stringContaining('Add the missing key'),
    });
    await store.delete(`clinic/${closed.backupId}/${closed.objects.data.key}`);
    expect(failureOfKeys(await check())).toMatchObject({ code: 'backup/missing' });
  });

  it('keeps no other key from opening', async () => {
    const [other] = testRing.current;
    if (other === undefined) throw new Error('there is no key');
    const both = ringOf(inKms(1), other);
    await backUp(both);
    kms.fail('keys/kms-unavailable');
    expect(judgeKeys(await check(both))).toMatchObject({ opened: 1, unasked: [] });
  });

  it('is not asked for ever', async () => {
    for (let made = 0; made < 30; made += 1) await backUp(ring);
    kms.fail('keys/kms-unavailable');
    kms.calls = 0;
    await expect(check()).rejects.toMatchObject({
      code: 'keys/kms-unavailable',
      message: expect.stringContaining('for 16 backups in a row'),
    });
    expect(kms.calls).toBeLessThan(30);
  });
});

describe('a look at the keys in KMS', () => {
  const look = (by: KeyRing) => kmsFindings(by, systemRandom, noAbort);

  it('finds that each of them seals and opens, and nothing where there is none', async () => {
    expect(await look(testRing)).toEqual([]);
    const [finding] = await look(ringOf(inKms(1), inKms(2)));
    expect(finding).toMatchObject({ status: 'ok', code: null });
    expect(finding?.detail).toContain(`${kmsArn(1)}, ${kmsArn(2)}`);
    expect(kms.calls).toBe(4);
  });

  it.each<[ErrorCode, 'wrap' | 'unwrap']>([
    ['keys/kms-disabled', 'wrap'],
    ['keys/kms-access-denied', 'wrap'],
    ['keys/kms-access-denied', 'unwrap'],
    ['keys/kms-not-found', 'unwrap'],
    ['keys/kms-unavailable', 'unwrap'],
  ])('finds %s when it is asked to %s', async (code, call) => {
    kms.fail(code, call);
    expect(await look(ring)).toMatchObject([{ status: 'error', code, hint: 'look there' }]);
  });

  it('asks no more of a further key than to seal, where another one opens', async () => {
    const denied = new KmsDouble();
    denied.fail('keys/kms-access-denied', 'unwrap');
    const refusal = denied.failure;
    kms.failure = (call, keyArn) => (keyArn === kmsArn(2) ? refusal?.(call, keyArn) : undefined);
    expect(await look(ringOf(inKms(1), inKms(2)))).toMatchObject([{ status: 'ok' }]);
    expect(await look(ringOf(inKms(2)))).toMatchObject([{ status: 'error', code: 'keys/kms-access-denied' }]);
  });

  it('finds a KMS that gives back something else', async () => {
    kms.unwrap = () => Promise.resolve(Buffer.alloc(32));
    expect(await look(ring)).toMatchObject([{ status: 'error', code: 'keys/kms-disabled' }]);
  });

  it('and a proof of the backups end with their signal', async () => {
    await backUp(ring);
    const ending = new AbortController();
    let given: AbortSignal | undefined;
    kms.unwrap = (_keyArn: string, _fileId: string, _wrapped: Uint8Array, signal?: AbortSignal) => {
      given = signal;
      ending.abort();
      return Promise.reject(new Error('aborted'));
    };
    await expect(checkKeys({ store, ring }, {}, ending.signal)).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(given).toBe(ending.signal);
    await expect(kmsFindings(ring, systemRandom, ending.signal)).rejects.toThrow('aborted');
  });
});
