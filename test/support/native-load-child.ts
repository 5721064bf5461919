import { readFileSync } from 'node:fs';
import type { LoadRequest } from '#engine';
import { listening, loadArchive } from './native-load.js';

// Loads an archive in a process of its own, which kills itself (SIGKILL) right before it sends the nth command that fits: a crash at a chosen place.
// Argument: JSON of ChildOrder. Environment: TEST_MONGODB_URI.

export interface ChildOrder {
  readonly archive: string;
  readonly request: Partial<LoadRequest>;
  readonly leaseMs: number;
  readonly beatMs: number;
  /** Matched against `<command> <its collection or namespace>`. */
  readonly killBefore: string;
  readonly nth: number;
}

const order = JSON.parse(process.argv[2] ?? '') as ChildOrder;
const pattern = new RegExp(order.killBefore);
let seen = 0;
const options = listening(({ name, command }) => {
  if (!pattern.test(`${name} ${String(command[name])}`)) return;
  seen += 1;
  if (seen === order.nth) process.kill(process.pid, 'SIGKILL');
});
const { leaseMs, beatMs } = order;
await loadArchive(readFileSync(order.archive), order.request, { ...options, leaseMs, beatMs });
