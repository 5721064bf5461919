import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { verifyAuditLog, type AuditVerification } from '#catalog';
import type { AuditRecord, ChainedAuditRecord } from '#contracts';
import { chain } from '../../libs/catalog/src/audit/audit-chain.js';
import { catalogWorld, type CatalogWorld } from '../support/catalog-world.js';
import { replaceCalls } from '../support/replace-calls.js';

jest.setTimeout(60_000);

// The chain of the audit log on the real server, and what somebody may do to it there.

let world: CatalogWorld;
let log: Collection<Document & { _id: number }>;
let heads: Collection;
beforeAll(async () => {
  world = await catalogWorld();
  log = world.client.db(world.database).collection('auditlog');
  heads = world.client.db(world.database).collection('audithead');
});
afterAll(() => world.close());

const day = 86_400_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const entry = (number: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{
    at: new Date(start + number * day),
    event: 'backup_trigger',
    actor: 'ann',
    role: 'operator',
    address: '192.0.2.1',
  },
  ...{ correlationId: `c-${number}`, resource: `r-${number}`, outcome: 'success', detail: null },
  ...more,
});

/** A log of ten entries; a fresh view of it, as a process that starts has. */
async function tenEntries(): Promise<CatalogWorld['catalog']> {
  await Promise.all([log.deleteMany({}), heads.deleteMany({})]);
  const catalog = await world.another();
  for (let number = 1; number <= 10; number += 1) await catalog.audit.append(entry(number));
  return catalog;
}

const verify = (expected?: { sequence: number; hash: string }): Promise<AuditVerification> =>
  verifyAuditLog(world.catalog.audit, { now: new Date(), expected });
const kinds = async (): Promise<string[]> =>
  (await verify()).problems.map(({ kind, sequence }) => `${kind} ${sequence}`);
async function at(sequence: number): Promise<Document & { _id: number }> {
  const found = await log.findOne({ _id: sequence });
  if (found === null) throw new Error(`there is no entry ${sequence}`);
  return found;
}
function unnumbered({ sequence: _sequence, ...entry }: ChainedAuditRecord): Document {
  return entry;
}

it('many processes at once write one chain, each entry once', async () => {
  const catalogs = [world.catalog, await world.another(), await world.another()];
  const written = await Promise.all(
    catalogs.flatMap((catalog, part) =>
      Array.from({ length: 20 }, (_, index) => {
        const number = 20 * part + index;
        return catalog.audit.append(entry(number, { resource: `r${number}` }));
      }),
    ),
  );
  expect(written.map(({ sequence }) => sequence).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 60 }, (_, index) => index + 1),
  );
  expect(await verify()).toMatchObject({ entries: 60, first: 1, last: 60, problems: [], head: { sequence: 60 } });
  expect(new Set((await log.find().toArray()).map(({ resource }) => String(resource))).size).toBe(60);
});

describe('verification', () => {
  beforeEach(async () => {
    await tenEntries();
  });

  it('finds nothing wrong with what was written, whatever the text', async () => {
    const catalog = await world.another();
    await catalog.audit.append(
      entry(11, { actor: 'half a \ud83d pair', detail: 'zero \u0000 and "quotes"', role: null }),
    );
    expect(await verify()).toMatchObject({ entries: 11, first: 1, last: 11, purgedThrough: 0, problemCount: 0 });
  });

  it.each([
    ['actor', { actor: 'bob' }],
    ['time', { at: new Date(0) }],
    ['outcome', { outcome: 'failure' }],
    ['address', { address: null }],
    ['detail', { detail: '' }],
  ])('finds an edited %s', async (_name, $set) => {
    await log.updateOne({ _id: 4 }, { $set });
    expect(await kinds()).toEqual(['changed 4']);
  });

  it('finds an entry that was written anew with a hash that fits', async () => {
    const before = await at(3);
    const forged = chain(entry(4, { actor: 'bob' }), { sequence: 3, hash: String(before['hash']) });
    await log.replaceOne({ _id: 4 }, unnumbered(forged));
    expect(await kinds()).toEqual(['broken 5']);
    // The last one has none after it, but its hash was noted.
    const last = chain(entry(10, { actor: 'bob' }), { sequence: 9, hash: String((await at(9))['hash']) });
    await log.replaceOne({ _id: 10 }, unnumbered(last));
    expect(await kinds()).toEqual(['broken 5', 'head 10']);
  });

  it('finds removed ones: in the middle, at the beginning, at the end, all', async () => {
    await log.deleteMany({ _id: { $in: [4, 5] } });
    expect(await kinds()).toEqual(['missing 4']);
    await log.deleteMany({ _id: { $lte: 5 } });
    expect(await kinds()).toEqual(['missing 1']);
    await log.deleteMany({ _id: { $gte: 9 } });
    expect(await kinds()).toEqual(['missing 1', 'truncated 9']);
    expect((await verify()).problems.at(-1)?.message).toContain('9 to 10 are missing');
    await log.deleteMany({});
    expect(await kinds()).toEqual(['truncated 1']);
  });

  it('finds two that changed places, and numbers that were moved together', async () => {
    const [third, fourth] = [await at(3), await at(4)];
    await log.deleteMany({ _id: { $in: [3, 4] } });
    await log.insertMany([
      { ...third, _id: 4 },
      { ...fourth, _id: 3 },
    ]);
    expect(await kinds()).toEqual(['changed 3', 'changed 4', 'broken 5']);
    await tenEntries();
    await log.deleteOne({ _id: 4 });
    for (let number = 5; number <= 10; number += 1) {
      await log.insertOne({ ...(await at(number)), _id: number - 1 });
      await log.deleteOne({ _id: number });
    }
    expect((await verify()).problemCount).toBeGreaterThan(0);
  });

  it('finds a cut end also after more was written, and when what was noted of it is gone as well', async () => {
    const { _id: sequence, hash } = await at(10);
    await log.deleteMany({ _id: { $gte: 9 } });
    await (await world.another()).audit.append(entry(11));
    expect(await kinds()).toEqual(['missing 9']);
    await heads.deleteMany({});
    expect(await kinds()).toEqual(['missing 9', 'head 11']);
    await log.deleteMany({ _id: { $gte: 9 } });
    await heads.insertOne({ name: 'head', sequence: 8, hash: (await at(8))['hash'] });
    expect(await kinds()).toEqual([]);
    // What was noted elsewhere nobody could rewrite.
    expect(await verify({ sequence, hash: String(hash) })).toMatchObject({
      problems: [{ kind: 'truncated', sequence: 9 }],
    });
    const forger = await world.another();
    for (const number of [9, 10]) await forger.audit.append(entry(number, { actor: 'bob' }));
    expect(await kinds()).toEqual([]);
    expect((await verify({ sequence, hash: String(hash) })).problems.map(({ kind }) => kind)).toContain('head');
  });

  it('takes a note of the end that is late for what it is: a process died in between', async () => {
    await heads.updateOne({}, { $set: { sequence: 8, hash: (await at(8))['hash'] } });
    expect(await kinds()).toEqual([]);
    expect((await (await world.another()).audit.append(entry(11))).sequence).toBe(11);
    expect(await verify()).toMatchObject({ entries: 11, problemCount: 0, head: { sequence: 11 } });
  });
});

describe('what is out of date', () => {
  it('takes away is no gap while it does: what was tampered with stays one', async () => {
    let catalog = await tenEntries();
    let walks = 0;
    const beside = replaceCalls(catalog.audit, {
      range: async (first: number, last: number) => {
        walks += 1;
        // After the verification read what was removed before.
        if (walks === 1) await catalog.audit.purge(new Date(start + 5 * day), new Date(start + 20 * day));
        return catalog.audit.range(first, last);
      },
    });
    const now = new Date(start + 20 * day);
    expect(await verifyAuditLog(beside, { now })).toMatchObject({ first: 4, last: 11, purgedThrough: 3, problems: [] });
    expect(walks).toBe(2);
    catalog = await tenEntries();
    await log.deleteMany({ _id: { $in: [1, 7] } });
    walks = 0;
    const { problems } = await verifyAuditLog(beside, { now });
    expect(problems.map(({ kind, sequence }) => `${kind} ${sequence}`)).toEqual(['missing 7']);
    await tenEntries();
    await log.deleteOne({ _id: 1 });
    expect(await kinds()).toEqual(['missing 1']);
  });

  it('is removed from the beginning, but for the newest of it, and the chain still holds', async () => {
    const catalog = await tenEntries();
    expect(await catalog.audit.purge(new Date(start), new Date())).toBe(0);
    expect(await catalog.audit.purge(new Date(start + 5 * day), new Date(start + 20 * day))).toBe(3);
    expect(await verify()).toMatchObject({
      ...{ entries: 8, first: 4, last: 11, purgedThrough: 3, purgedAfterDays: 15, problemCount: 0 },
    });
    expect(await at(11)).toMatchObject({ event: 'audit_purge', actor: 'retention', resource: 'audit/1-3' });
    // There is nothing before the one that stays.
    expect(await catalog.audit.purge(new Date(start + 5 * day), new Date(start + 20 * day))).toBe(0);
    // What was noted of an entry that is said to be removed proves nothing, unless it is the last one of them.
    const noted = async (sequence: number, hash: string) =>
      (await verify({ sequence, hash })).problems.map(({ kind, sequence: number }) => `${kind} ${number}`);
    const sixth = await at(6);
    expect(await noted(6, String(sixth['hash']))).toEqual([]);
    expect(await noted(3, String((await at(4))['previousHash']))).toEqual([]);
    expect(await noted(3, 'another')).toEqual(['head 3']);
    expect(await noted(2, 'whatever')).toEqual(['head 2']);
    // Nobody can remove more under cover of it.
    const fourth = await at(4);
    await log.deleteOne({ _id: 4 });
    expect(await kinds()).toEqual(['missing 4']);
    await log.insertOne(fourth);
    // A removal that broke off half-way is made up for by the next one.
    await log.insertOne({ ...fourth, _id: 2, hash: 'x' });
    expect(await kinds()).toEqual([]);
    expect(await catalog.audit.purge(new Date(start + 60 * day), new Date(start + 70 * day))).toBe(8);
    expect(await verify()).toMatchObject({ entries: 2, first: 11, last: 12, purgedThrough: 10, problemCount: 0 });
  });

  it('cannot be forged: the first entry that is there proves by its own time how old those before it were', async () => {
    /** As somebody does who removes what tells of him, and writes that retention did. */
    const forge = async (before: number) => {
      const catalog = await tenEntries();
      await log.deleteMany({ _id: { $lte: 6 } });
      const hash = String((await at(7))['previousHash']);
      const detail = JSON.stringify({ through: 6, hash, before: new Date(start + before * day).toISOString() });
      const note = { event: 'audit_purge', actor: 'retention', resource: 'audit/1-6', detail };
      await catalog.audit.append(entry(11, note));
      return verify();
    };
    expect(await forge(5)).toMatchObject({ problems: [{ kind: 'purged', sequence: 7 }], purgedAfterDays: 6 });
    // Who says that it was long ago shows it as well: now, or by what comes after it.
    const future = await tenEntries();
    const detail = (before: number) =>
      JSON.stringify({ through: 6, hash: '0'.repeat(64), before: new Date(start + before * day).toISOString() });
    await future.audit.append(entry(1_000, { event: 'audit_purge', detail: detail(8) }));
    expect(await kinds()).toEqual(['broken 7', 'purged 11']);
    await future.audit.append(entry(11));
    expect((await verify()).problems.filter(({ kind }) => kind === 'purged')).toHaveLength(2);
    // Without its age, after one that told it, as an earlier version did.
    const older = await tenEntries();
    expect(await older.audit.purge(new Date(start + 5 * day), new Date(start + 20 * day))).toBe(3);
    const undated = JSON.stringify({ through: 6, hash: '0'.repeat(64) });
    await older.audit.append(entry(21, { event: 'audit_purge', detail: undated }));
    expect(await verify()).toMatchObject({ purgedAfterDays: null, problemCount: 2 });
    expect(await kinds()).toEqual(['broken 7', 'purged 12']);
    // Who says that it was young shows it.
    expect(await forge(8)).toMatchObject({ problems: [], purgedAfterDays: 3 });
    // Who gives the first one an earlier time has to write all that follow anew, which the head shows that was noted elsewhere.
    await forge(5);
    await log.updateOne({ _id: 7 }, { $set: { at: new Date(start) } });
    expect(await kinds()).toEqual(['changed 7']);
  });

  it('as an earlier version noted it, without its age, is still taken for removed', async () => {
    const catalog = await tenEntries();
    await log.deleteMany({ _id: { $lte: 4 } });
    const detail = JSON.stringify({ through: 4, hash: String((await at(5))['previousHash']) });
    await catalog.audit.append(entry(11, { event: 'audit_purge', actor: 'retention', detail }));
    expect(await verify()).toMatchObject({ entries: 7, purgedThrough: 4, purgedAfterDays: null, problems: [] });
  });
});

describe('the list', () => {
  it('gives pages that stay as they are while entries are added, and filters', async () => {
    const catalog = await tenEntries();
    const first = await catalog.audit.list({ limit: 4 });
    expect([first.data.map(({ sequence }) => sequence), first.next]).toEqual([[10, 9, 8, 7], 7]);
    await catalog.audit.append(entry(11, { actor: 'bob', outcome: 'failure' }));
    const second = await catalog.audit.list({ limit: 4, before: first.next ?? 0 });
    expect(second.data.map(({ sequence }) => sequence)).toEqual([6, 5, 4, 3]);
    const last = await catalog.audit.list({ limit: 4, before: second.next ?? 0 });
    expect([last.data.map(({ sequence }) => sequence), last.next]).toEqual([[2, 1], null]);
    const found = async (query: object): Promise<number[]> =>
      (await catalog.audit.list({ limit: 20, ...query })).data.map(({ sequence }) => sequence);
    expect(await found({ actor: 'bob' })).toEqual([11]);
    expect(await found({ outcome: 'failure' })).toEqual([11]);
    expect(await found({ resource: 'r-3' })).toEqual([3]);
    expect(await found({ event: 'nothing' })).toEqual([]);
    expect(await found({ from: new Date(start + 3 * day), to: new Date(start + 5 * day) })).toEqual([5, 4, 3]);
  });
});
