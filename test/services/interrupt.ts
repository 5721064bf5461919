import { constants } from 'node:os';
import type { Log } from './log.js';
import { killRunningCommands } from './run-command.js';
import { describeError } from './service-error.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Until removed: on Ctrl-C (or another signal that ends us) installers are killed, `stop` runs to its end, and the
 * process exits as the signal would have ended it. `kill` runs at an exit that did not wait for `stop`.
 */
export function onInterrupt(stop: () => Promise<unknown>, kill: () => void, log: Log): { remove(): void } {
  let interrupted = false;
  const handle = (signal: NodeJS.Signals) => {
    if (interrupted) return;
    interrupted = true;
    log(`${signal}: stopping the services`);
    killRunningCommands();
    void stop()
      .catch((error: unknown) => {
        log(describeError(error));
      })
      .finally(() => process.exit(128 + constants.signals[signal]));
  };
  for (const signal of signals) process.on(signal, handle);
  process.on('exit', kill);
  return {
    remove() {
      for (const signal of signals) process.off(signal, handle);
      process.off('exit', kill);
    },
  };
}
