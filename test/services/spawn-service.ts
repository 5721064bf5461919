import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './cache.js';
import { freePort } from './free-port.js';
import { endProcesses, recordProcess, type Instance, type ServiceProcess } from './instance.js';
import { isAlive, markOf } from './process-mark.js';
import { lastLines } from './run-command.js';
import { messageOf, ServiceError } from './service-error.js';
import type { ServiceName } from './service-state.js';
import { StopWaiting, waitUntil } from './wait-until.js';

export interface Daemon {
  readonly service: ServiceName;
  /** Unique among the daemons of the instance that run at the same time. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Environment;
  readonly dataFolder: string;
  readonly stopSignals?: readonly NodeJS.Signals[];
}

/** Starts a daemon that outlives us, with its output in a log file, and records it before anything can go wrong. */
export function spawnService(instance: Instance, daemon: Daemon): ServiceProcess {
  const log = join(instance.folder, 'logs', `${daemon.name}.log`);
  const output = openSync(log, 'a');
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  const child = spawn(daemon.command, daemon.args, {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: instance.folder,
    env: { PATH, HOME, LANG, TMPDIR, ...daemon.env },
  });
  let problem = '';
  child.once('error', (error) => {
    problem = error.message;
  });
  child.unref();
  closeSync(output);
  const mark = child.pid === undefined ? undefined : markOf(child.pid);
  if (mark === undefined) throw new ServiceError(`${daemon.name} did not start ${problem}\n${lastLines(log)}`);
  const record = {
    ...mark,
    service: daemon.service,
    name: daemon.name,
    log,
    stopSignals: daemon.stopSignals ?? (['SIGTERM', 'SIGKILL'] as const),
    dataFolder: daemon.dataFolder,
  };
  recordProcess(instance, record);
  return record;
}

/** Waits until the daemon answers; fails at once, with the end of its log, when it ends instead. */
export async function waitUntilReady<T>(
  daemon: ServiceProcess,
  ping: () => Promise<T>,
  timeoutMs = 30_000,
): Promise<Exclude<T, false | null | undefined>> {
  return waitUntil(
    () => {
      if (!isAlive(daemon)) {
        throw new StopWaiting(new ServiceError(`${daemon.name} ended right after its start\n${lastLines(daemon.log)}`));
      }
      return ping();
    },
    { what: `an answer of ${daemon.name}`, timeoutMs, onTimeout: () => lastLines(daemon.log) },
  );
}

/**
 * Starts a daemon on a free port. Somebody may take the port before the daemon does: then again on another one.
 * `start` spawns and waits until ready; when it fails, what it started is ended.
 */
export async function startOnFreePort<T>(
  instance: Instance,
  start: (port: number, started: (process: ServiceProcess) => void) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const processes: ServiceProcess[] = [];
    try {
      return await start(await freePort(), (process) => processes.push(process));
    } catch (error) {
      const portTaken = /address already in use|could not bind/i.test(messageOf(error));
      await endProcesses(instance, processes);
      if (!portTaken || attempt === 3) throw error;
    }
  }
}
