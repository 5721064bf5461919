import { Redis } from 'ioredis';
import type { World } from '../world.js';
import { nothingToEnd, type Begun, type Fault } from './fault.js';

const busy = 'redis';

/** One of these at a time. */
async function alone(world: World, begin: () => Promise<Begun>): Promise<Begun | null> {
  if (world.busy.has(busy)) return null;
  world.busy.add(busy);
  const free = () => void world.busy.delete(busy);
  try {
    const begun = await begin();
    return { what: begun.what, end: () => begun.end().finally(free) };
  } catch (error) {
    free();
    throw error;
  }
}

async function command({ installation }: World, ...words: [string, ...string[]]): Promise<void> {
  const client = new Redis(installation.redisUrl);
  try {
    await client.call(...words);
  } finally {
    client.disconnect();
  }
}

export const redisFaults: readonly Fault[] = [
  {
    name: 'restart Redis',
    weight: 4,
    seconds: [0, 8],
    begin: (world) =>
      alone(world, async () => {
        await world.installation.redis.stop();
        return { what: 'Redis killed', end: () => world.installation.redis.start() };
      }),
  },
  {
    name: 'empty Redis',
    weight: 4,
    seconds: [0, 0],
    begin: (world) =>
      alone(world, async () => {
        await command(world, 'FLUSHALL');
        return { what: 'Redis FLUSHALL', end: nothingToEnd };
      }),
  },
  {
    name: 'pause Redis',
    weight: 3,
    seconds: [1, 12],
    begin: (world, _choices, seconds) =>
      alone(world, async () => {
        await command(world, 'CLIENT', 'PAUSE', String(seconds * 1000));
        return { what: `Redis CLIENT PAUSE ${seconds} s`, end: nothingToEnd };
      }),
  },
  {
    name: 'freeze Redis',
    weight: 3,
    seconds: [1, 10],
    begin: (world) =>
      alone(world, () => {
        const { redis } = world.installation;
        redis.freeze();
        const thaw = () => {
          redis.thaw();
          return Promise.resolve();
        };
        return Promise.resolve({ what: 'Redis frozen', end: thaw });
      }),
  },
];
