import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { AppError, randomSuffix, type Clock, type ErrorCode, type Random } from '#contracts';
import { farMs, measureLatency } from './measure-latency.js';
import { describeProtection, protectionDoubt, type LockAsk } from './describe-protection.js';
import type { ObjectStore } from './object-store.js';
import { removeOrHide } from './remove-or-hide.js';

export interface StoreFinding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  /** Of a failed check, or of one that passed with a doubt (`doubtful`): what to do. */
  readonly hint?: string;
  readonly doubtful?: true;
  readonly code?: ErrorCode;
}

export interface CheckContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Locks that its bucket is asked for; absent: what the store itself asks for. */
  readonly asks?: readonly LockAsk[];
}

/** Above S3's limit a store refuses every request. */
const mostSkewMs = 15 * 60 * 1000;
const suspiciousSkewMs = 60 * 1000;
/** More than one part of a planned upload. */
const largeBytes = 18 * 1024 * 1024;

/** Tries what backups need of a store, below `_hazina/probe-<random>`, and leaves nothing behind. A check that cannot be made because an earlier one failed is left out. */
export async function checkStore(store: ObjectStore, context: CheckContext): Promise<StoreFinding[]> {
  const { signal } = context;
  const folder = `_hazina/probe-${randomSuffix(context.random, 8)}`;
  const small = `${folder}/small`;
  const large = `${folder}/large`;
  const bytes = context.random.bytes(1000);
  const findings: StoreFinding[] = [];
  let far: string | undefined;
  let doubt: string | undefined;
  const check = async (name: string, action: () => Promise<string>): Promise<boolean> => {
    try {
      findings.push({ check: name, ok: true, detail: await action() });
      return true;
    } catch (thrown) {
      const error = AppError.from(thrown, 'store');
      if (error.code === 'run/cancelled') throw error;
      findings.push({
        check: name,
        ok: false,
        detail: error.message,
        code: error.code,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
      return false;
    }
  };

  const written = await check(
    'put',
    async () => `${(await store.putBytes(small, bytes, { signal })).bytes} bytes written`,
  );
  if (!written) return findings;
  try {
    await check('head', async () => sameSize((await store.head(small, signal))?.bytes, bytes.length));
    await check('get', async () => sameBytes((await store.getBytes(small, 10_000, signal)).bytes, bytes));
    await check('get a range', async () =>
      sameBytes(await buffer(await store.get(small, { start: 10, end: 20 }, signal)), bytes.subarray(10, 20)),
    );
    await check('list', () => listed(store, folder, small, signal));
    await check('multipart', () => multipart(store, large, context));
    await check('conditional write', async () => conditional(await store.abilities(signal)));
    await check('versions and locks', async () => {
      const protection = await store.protection(signal);
      doubt = protectionDoubt(protection, context.asks);
      return describeProtection(protection, context.asks);
    });
    await check('clock', () => clock(store, context));
    await check('latency', async () => {
      const ms = await measureLatency(store, small, context.clock, signal);
      if (ms > farMs)
        far = `Every request takes ${ms.toFixed(0)} ms: choose a bucket in a region near the worker, or more S3_UPLOAD_CONCURRENCY`;
      return `${ms.toFixed(ms < 10 ? 1 : 0)} ms a request (median)`;
    });
  } finally {
    await check('delete', async () => {
      await removeOrHide(store, small);
      await removeOrHide(store, large);
      if ((await store.head(small)) !== null) throw failed('an object was still there after it was deleted');
      return 'nothing left behind';
    });
  }
  const hints: Readonly<Record<string, string | undefined>> = { latency: far, 'versions and locks': doubt };
  return findings.map((finding) => {
    const hint = finding.ok ? hints[finding.check] : undefined;
    return hint === undefined ? finding : { ...finding, doubtful: true, hint };
  });
}

function sameSize(found: number | undefined, wanted: number): string {
  if (found === wanted) return `${wanted} bytes`;
  throw failed(`the store says ${found ?? 'nothing'} where ${wanted} bytes were written`);
}

function sameBytes(found: Buffer, wanted: Buffer): string {
  if (found.equals(wanted)) return `${wanted.length} bytes, equal`;
  throw failed('the store gave back other bytes than were written');
}

async function listed(store: ObjectStore, folder: string, key: string, signal: AbortSignal): Promise<string> {
  for await (const entry of store.list(`${folder}/`, signal))
    if (entry.key === key) return 'the new object is in the listing';
  throw failed('a listing does not show an object that was just written');
}

async function multipart(store: ObjectStore, key: string, { random, signal }: CheckContext): Promise<string> {
  const block = random.bytes(1024 * 1024);
  const blocks = Array.from({ length: Math.ceil(largeBytes / block.length) }, () => block);
  const { bytes } = await store.put(key, Readable.from(blocks, { objectMode: false }), { signal });
  const hash = createHash('sha256');
  for await (const chunk of await store.get(key, undefined, signal)) hash.update(chunk as Buffer);
  const wanted = createHash('sha256');
  for (const part of blocks) wanted.update(part);
  if (hash.digest('hex') !== wanted.digest('hex'))
    throw failed('a large object came back with other bytes than were written');
  for await (const upload of store.listUploads(key, signal))
    throw failed(`the upload of ${upload.key} is still open after it was completed`);
  return `${bytes} bytes in parts, read back equal`;
}

function conditional({
  conditionalCreate,
  conditionalReplace,
}: {
  conditionalCreate: boolean;
  conditionalReplace: boolean;
}): string {
  if (conditionalCreate && conditionalReplace) return 'If-None-Match and If-Match are honoured';
  const missing = [...(conditionalCreate ? [] : ['If-None-Match']), ...(conditionalReplace ? [] : ['If-Match'])];
  return `${missing.join(' and ')} not honoured: backups work without, their ids keep them apart`;
}

async function clock(store: ObjectStore, context: CheckContext): Promise<string> {
  const theirs = await store.serverTime(context.signal);
  if (theirs === null) return 'the store has none of its own';
  const skew = Math.abs(theirs.getTime() - context.clock.now().getTime());
  const text = `${(skew / 1000).toFixed(0)} s apart`;
  if (skew < suspiciousSkewMs) return text;
  const consequence =
    skew > mostSkewMs ? 'S3 refuses requests above 15 minutes' : 'S3 refuses requests from 15 minutes on';
  throw failed(`this machine's clock and the store's are ${text}: ${consequence}`, 'Set the clock (NTP)');
}

function failed(
  message: string,
  hint = 'The store does not keep what it promises: do not trust it with backups',
): AppError {
  return new AppError({ code: 'store/failed', stage: 'store', message, hint });
}
