import { readFileSync } from 'node:fs';
import type { LoadRequest, NativeLoadOptions } from '#engine';
import { listening, loadArchive } from './native-load.js';

// Loads an archive in a process of its own, which kills itself (SIGKILL) right before it sends the nth command that fits, or a moment after: a crash at a chosen
// place. Whoever lets it live hears on its stdout how many commands fitted.
// Argument: JSON of ChildOrder. Environment: TEST_MONGODB_URI.

export interface ChildOrder {
  readonly archive: string;
  readonly request: Partial<LoadRequest>;
  readonly leaseMs: number;
  readonly beatMs: number;
  /** Matched against `<command> <its collection or namespace>`. */
  readonly killBefore: string;
  readonly nth: number;
  /** Not before the command is sent, but so long after. */
  readonly laterMs?: number;
  readonly tuning?: NativeLoadOptions['tuning'];
}

const order = JSON.parse(process.argv[2] ?? '') as ChildOrder;
const pattern = new RegExp(order.killBefore);
let seen = 0;
const options = listening(({ name, command }) => {
  if (!pattern.test(`${name} ${String(command[name])}`)) return;
  seen += 1;
  if (seen !== order.nth) return;
  if (order.laterMs === undefined) process.kill(process.pid, 'SIGKILL');
  else setTimeout(() => process.kill(process.pid, 'SIGKILL'), order.laterMs);
});
const { leaseMs, beatMs, tuning = {} } = order;
await loadArchive(readFileSync(order.archive), order.request, { ...options, leaseMs, beatMs, tuning });
process.stdout.write(String(seen));
