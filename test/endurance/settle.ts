import { waitUntil } from '../services/wait-until.js';
import { ask } from './actions/action.js';
import type { Choices } from './choices.js';
import { notEnded, unfinished } from './model/rest-rules.js';
import { lease, targets } from './plan.js';
import { pause } from './pause.js';
import { type World } from './world.js';

const tries = 40;
const betweenMs = 500;
/** A takeover, a run of the largest target, and its verification, on a busy machine: so long nothing may come to its end. */
const patienceMs = (lease.leaseSeconds + 2 * lease.reaperSeconds) * 1000 + 60_000;
const mostMs = 480_000;

/** Everything runs and reaches everything again; no new work comes by itself. */
export async function healAll(world: World, choices: Choices): Promise<void> {
  const { installation, timeline, model } = world;
  installation.wire.heal();
  installation.cliNetwork.heal();
  for (const slot of installation.slots) slot.network.heal();
  await Promise.all(installation.slots.filter(({ state }) => state === 'down').map((slot) => slot.start()));
  timeline.note('healed: everything runs and reaches everything');
  for (const slot of installation.slots) {
    const late = (error: unknown) =>
      model.tell({ rule: 'ended', text: `${slot.name} did not recover: ${String(error)}` });
    await slot.ready().catch(late);
  }
  for (const { name, schedule } of targets) {
    if (schedule === null) continue;
    const path = `/api/admin/schedules/${name}/pause`;
    await insist(async () => {
      const answer = await ask(world, choices, { role: 'operator', method: 'POST', path, expected: [200] });
      return answer?.status === 200 ? answer : undefined;
    }, `the pause of ${name}`);
  }
}

/**
 * Waits until nothing is left to do: every record and task final, every mark written. What waits for the time of its next try is waited for, and so is a queue
 * that gets shorter; what is not over in time is a violation.
 */
export async function comeToRest(world: World, say: (text: string) => void): Promise<void> {
  const { catalogue, model } = world;
  const began = performance.now();
  let due = began + patienceMs;
  let least = Infinity;
  for (let told = began; ;) {
    const [records, tasks] = [await catalogue.records(), await catalogue.tasks()];
    const left = unfinished(records, tasks);
    model.records = records;
    const now = performance.now();
    const next = Math.max(0, ...[...records, ...tasks].map(({ nextAttemptAt }) => nextAttemptAt?.getTime() ?? 0));
    due = Math.max(due, now + (next - Date.now()) + patienceMs);
    if (left.length === 0) return;
    if (left.length < least) due = Math.max(due, now + patienceMs);
    least = Math.min(least, left.length);
    if (now > Math.min(due, began + mostMs)) {
      model.judge(notEnded(records, tasks));
      return;
    }
    if (now - told > 10_000) {
      say(`waiting for ${left.length}: ${left.slice(0, 3).join('; ')}`);
      told = now;
    }
    await pause(betweenMs);
  }
}

/** Asks until it is given; the installation is well, so that is soon. */
export async function insist<T>(wish: () => Promise<T | undefined>, what: string): Promise<T> {
  return waitUntil(wish, { what, timeoutMs: tries * betweenMs, intervalMs: betweenMs });
}
