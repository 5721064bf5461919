import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInside, temporaryFolder, type Cache } from './cache.js';
import { endProcess, isAlive, isErrno, ownMark, signalProcess, type ProcessMark } from './process-mark.js';
import type { ServiceName } from './service-state.js';

/** One running set of services: a folder of the cache with its data, logs and the processes to end. */
export interface Instance {
  readonly id: string;
  readonly folder: string;
  readonly cacheRoot: string;
}

/** One daemon of ours. Each has a record of its own, so that several processes can add and end theirs at once. */
export interface ServiceProcess extends ProcessMark {
  readonly service: ServiceName;
  readonly name: string;
  readonly log: string;
  /** In this order, until it is gone. */
  readonly stopSignals: readonly NodeJS.Signals[];
  /** Removed after its end. */
  readonly dataFolder: string;
}

/** The set of `npm run services -- start`, which outlives its starter. */
export const sharedId = 'shared';

export function sharedInstance(cache: Cache): Instance {
  const folder = join(cache.instances, sharedId);
  mkdirSync(join(folder, 'processes'), { recursive: true });
  mkdirSync(join(folder, 'logs'), { recursive: true });
  return { id: sharedId, folder, cacheRoot: cache.root };
}

/** A set that belongs to this process: whoever starts or stops services later ends it when this process is gone. */
export function ownInstance(cache: Cache): Instance {
  const id = `run-${process.pid}-${randomBytes(3).toString('hex')}`;
  const building = temporaryFolder(cache, id);
  mkdirSync(join(building, 'processes'));
  mkdirSync(join(building, 'logs'));
  writeFileSync(join(building, 'owner.json'), JSON.stringify(ownMark()));
  const folder = join(cache.instances, id);
  renameSync(building, folder);
  return { id, folder, cacheRoot: cache.root };
}

/** The instance whose state file a test run found in its environment. */
export function instanceOfStateFile(stateFile: string): Instance {
  const folder = join(stateFile, '..');
  return { id: folder.slice(join(folder, '..').length + 1), folder, cacheRoot: join(folder, '..', '..') };
}

export function stateFileOf(instance: Instance): string {
  return join(instance.folder, 'state.json');
}

/** All instances of the cache, each with its owner if it has one. */
export function listInstances(cache: Cache): { instance: Instance; owner: ProcessMark | undefined }[] {
  return readdirSync(cache.instances).map((id) => {
    const folder = join(cache.instances, id);
    return { instance: { id, folder, cacheRoot: cache.root }, owner: readMark(join(folder, 'owner.json')) };
  });
}

export function recordProcess(instance: Instance, process: ServiceProcess): void {
  writeFileSync(recordFile(instance, process), JSON.stringify(process));
}

export function processesOf(instance: Instance): ServiceProcess[] {
  const folder = join(instance.folder, 'processes');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const process = parseProcess(readText(join(folder, name)));
    return process === undefined ? [] : [process];
  });
}

/** Drops the record of a process that has ended; its data stays. */
export function forgetProcess(instance: Instance, process: ServiceProcess): void {
  rmSync(recordFile(instance, process), { force: true });
}

/** Ends the processes and removes their data; safe to repeat, and safe when another process does the same. */
export async function endProcesses(instance: Instance, processes: readonly ServiceProcess[]): Promise<void> {
  await Promise.all(processes.map((process) => endProcess(process, process.stopSignals)));
  for (const process of processes) {
    if (isInside(instance.cacheRoot, process.dataFolder)) remove(process.dataFolder);
    forgetProcess(instance, process);
  }
}

/** Ends everything of the instance and removes its folder. */
export async function endInstance(instance: Instance): Promise<ServiceProcess[]> {
  const processes = processesOf(instance);
  await endProcesses(instance, processes);
  remove(instance.folder);
  return processes;
}

/** The last resort of a process that is exiting and cannot wait: kills at once, leaves folders to the next sweep. */
export function killInstance(instance: Instance): void {
  for (const process of processesOf(instance)) signalProcess(process, process.stopSignals.at(-1) ?? 'SIGKILL');
}

/** Ends the instances whose owner is gone. Returns what it ended, for a message. */
export async function sweepInstances(cache: Cache): Promise<ServiceProcess[]> {
  const orphans = listInstances(cache).filter(({ owner }) => owner !== undefined && !isAlive(owner));
  const ended = await Promise.all(orphans.map(({ instance }) => endInstance(instance)));
  return ended.flat();
}

function remove(folder: string): void {
  // Retried, because the server's last children may still close their files.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

function recordFile(instance: Instance, process: ServiceProcess): string {
  return join(instance.folder, 'processes', `${process.name}-${process.pid}.json`);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function readMark(file: string): ProcessMark | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  const value = JSON.parse(text) as Partial<ProcessMark>;
  if (typeof value.pid !== 'number' || typeof value.startedAt !== 'string') return undefined;
  return { pid: value.pid, startedAt: value.startedAt };
}

/** Undefined for a record that its writer did not finish: its process ended with the writer or never began. */
function parseProcess(text: string | undefined): ServiceProcess | undefined {
  if (text?.endsWith('}') !== true) return undefined;
  return JSON.parse(text) as ServiceProcess;
}
