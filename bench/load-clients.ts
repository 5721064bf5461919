import autocannon, { type Client, type Result } from 'autocannon';
import { percentile } from './timing.js';
import { requestsOf, type RequestOptions } from './load-requests.js';

export interface LoadOptions extends RequestOptions {
  readonly url: string;
  readonly seconds: number;
}

/** Times of whole replies, in milliseconds. */
export interface Measured {
  readonly clients: number;
  readonly seconds: number;
  readonly requests: number;
  /** Replies that are no 200, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** Connections that broke, and replies that did not come in time. */
  readonly errors: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Groups that begin one after another, so that the clients are spread over each second, as people are. */
const groups = 40;
const timeoutSeconds = 10;
/** A token may ask 120 times a minute. */
const callsOfAToken = 100;

/** So many clients, each with its own token and connection, one request a second. */
export async function manyClients(clients: number, options: LoadOptions): Promise<Measured> {
  const runs: Promise<{ result: Result; times: readonly number[] }>[] = [];
  for (let group = 0; group < groups; group += 1) {
    const size = Math.floor((clients * (group + 1)) / groups) - Math.floor((clients * group) / groups);
    const first = Math.floor((clients * group) / groups);
    if (size > 0)
      runs.push(cannon(size, options, (index) => requestsOf(first + index, options.seconds + 10, options), 1));
    await new Promise((resolve) => setTimeout(resolve, 1000 / groups));
  }
  return summed(clients, options.seconds, await Promise.all(runs));
}

/** One client that asks again as soon as it has its answer, with a new token in time. */
export async function singleClient(options: LoadOptions): Promise<Measured> {
  const tokens = 50;
  const requests = Array.from({ length: tokens }, (_, index) =>
    requestsOf(10_000 + index, callsOfAToken, options),
  ).flat();
  return summed(1, options.seconds, [await cannon(1, options, () => requests)]);
}

async function cannon(
  connections: number,
  { url, seconds }: LoadOptions,
  requests: (index: number) => ReturnType<typeof requestsOf>,
  connectionRate?: number,
): Promise<{ result: Result; times: readonly number[] }> {
  const times: number[] = [];
  let index = 0;
  const run = autocannon({
    ...{ url, connections, duration: seconds, timeout: timeoutSeconds },
    // Its correction counts in milliseconds what the rate tells in seconds. No reply of this run takes a second; one that does is counted as it is.
    ...(connectionRate === undefined ? {} : { connectionRate, ignoreCoordinatedOmission: true }),
    setupClient: (client: Client) => {
      client.setRequests(requests(index));
      index += 1;
    },
  });
  run.on('response', (_client: unknown, _status: number, _bytes: number, ms: number) => times.push(ms));
  return { result: await run, times };
}

function summed(
  clients: number,
  seconds: number,
  runs: readonly { readonly result: Result; readonly times: readonly number[] }[],
): Measured {
  const times = runs.flatMap((run) => run.times);
  const refused: Record<string, number> = {};
  for (const { result } of runs)
    for (const [status, { count }] of Object.entries(result.statusCodeStats))
      if (status !== '200') refused[status] = (refused[status] ?? 0) + count;
  return {
    ...{ clients, seconds, requests: times.length, refused },
    errors: runs.reduce((sum, { result }) => sum + result.errors, 0),
    ...{ p50Ms: percentile(times, 0.5), p90Ms: percentile(times, 0.9), p99Ms: percentile(times, 0.99) },
    maxMs: times.reduce((most, time) => Math.max(most, time), 0),
  };
}
