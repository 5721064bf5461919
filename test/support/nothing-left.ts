import { expect } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Db } from 'mongodb';
import { waitUntil } from '../services/services.js';
import { temporaryFiles } from './leftovers.js';
import type { ServiceProcess } from './service-process.js';
import type { ServiceWorld } from './service-world.js';
import type { WorkerWorld } from './worker-world.js';

export const finalStates = ['completed', 'failed', 'cancelled', 'deleted', 'missing'];
/** Of tasks, restores and drills. */
const openStates = ['pending', 'in_progress'];

/** Waits until each record, task, restore and drill of a catalogue is final (a worker must run for that). */
export async function allFinal(catalog: Db): Promise<void> {
  const open = async (): Promise<unknown[]> => {
    const found = [
      catalog.collection('backups').find({ status: { $nin: finalStates } }),
      ...['tasks', 'restores', 'drills'].map((name) => catalog.collection(name).find({ status: { $in: openStates } })),
    ];
    return (await Promise.all(found.map((cursor) => cursor.toArray()))).flat();
  };
  let last: unknown[] = [];
  await waitUntil(async () => (last = await open()).length === 0, {
    ...{ what: 'every record to be final', timeoutMs: 60_000, intervalMs: 100 },
    onTimeout: () => JSON.stringify(last, undefined, 1),
  });
}

/**
 * What must hold after every fault: each record is final, the processes hold no more memory than when they were ready, end in order and leave no child, and no
 * upload or temporary file is there.
 */
export async function expectNothingLeft(world: ServiceWorld, running: readonly ServiceProcess[]): Promise<void> {
  await allFinal(world.client.db(world.catalog));
  await endInOrder(running);
  expect(temporaryFiles(world.temporary)).toEqual([]);
  if (world.bucket !== undefined) expect((await world.inStore()).uploads).toEqual([]);
  const store = join(world.folder, 'store');
  if (existsSync(store))
    expect(readdirSync(store, { recursive: true }).filter((name) => String(name).endsWith('.tmp'))).toEqual([]);
}

/** The same where workers run in the process of the test, or without an API. */
export async function expectNothingLeftOf(world: WorkerWorld, running: readonly ServiceProcess[] = []): Promise<void> {
  await allFinal(world.catalogs.client.db(world.catalogs.database));
  await endInOrder(running);
  await world.endWorkers();
  expect((await world.stored()).filter((key) => key.startsWith('upload'))).toEqual([]);
}

async function endInOrder(running: readonly ServiceProcess[]): Promise<void> {
  for (const service of running) await service.memoryIsBack();
  const children = running.flatMap(({ pid }) => childrenOf(pid));
  const ends = await Promise.all(running.map((service) => service.stop('SIGTERM', 60_000)));
  expect(ends).toEqual(running.map(() => ({ code: 0, signal: null })));
  expect(children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    // It has ended already, or the kernel does not tell.
    return [];
  }
}
