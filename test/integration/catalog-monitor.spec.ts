import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mongoose';
import { Secret, systemClock, systemRandom } from '#contracts';
import { connectCatalog } from '../../libs/catalog/src/open-catalog.js';
import { keepMonitored } from '../../libs/catalog/src/store/keep-monitored.js';
import { uniqueDatabase, waitUntil } from '../services/services.js';
import { catalogUri } from '../support/catalog-world.js';

// The driver's monitor, made to wait for ever as it did in the endurance run: its socket is closed, and in the same moment it is asked to look.

interface Insides {
  readonly topology: { readonly s: { readonly servers: ReadonlyMap<string, DriverServer> } };
}
interface DriverServer {
  readonly monitor: { readonly connection: { readonly socket: { destroy(): void } } | null };
  requestCheck(): void;
}

let connection: Connection;
/** Ends of the driver's looks. */
let looks: number;
let beganAt: number;

beforeEach(async () => {
  const uri = new Secret(catalogUri(uniqueDatabase('monitor')));
  connection = await connectCatalog({ uri, clock: systemClock, random: systemRandom });
  looks = 0;
  for (const event of ['serverHeartbeatSucceeded', 'serverHeartbeatFailed'] as const)
    connection.getClient().on(event, () => {
      looks += 1;
    });
  beganAt = performance.now();
});
afterEach(() => connection.close(true));

const passed = (ms: number) =>
  waitUntil(() => performance.now() - beganAt > ms, { what: `${ms} ms`, timeoutMs: ms + 5_000, intervalMs: 20 });

async function stick(): Promise<void> {
  // Sooner it would look later, and find the socket closed.
  await passed(700);
  const [server] = (connection.getClient() as unknown as Insides).topology.s.servers.values();
  server?.monitor.connection?.socket.destroy();
  server?.requestCheck();
  beganAt = performance.now();
}

describe('a monitor of the driver that waits for ever', () => {
  it('never looks again: when this fails the driver has been mended, and keep-monitored.ts can go', async () => {
    await stick();
    await passed(3_000);
    expect(looks).toBe(0);
  });

  it('is noticed, and the client connected anew: calls of its models go on', async () => {
    const stop = keepMonitored(connection.getClient(), systemClock, { silenceMs: 300, lookMs: 20 });
    try {
      await stick();
      await waitUntil(() => looks > 0, { what: 'the monitor to look again', timeoutMs: 10_000 });
      expect(await connection.db?.command({ ping: 1 })).toMatchObject({ ok: 1 });
      expect(await connection.collection('of_models').countDocuments()).toBe(0);
      expect(connection.readyState).toBe(1);
    } finally {
      stop();
    }
  });

  it('is left alone while it looks as it should', async () => {
    const before = (connection.getClient() as unknown as Insides).topology;
    const stop = keepMonitored(connection.getClient(), systemClock, { silenceMs: 300, lookMs: 20 });
    await passed(1_500);
    expect((connection.getClient() as unknown as Insides).topology).toBe(before);
    stop();
  });
});
