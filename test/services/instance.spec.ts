import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCache, type Cache } from './cache.js';
import {
  endInstance,
  endProcesses,
  instanceOfStateFile,
  killInstance,
  listInstances,
  ownInstance,
  processesOf,
  recordProcess,
  sharedInstance,
  stateFileOf,
  sweepInstances,
  type Instance,
  type ServiceProcess,
} from './instance.js';
import { isAlive, markOf, ownMark } from './process-mark.js';
import { waitUntil } from './wait-until.js';

let folder: string;
let cache: Cache;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hazina-instance-'));
  cache = openCache({ HAZINA_CACHE_DIR: folder });
});
afterEach(async () => {
  for (const { instance } of listInstances(cache)) await endInstance(instance);
  rmSync(folder, { recursive: true });
});

/** A real process that would run for an hour, as a service of the instance. */
function startSleeper(instance: Instance, name: string, script = 'exec sleep 3600'): ServiceProcess {
  const child = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' });
  child.unref();
  const mark = child.pid === undefined ? undefined : markOf(child.pid);
  if (mark === undefined) throw new Error('sleep did not start');
  const dataFolder = join(instance.folder, name);
  mkdirSync(dataFolder);
  const stopSignals = ['SIGTERM', 'SIGKILL'] as const;
  const record = { ...mark, service: 'redis' as const, name, log: '', stopSignals, dataFolder };
  recordProcess(instance, record);
  return record;
}

function endOwner(instance: Instance): void {
  writeFileSync(join(instance.folder, 'owner.json'), JSON.stringify({ ...ownMark(), startedAt: 'an earlier boot' }));
}

it('ends its processes, removes their data and itself', async () => {
  const instance = ownInstance(cache);
  const [one, other] = [startSleeper(instance, 'one'), startSleeper(instance, 'other')];
  expect(processesOf(instance)).toEqual([one, other]);
  await endInstance(instance);
  expect([isAlive(one), isAlive(other), existsSync(instance.folder)]).toEqual([false, false, false]);
});

it('ends one process and leaves the others alone', async () => {
  const instance = ownInstance(cache);
  const [one, other] = [startSleeper(instance, 'one'), startSleeper(instance, 'other')];
  await endProcesses(instance, [one]);
  expect([isAlive(one), existsSync(one.dataFolder), isAlive(other), existsSync(other.dataFolder)]).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(processesOf(instance)).toEqual([other]);
});

it('removes no folder outside the cache, whatever a record says', async () => {
  const instance = ownInstance(cache);
  const outside = mkdtempSync(join(tmpdir(), 'hazina-outside-'));
  const process = { ...startSleeper(instance, 'one'), dataFolder: outside };
  await endProcesses(instance, [process]);
  expect(existsSync(outside)).toBe(true);
  rmSync(outside, { recursive: true });
});

it('leaves a process alone that only has the id of ours', async () => {
  const instance = ownInstance(cache);
  const stranger = startSleeper(instance, 'stranger');
  const ours = { ...stranger, name: 'ours', startedAt: 'an earlier boot' };
  await endProcesses(instance, [ours]);
  expect(isAlive(stranger)).toBe(true);
});

it('kills at once when there is no time to wait', async () => {
  const instance = ownInstance(cache);
  const deaf = startSleeper(instance, 'deaf', `trap '' TERM; sleep 3600 & wait; wait`);
  killInstance(instance);
  await waitUntil(() => !isAlive(deaf), { what: 'the end of the process' });
});

describe('the sweep', () => {
  it('ends the instance of an owner that is gone', async () => {
    const instance = ownInstance(cache);
    const process = startSleeper(instance, 'one');
    endOwner(instance);
    expect(await sweepInstances(cache)).toEqual([process]);
    expect([isAlive(process), existsSync(instance.folder)]).toEqual([false, false]);
  });

  it('leaves the instance of a living owner and the shared one alone', async () => {
    const processes = [startSleeper(ownInstance(cache), 'one'), startSleeper(sharedInstance(cache), 'shared')];
    expect(await sweepInstances(cache)).toEqual([]);
    expect(processes.every(isAlive)).toBe(true);
  });

  it('copes with a record that was not written to its end', async () => {
    const instance = ownInstance(cache);
    writeFileSync(join(instance.folder, 'processes', 'half.json'), '{"pid":1');
    endOwner(instance);
    expect(await sweepInstances(cache)).toEqual([]);
    expect(existsSync(instance.folder)).toBe(false);
  });
});

it('is found again by its state file', () => {
  const instance = ownInstance(cache);
  expect(instanceOfStateFile(stateFileOf(instance))).toEqual(instance);
});
