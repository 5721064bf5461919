import type { TellRepetition } from '#storage';
import type { WorkerLog } from '../logging/worker-log.js';

/** Requests that a store was sent again: what went well in the end was slow for a reason, and the log names it. */
export function tellsOf(log: WorkerLog, fields: object = {}): TellRepetition {
  return (repeated) => log.info('request to the store repeated', { ...repeated, ...fields });
}
