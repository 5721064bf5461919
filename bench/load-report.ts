import type { Measured } from './load-clients.js';
import type { ProcessUse } from './load-memory.js';
import { formatTable } from './table.js';

/** The 99th percentile under load may be so many times that of a single client in the same run. */
const mostRatio = 5;
/** What counts as growth of memory: the median of the last ten seconds above that of the first ten by more than this share. */
const mostGrowth = 0.1;

/** A 99th percentile of fewer tells nothing. */
const leastSingle = 300;
/** Each client asks once a second: where replies are late, fewer are asked for. */
const leastAsked = 0.95;
/** Looks at the memory of the API, of one a second: with fewer nobody knows. */
const leastLooks = 0.9;

export interface LoadBench {
  readonly records: number;
  readonly listeners: {
    readonly count: number;
    readonly messages: number;
    readonly broken: number;
    readonly behind: number;
  };
  /** Before the load and after it, both together: what the machine does meanwhile meets both. */
  readonly single: readonly Measured[];
  readonly load: Measured;
  readonly p99Ratio: number;
  readonly api: ProcessUse;
  /** Of the machine, when the load began: other work on it is in every time. */
  readonly loadAverage: number;
}

const ms = (value: number): string => value.toFixed(1);
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

export function describeLoad({ records, listeners, single, load, p99Ratio, api, loadAverage }: LoadBench): string {
  const row = (name: string, one: Measured): readonly string[] => [
    name,
    ...[String(one.requests), ms(one.p50Ms), ms(one.p90Ms), ms(one.p99Ms), ms(one.maxMs)],
    Object.keys(one.refused).length + one.errors === 0 ? 'none' : `${one.errors} ${JSON.stringify(one.refused)}`,
  ];
  const rows = [
    ['', 'requests', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'errors'],
    ...single.map((one, index) => row(`one client, ${index === 0 ? 'before' : 'after'}`, one)),
    row(`${load.clients} clients, ${load.seconds} s`, load),
  ];
  return [
    `Reads of a running API over ${records} records, ${listeners.count} listeners, load average ${loadAverage.toFixed(1)}`,
    formatTable(rows),
    `p99 ratio ${p99Ratio.toFixed(2)} (at most ${mostRatio})`,
    `CPU of the API ${ms(api.cpuMs / load.requests)} ms a request (listeners, feed and metrics included)`,
    `memory of the API, resident, median of the first ten seconds → of the last ten: ${mb(api.rssStartBytes)} → ${mb(api.rssEndBytes)} (at most + ${mostGrowth * 100} %)`,
    `memory in use on its heap, the least in the first third → in the last: ${mb(api.heapFloorStartBytes)} → ${mb(api.heapFloorEndBytes)} (told, not judged)`,
    `event loop: p99 ${ms(api.lagP99Ms)} ms, longest ${ms(api.lagMaxMs)} ms`,
    `listeners: ${listeners.messages} messages, ${listeners.broken} broken, ${listeners.behind} behind`,
  ].join('\n');
}

/** What was promised and is not so. */
export function missedGoals({ load, single, p99Ratio, api, listeners }: LoadBench): readonly string[] {
  return [
    ...[load, ...single].flatMap(({ errors, refused }) =>
      errors + Object.keys(refused).length > 0 ? [`errors: ${errors}, ${JSON.stringify(refused)}`] : [],
    ),
    ...(single.some(({ requests }) => requests < leastSingle)
      ? [`a single client had fewer than ${leastSingle} replies: its p99 tells nothing`]
      : []),
    ...(load.requests < load.clients * load.seconds * leastAsked
      ? [`only ${load.requests} of ${load.clients * load.seconds} requests were made: replies were late`]
      : []),
    ...(p99Ratio > mostRatio ? [`p99 is ${p99Ratio.toFixed(2)} times that of a single client`] : []),
    ...(api.looks < load.seconds * leastLooks
      ? [`only ${api.looks} looks at the memory of the API in ${load.seconds} s`]
      : []),
    ...(api.rssEndBytes > api.rssStartBytes * (1 + mostGrowth) ? ['the memory of the API grew'] : []),
    ...(listeners.broken + listeners.behind > 0 ? [`listeners: ${JSON.stringify(listeners)}`] : []),
  ];
}
