import type { Choices } from '../choices.js';
import { endWithinMs, lease } from '../plan.js';
import type { Slot } from '../slot.js';
import { slotsOf, type World } from '../world.js';
import { type Begun, type Fault } from './fault.js';

/** Long enough that others take over, and short enough that they do not. */
const frozen = [1, lease.leaseSeconds + 3 * lease.reaperSeconds] as const;

function pickUp(world: World, choices: Choices, app: Slot['app']): Slot | undefined {
  return choices.pick(slotsOf(world, app).filter(({ state }) => state === 'up'));
}

async function kill(world: World, choices: Choices, app: Slot['app']): Promise<Begun | null> {
  const slot = pickUp(world, choices, app);
  if (slot === undefined) return null;
  const { pid } = slot;
  await slot.kill();
  return { what: `kill -9 ${slot.name} (pid ${pid ?? 'none'})`, end: () => slot.start() };
}

async function end(world: World, choices: Choices, app: Slot['app']): Promise<Begun | null> {
  const slot = pickUp(world, choices, app);
  if (slot === undefined) return null;
  await slot.end(endWithinMs);
  return { what: `SIGTERM ${slot.name}`, end: () => slot.start() };
}

function freeze(world: World, choices: Choices, app: Slot['app']): Promise<Begun | null> {
  const slot = pickUp(world, choices, app);
  slot?.freeze();
  const thaw = () => Promise.resolve(slot?.thaw());
  return Promise.resolve(slot === undefined ? null : { what: `SIGSTOP ${slot.name}`, end: thaw });
}

export const processFaults: readonly Fault[] = [
  { name: 'kill a worker', weight: 10, seconds: [0, 4], begin: (world, choices) => kill(world, choices, 'worker') },
  { name: 'end a worker', weight: 6, seconds: [0, 3], begin: (world, choices) => end(world, choices, 'worker') },
  { name: 'freeze a worker', weight: 8, seconds: frozen, begin: (world, choices) => freeze(world, choices, 'worker') },
  { name: 'kill an API', weight: 5, seconds: [0, 5], begin: (world, choices) => kill(world, choices, 'api') },
  { name: 'end an API', weight: 2, seconds: [0, 3], begin: (world, choices) => end(world, choices, 'api') },
  { name: 'freeze an API', weight: 3, seconds: [1, 6], begin: (world, choices) => freeze(world, choices, 'api') },
];
