import { beforeEach, describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { AppError, Secret, systemClock, systemRandom, type BackupJson } from '#contracts';
import { generateKey, generateRecipient, KeyRing, parseKey, type OperatorKey } from '#crypto';
import { createMemoryStore, type ObjectStore } from '#storage';
import { noAbort, putBackup, testRing } from '../../../../test/support/backup-world.js';
import { proveBackup } from '../objects/prove-backup.js';
import { runRotate } from '../run-rotate.js';
import type { RotatedBackup } from './rotate-types.js';

// A header in the file that opens, and beside it a sidecar that does not: whose is it, and who may write over it.

const [oldKey] = testRing.current as [OperatorKey];
const newKey = () => parseKey(generateKey(systemRandom), 'KEY').key;
const [nextKey, thirdKey] = [newKey(), newKey()];
const pair = generateRecipient(systemRandom);
const [auditor, recipient] = [
  parseKey(pair.privateKey, 'KEY').key,
  parseKey(new Secret(pair.publicKey), 'RECIPIENT').key,
];
const kmsKey = parseKey(new Secret('aws-kms:arn:aws:kms:eu-central-1:123456789012:key/one'), 'KEY').key;
const mask = Buffer.alloc(32, 0xa5);
const masked = (bytes: Uint8Array): Promise<Buffer> =>
  Promise.resolve(Buffer.from(bytes.map((byte, at) => byte ^ (mask[at] ?? 0))));
let isAway: boolean;
const unavailable = new AppError({ code: 'keys/kms-unavailable', stage: 'keys', retry: 'retry', message: 'away' });
const kms = {
  wrap: (_arn: string, _file: string, dek: Uint8Array) => masked(dek),
  unwrap: (_arn: string, _file: string, wrapped: Uint8Array) =>
    isAway ? Promise.reject(unavailable) : masked(wrapped),
};
const ring = (current: OperatorKey[], ...retired: OperatorKey[]) =>
  new KeyRing({ current, retired }, () => Promise.reject(new Error('there is no passphrase')), kms);

let store: ObjectStore;
let backup: BackupJson;
beforeEach(async () => {
  isAway = false;
  store = createMemoryStore();
  backup = await putBackup(store, new Date('2026-11-20T02:00:00.000Z'));
});

const rotate = async (keys: KeyRing, isAnew = false): Promise<RotatedBackup | undefined> => {
  const deps = { store, ring: keys, clock: systemClock, random: systemRandom };
  const request = { target: null, dryRun: false, rewrite: isAnew ? { graceMs: 0 } : null };
  return (await runRotate(deps, request, noAbort)).results[0];
};
const open = (...keys: OperatorKey[]) => proveBackup({ store, ring: ring(keys) }, backup.backupId, noAbort);
const place = (name: string) => `clinic/${backup.backupId}/1/${name}`;
const bytesOf = async (name: string) => buffer(await store.get(place(name)));
const contents = async () => {
  const found: Record<string, string> = {};
  for await (const { key } of store.list('')) found[key] = (await buffer(await store.get(key))).toString('base64');
  return found;
};
/** Changes one letter of the first slot's wrapped key: the header is whole, and its MAC is not right any more. */
const damageFirstSlot = async (name: string) => {
  const bytes = await bytesOf(name);
  const at = bytes.indexOf('"wrapped":"') + '"wrapped":"'.length;
  bytes.writeUInt8(bytes.toString('latin1', at, at + 1) === 'A' ? 0x42 : 0x41, at);
  await store.putBytes(place(name), bytes);
};

describe.each([
  ['a rotation', false],
  ['a rotation that seals anew', true],
])('%s', (_name, isAnew) => {
  it.each([
    ['', []],
    [' with a public key that both know', [recipient]],
  ])('by a process that was left with the old key%s leaves a newer sidecar as it is', async (_with, recipients) => {
    await rotate(ring([nextKey, ...recipients], oldKey));
    const before = await contents();
    expect(await rotate(ring([oldKey, ...recipients]), isAnew)).toMatchObject({
      outcome: 'failed',
      error: { code: 'container/no-key', hint: expect.stringContaining('Nothing was changed') as unknown },
    });
    expect(await contents()).toEqual(before);
    expect((await open(nextKey)).warnings).toEqual([]);
  });

  it('waits for the key service that alone can open the sidecar, and drops nobody meanwhile', async () => {
    await rotate(ring([kmsKey, recipient], oldKey));
    const before = await contents();
    isAway = true;
    const changing = ring([nextKey], oldKey, kmsKey);
    expect(await rotate(changing, isAnew)).toMatchObject({ outcome: 'failed', error: unavailable });
    expect(await contents()).toEqual(before);
    isAway = false;
    expect(await rotate(changing, isAnew)).toMatchObject({ outcome: isAnew ? 'rewritten' : 'rotated' });
    await open(nextKey);
    if (!isAnew) await open(auditor);
  });

  it('does not wait for what nobody opens: a sidecar of our own keys with a damaged slot', async () => {
    await rotate(ring([nextKey], oldKey));
    await damageFirstSlot('header.hzn');
    expect(await rotate(ring([nextKey], oldKey), isAnew)).toMatchObject({ outcome: isAnew ? 'rewritten' : 'rotated' });
    expect((await open(nextKey)).warnings).toEqual([]);
  });

  it('leaves it where it has a slot of somebody else besides, for of that nobody here can tell', async () => {
    await rotate(ring([nextKey, recipient], oldKey));
    await damageFirstSlot('header.hzn');
    const before = await contents();
    expect(await rotate(ring([thirdKey], oldKey, nextKey), isAnew)).toMatchObject({
      outcome: 'failed',
      error: { code: 'container/no-key' },
    });
    expect(await contents()).toEqual(before);
  });
});

describe('a rotation that seals anew', () => {
  it('names whose access ends with it from both headers', async () => {
    const sealing = ring([oldKey, recipient]);
    const [, recipientId] = await sealing.currentKeyIds('0'.repeat(32));
    await rotate(sealing, true);
    await rotate(ring([nextKey], oldKey, recipient));
    const anew = await rotate(ring([thirdKey], oldKey, nextKey), true);
    expect(anew?.warnings).toEqual([expect.stringContaining(`has a slot of the key ${recipientId ?? '?'}`)]);
  });
});
