import { endProcesses, processesOf, type Instance } from './instance.js';
import type { Log } from './log.js';
import { mongodbVersion } from './mongodb-client.js';
import { isAlive } from './process-mark.js';
import { redisVersion } from './redis.js';
import { pingS3 } from './s3-client.js';
import type { ServiceName, ServicesState } from './service-state.js';

/** The part of the state whose servers answer; the processes of the rest are ended, with their data. */
export async function keepHealthy(instance: Instance, state: ServicesState, log: Log): Promise<ServicesState> {
  const { mongodb, redis, s3 } = state;
  const checks: [ServiceName, (() => Promise<unknown>) | undefined][] = [
    ['mongodb', mongodb && (() => mongodbVersion(mongodb.uri))],
    ['redis', redis && (() => redisVersion(redis.url))],
    ['s3', s3 && (() => pingS3(s3))],
  ];
  const kept = await Promise.all(checks.map(async ([name, ping]) => ((await answers(ping)) ? [name] : [])));
  const healthy = new Set(kept.flat());
  const processes = processesOf(instance);
  const broken = processes.filter(({ service }) => !healthy.has(service));
  const alive = broken.filter(isAlive);
  if (alive.length > 0) log(`ending what does not answer any more: ${alive.map(({ name }) => name).join(', ')}`);
  await endProcesses(instance, broken);
  for (const name of healthy) log(`${name} already runs: ${state[name]?.how ?? ''}`);
  return {
    format: 1,
    ...(mongodb && healthy.has('mongodb') && { mongodb }),
    ...(redis && healthy.has('redis') && { redis }),
    ...(s3 && healthy.has('s3') && { s3 }),
  };
}

async function answers(ping: (() => Promise<unknown>) | undefined): Promise<boolean> {
  if (ping === undefined) return false;
  try {
    await ping();
    return true;
  } catch {
    return false;
  }
}

/** Ends the processes of the named services, with their data. */
export async function endServices(instance: Instance, names: readonly ServiceName[]): Promise<void> {
  const processes = processesOf(instance).filter(({ service }) => names.includes(service));
  await endProcesses(instance, processes);
}
