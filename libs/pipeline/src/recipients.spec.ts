import { beforeEach, describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { Secret, systemClock, systemRandom, type BackupJson } from '#contracts';
import {
  generateRecipient,
  inspectHeader,
  keyRingOf,
  nameKeys,
  openHeader,
  type GivenKeys,
  type KeyRing,
} from '#crypto';
import { createMemoryStore, type ObjectStore, type PutBytesOptions } from '#storage';
import { backupDeps, backupRequest, noAbort, storeContents } from '../../../test/support/backup-world.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { checkKeys } from './check-keys.js';
import { silentObserver } from './deps.js';
import { failureOfKeys, judgeKeys, keyFindings, keyProofFindings, unprovenOfKeys } from './judge-keys.js';
import { proveBackup } from './objects/prove-backup.js';
import { runBackup } from './run-backup.js';
import type { RotateDeps, RotationCatalog, RotationReport } from './rotate/rotate-types.js';
import { runRotate } from './run-rotate.js';
import { runVerify } from './run-verify.js';

// What a process does with public keys alone, beside other keys, and with slots of keys that it does not know.

interface Keys {
  readonly current?: string;
  readonly recipients?: readonly string[];
  readonly retired?: readonly string[];
}

const pair = () => {
  const { privateKey, publicKey } = generateRecipient(systemRandom);
  return { privateKey: privateKey.reveal(), publicKey };
};
const [safe, auditor, heir] = [pair(), pair(), pair()];
const [symmetric, other] = [`hex:${'11'.repeat(32)}`, `hex:${'22'.repeat(32)}`];
const given = ({ current, recipients = [], retired = [] }: Keys): GivenKeys => {
  const key = (text: string) => ({ variable: 'KEY', text: new Secret(text) });
  return {
    current: current === undefined ? undefined : key(current),
    recipients: recipients.map(key),
    retired: retired.map(key),
  };
};
const ring = (keys: Keys): KeyRing => keyRingOf(given(keys), () => undefined);
const writer = ring({ recipients: [safe.publicKey] });

let store: ObjectStore;
beforeEach(() => void (store = createMemoryStore()));

const backUp = async (keys: KeyRing): Promise<BackupJson> =>
  (await runBackup({ ...backupDeps(store), ring: keys }, backupRequest(), noAbort)).backup;
const verify = (level: 'stored' | 'readable', { backupId }: BackupJson, keys: KeyRing) =>
  runVerify({ store, ring: keys, observer: silentObserver }, { backupId, level }, noAbort);
const opens = ({ backupId }: BackupJson, keys: KeyRing) => proveBackup({ store, ring: keys }, backupId, noAbort);
const rotate = (keys: KeyRing, deps: Partial<RotateDeps> = {}, dryRun = false): Promise<RotationReport> =>
  runRotate(
    { store, ring: keys, clock: systemClock, random: systemRandom, ...deps },
    { target: null, dryRun },
    noAbort,
  );
/** By the sidecar that was written last. */
const opensObject = async (sidecar: string, keys: KeyRing) => {
  const object = await buffer(
    await store.get(sidecar.replace('manifest.header', 'manifest').replace('/header', '/data')),
  );
  const opened = await openHeader(object, { ring: keys, sidecar: await buffer(await store.get(sidecar)), expect: {} });
  expect(opened.from).toBe('sidecar');
};
const slotsOf = async ({ backupId }: BackupJson, name: string) =>
  inspectHeader(await buffer(await store.get(`clinic/${backupId}/1/${name}`))).slots;
const idOf = async (keys: Keys) => (await ring(keys).keyIds('0'.repeat(32)))[0]?.keyId;

describe('with public keys alone', () => {
  it('a backup is made, and verified as stored; what would open it is refused by name', async () => {
    const backup = await backUp(writer);
    expect(backup.keyIds).toEqual([await idOf({ recipients: [safe.publicKey] })]);
    expect(await verify('stored', backup, writer)).toMatchObject({ archiveBytes: 0 });
    await expect(verify('readable', backup, writer)).rejects.toMatchObject({ code: 'keys/write-only' });
    const before = await storeContents(store);
    await expect(rotate(writer)).rejects.toMatchObject({ code: 'keys/write-only' });
    expect(await storeContents(store)).toEqual(before);
    expect((await verify('readable', backup, ring({ current: safe.privateKey }))).archiveBytes).toBeGreaterThan(0);
    expect((await verify('readable', backup, ring({ retired: [safe.privateKey] }))).archiveBytes).toBeGreaterThan(0);
  });

  it('a look at the keys says what is known, and raises nothing', async () => {
    const backup = await backUp(writer);
    const proofs = await checkKeys({ store, ring: writer }, {}, noAbort);
    expect(judgeKeys(proofs)).toMatchObject({
      ...{ backups: 1, opened: 0, closed: [], damaged: [], sealedAway: [backup.backupId] },
      uses: { [backup.keyIds[0] ?? '']: 1 },
    });
    expect(failureOfKeys(proofs)).toBeUndefined();
    expect(unprovenOfKeys(proofs)).toMatchObject({ code: 'keys/write-only' });
    const named = await nameKeys(given({ recipients: [safe.publicKey] }), null);
    expect(keyFindings(named)).toMatchObject([{ status: 'ok', detail: expect.stringContaining('write-only') }]);
    expect(keyProofFindings(proofs, named, 1)).toMatchObject([{ status: 'skipped' }]);
  });

  it('damage is found all the same', async () => {
    const backup = await backUp(writer);
    const key = `clinic/${backup.backupId}/${backup.objects.data.key}`;
    await store.putBytes(key, (await buffer(await store.get(key))).subarray(0, -1));
    expect(judgeKeys(await checkKeys({ store, ring: writer }, {}, noAbort))).toMatchObject({
      ...{ damaged: [backup.backupId], sealedAway: [] },
    });
  });
});

describe('with a key that opens beside them', () => {
  it('each holder opens, and what is sealed for others alone is no failure of the rest', async () => {
    const shared = await backUp(ring({ current: symmetric, recipients: [safe.publicKey] }));
    const away = await backUp(writer);
    for (const keys of [{ current: symmetric }, { current: safe.privateKey }]) await opens(shared, ring(keys));
    const mixed = ring({ current: symmetric, recipients: [safe.publicKey] });
    const proofs = await checkKeys({ store, ring: mixed }, {}, noAbort);
    expect(judgeKeys(proofs)).toMatchObject({ opened: 1, closed: [], sealedAway: [away.backupId] });
    expect(keyProofFindings(proofs, [], 2)).toMatchObject([
      { status: 'ok', detail: expect.stringContaining('1 are sealed for recipients') },
    ]);
    await expect(opens(away, mixed)).rejects.toMatchObject({ code: 'keys/write-only' });
    await expect(opens(away, ring({ current: other }))).rejects.toMatchObject({ code: 'container/no-key' });
  });
});

describe('a rotation', () => {
  it('goes from a symmetric key to a recipient, and back, each proven before the other goes', async () => {
    const backup = await backUp(ring({ current: symmetric }));
    await rotate(ring({ current: safe.privateKey, recipients: [auditor.publicKey], retired: [symmetric] }));
    for (const { privateKey } of [safe, auditor]) await opens(backup, ring({ current: privateKey }));
    expect((await slotsOf(backup, 'header.hzn')).map(({ kind }) => kind)).toEqual(['x25519', 'x25519']);
    const back = { current: symmetric, retired: [safe.privateKey, auditor.publicKey] };
    expect((await rotate(ring(back))).results).toMatchObject([{ outcome: 'rotated', warnings: [] }]);
    expect((await slotsOf(backup, 'header.hzn')).map(({ kind }) => kind)).toEqual(['raw']);
    expect((await rotate(ring({ current: symmetric }))).results).toMatchObject([{ outcome: 'current' }]);
  });

  it('leaves the slot of a key that it does not know as it is, and says so', async () => {
    const backup = await backUp(ring({ current: symmetric, recipients: [auditor.publicKey] }));
    const auditorSlot = (await slotsOf(backup, 'data.hzn'))[1];
    const [keys, auditorId] = [
      ring({ current: other, retired: [symmetric] }),
      (await idOf({ current: auditor.privateKey })) ?? '',
    ];
    const told: unknown[] = [];
    const catalog: RotationCatalog = {
      requireStore: () => Promise.resolve(),
      keysOf: (...call) => Promise.resolve(void told.push(call)),
      hold: (_backupId, _kind, act, signal) => act({ signal, record: null }),
    };
    const after = [await idOf({ current: other }), auditorId];
    expect((await rotate(keys, {}, true)).results).toMatchObject([{ outcome: 'would-rotate', after }]);
    expect((await rotate(keys, { catalog })).results).toMatchObject([
      { outcome: 'rotated', after, warnings: [expect.stringContaining(auditorId), expect.stringContaining(auditorId)] },
    ]);
    expect(told).toEqual([[backup.backupId, after]]);
    const slots = await slotsOf(backup, 'header.hzn');
    expect(slots).toHaveLength(2);
    expect(slots[1]).toEqual(auditorSlot);
    for (const current of [other, auditor.privateKey]) await opens(backup, ring({ current }));
    expect((await rotate(ring({ current: other }))).results).toMatchObject([{ outcome: 'current' }]);
    // Told that it shall go, by its public key alone, it goes.
    await rotate(ring({ current: other, retired: [auditor.publicKey] }));
    expect((await slotsOf(backup, 'header.hzn')).map(({ kind }) => kind)).toEqual(['raw']);
  });

  it('changes the key beside a recipient that stays, also anew', async () => {
    const backup = await backUp(ring({ current: symmetric, recipients: [auditor.publicKey] }));
    const keys = ring({ current: other, recipients: [auditor.publicKey], retired: [symmetric] });
    expect((await rotate(keys)).results).toMatchObject([{ outcome: 'rotated', error: null }]);
    expect((await slotsOf(backup, 'header.hzn')).map(({ kind }) => kind)).toEqual(['raw', 'x25519']);
    for (const current of [other, auditor.privateKey]) await opens(backup, ring({ current }));
    expect((await rotate(keys)).results).toMatchObject([{ outcome: 'current' }]);
    const request = { target: null, dryRun: false, rewrite: { graceMs: 0 } };
    const deps = { store, clock: systemClock, random: systemRandom };
    expect((await runRotate({ ...deps, ring: keys }, request, noAbort)).results).toMatchObject([
      { outcome: 'rewritten', error: null },
    ]);
    for (const current of [other, auditor.privateKey]) await opens(backup, ring({ current }));
  });

  it('adds a recipient to backups that were made without one', async () => {
    const backup = await backUp(ring({ current: symmetric }));
    expect((await rotate(ring({ current: symmetric, recipients: [heir.publicKey] }))).results).toMatchObject([
      { outcome: 'rotated' },
    ]);
    for (const current of [symmetric, heir.privateKey]) await opens(backup, ring({ current }));
  });

  it('that seals anew says whose access ends with it', async () => {
    const backup = await backUp(ring({ current: symmetric, recipients: [auditor.publicKey] }));
    const request = { target: null, dryRun: true, rewrite: { graceMs: 0 } };
    const deps = { store, clock: systemClock, random: systemRandom };
    const without = await runRotate(
      { ...deps, ring: ring({ current: other, retired: [symmetric] }) },
      request,
      noAbort,
    );
    const warning = `${backup.backupId} has a slot of the key ${(await idOf({ current: auditor.privateKey })) ?? ''}`;
    expect(without.results).toMatchObject([{ outcome: 'would-rewrite', warnings: [expect.stringContaining(warning)] }]);
    const keys = { current: other, retired: [symmetric], recipients: [auditor.publicKey] };
    expect((await runRotate({ ...deps, ring: ring(keys) }, request, noAbort)).results).toMatchObject([
      { outcome: 'would-rewrite', warnings: [] },
    ]);
  });

  it.each([
    ['full', 7],
    ['that the new ones fill', 0],
  ])('keeps the old key in a header %s until the new one was read back', async (_which, before) => {
    const seven = Array.from({ length: 7 }, () => pair());
    const publicKeys = seven.map(({ publicKey }) => publicKey);
    const [first, old, next] = [`hex:${'33'.repeat(32)}`, symmetric, other];
    const made = await backUp(ring({ current: first, recipients: publicKeys.slice(0, before) }));
    // The header in the file is of an older key, which is not at hand any more.
    await rotate(ring({ current: old, recipients: publicKeys.slice(0, before), retired: [first] }));
    const written: number[] = [];
    const watching = replaceCalls(store, {
      putBytes: async (key: string, bytes: Uint8Array, options?: PutBytesOptions) => {
        const result = await store.putBytes(key, bytes, options);
        written.push(inspectHeader(bytes).slots.length);
        if (written.length % 2 === 1) for (const current of [old, next]) await opensObject(key, ring({ current }));
        return result;
      },
    });
    const keys = ring({ current: next, recipients: publicKeys, retired: [old] });
    expect((await rotate(keys, { store: watching })).results).toMatchObject([{ outcome: 'rotated', error: null }]);
    expect(written).toEqual(before === 7 ? [8, 8, 8, 8] : [2, 8, 2, 8]);
    const ids = await keys.currentOnly().currentKeyIds('0'.repeat(32));
    expect((await slotsOf(made, 'header.hzn')).map(({ keyId }) => keyId)).toEqual(ids);
    for (const { privateKey } of seven) await opens(made, ring({ current: privateKey }));
  });

  it('refuses when a full header has no slot of ours that may step back, and changes nothing', async () => {
    const strangers = Array.from({ length: 7 }, () => pair().publicKey);
    const backup = await backUp(ring({ current: symmetric, recipients: strangers }));
    const { results } = await rotate(ring({ current: other, retired: [symmetric] }));
    expect(results).toMatchObject([{ outcome: 'failed', error: { code: 'keys/refused' } }]);
    expect((await storeContents(store)).filter((key) => key.endsWith('header.hzn'))).toEqual([]);
    // Named as what they are, they stay all the same.
    await rotate(ring({ current: other, recipients: strangers, retired: [symmetric] }));
    expect(await slotsOf(backup, 'header.hzn')).toHaveLength(8);
    await opens(backup, ring({ current: other }));
  });

  it('refuses when a header has no room for all, and changes nothing', async () => {
    const eight = Array.from({ length: 7 }, () => pair().publicKey);
    const backup = await backUp(ring({ current: symmetric, recipients: eight }));
    const { results } = await rotate(ring({ current: other, retired: [symmetric], recipients: [heir.publicKey] }));
    expect(results).toMatchObject([{ outcome: 'failed', error: { code: 'keys/refused' } }]);
    await opens(backup, ring({ current: symmetric }));
  });
});
