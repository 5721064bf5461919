import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { programOf } from '../support/program-of.js';
import { collections, files, leaksIn, logs, objects, redisKeys, type Place } from './places.js';
import { doAll } from './planted-work.js';
import { plantWorld, type PlantedWorld } from './planted-world.js';
import { Witness } from './witness.js';

// Secrets of the works themselves: stores, destinations, restore targets, hooks, keys of every kind. All that uses them is done once well and once badly; then
// everything that was written or said is searched for them. canary.spec.ts does the same for who comes in from outside, search.spec.ts shows that the search finds.

/** Whoever gives a command a secret as an argument shows it to the machine, and the documentation says so: it may stand there, and nowhere else. */
const inCommandLines = ['hook-option', 'hook-argument'];
let planted: PlantedWorld;
let witness: Witness;

beforeAll(async () => {
  planted = await plantWorld();
  witness = new Witness();
  await doAll(planted, witness);
}, 900_000);
afterAll(async () => {
  witness.commandLines.stop();
  await planted.close();
}, 60_000);

describe('no secret of stores, servers, hooks and keys', () => {
  it('stands in a log', () => {
    for (const { lines } of planted.world.processes) expect(lines.length).toBeGreaterThan(5);
    expectClean(logs(planted.world.processes), 2);
  });

  it('is said: replies, output of commands, metrics, OpenAPI', () => {
    for (const [name, text] of witness.said) expect([name, text.length > 20]).toEqual([name, true]);
    expectClean(witness.said, 45);
    // The hooks did repeat what they were given.
    expect(witness.said.find(([name]) => name.startsWith('reply: stopped-'))?.[1]).toContain('[redacted]');
  });

  it('was on a command line, but for what a hook was given there', () => {
    const others = Object.entries(planted.secrets).filter(([name]) => !inCommandLines.includes(name));
    const text = witness.commandLines.stop();
    expect(text).toContain(programOf('worker'));
    expect(leaksIn([['command lines', text]], Object.fromEntries(others))).toEqual([]);
  });

  it('is sent to a hook but in what makes its address', () => {
    const told = planted.hooks.requests.map(
      ({ body, headers }) => ['hook', `${body}\n${String(headers['x-hazina-signature'])}`] as const,
    );
    expectClean(told, 3);
  });

  it('lies in Redis', async () => expectClean(await redisKeys(planted.redisUrl), 10));

  it('lies in the catalogue', async () => expectClean(await collections(planted.client.db(planted.world.catalog)), 7));

  it('lies in the stores', async () => {
    expectClean(await objects(planted.world.bucket ?? ''), 10);
    expectClean(files(planted.vault), 3);
  });

  it('lies among temporary files', () => expectClean(files(planted.world.temporary), -1));
});

function expectClean(places: readonly Place[], moreThan: number): void {
  expect(places.length).toBeGreaterThan(moreThan);
  expect(leaksIn(places, planted.secrets)).toEqual([]);
}
