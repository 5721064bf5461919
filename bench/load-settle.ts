import { requestsOf, type RequestOptions } from './load-requests.js';

/** Beyond the client numbers of the load. */
const firstClient = 20_000;
/** As many as the mix has. */
const ofEach = 12;
const quickMs = 200;
const quickRounds = 5;
const mostMs = 240_000;

/**
 * Asks for everything that the load asks for, until the server answers all of it quickly for some rounds. One that has just taken all these records does not know
 * them yet: PostgreSQL has no statistics of a table before its autovacuum has looked at it, and plans by guesses until then. Returns whether that came in time.
 */
export async function settle(url: string, options: RequestOptions): Promise<boolean> {
  const end = performance.now() + mostMs;
  for (let [round, quick] = [0, 0]; performance.now() < end; round += 1) {
    let slowestMs = 0;
    for (const { path, headers } of requestsOf(firstClient + round, ofEach, options)) {
      const began = performance.now();
      await (await fetch(`${url}${path}`, { headers })).arrayBuffer();
      slowestMs = Math.max(slowestMs, performance.now() - began);
    }
    quick = slowestMs < quickMs ? quick + 1 : 0;
    if (quick === quickRounds) return true;
  }
  return false;
}
