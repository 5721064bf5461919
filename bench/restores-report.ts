import { median } from './measure.js';
import { formatTable } from './table.js';

/** A restore by the service may take at most so much of the official tool's time in the same run. */
const mostOfTool = 0.9;
/** A small collection out of a large backup must take less than this share of the whole restore's time. */
const mostOfWhole = 0.25;

/** One turn of all contestants. */
export interface RestoreRun {
  readonly wholeSeconds: number;
  /** Null: it is not there. */
  readonly mongorestoreSeconds: number | null;
  readonly partSeconds: number;
  /** By the worker's process, from files and sockets. */
  readonly wholeReadBytes: number;
  readonly partReadBytes: number;
}

export interface RestoreBench {
  /** Of BSON. */
  readonly bytes: number;
  readonly runs: readonly RestoreRun[];
  /** Of the machine, when the runs began: other work on it is in every time. */
  readonly loadAverage: number;
}

export function describeRestores(bench: RestoreBench): string {
  const { bytes, runs, loadAverage } = bench;
  const row = (
    name: string,
    of: (run: RestoreRun) => number | null,
    read?: (run: RestoreRun) => number,
    isWhole = true,
  ): string[] => {
    const seconds = runs.map(of).filter((value) => value !== null);
    if (seconds.length === 0) return [name, 'left out', '', '', ''];
    return [
      name,
      median(seconds).toFixed(2),
      `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}`,
      isWhole ? (bytes / 1e6 / median(seconds)).toFixed(0) : '',
      read === undefined ? '' : `${(median(runs.map(read)) / 1e6).toFixed(1)} MB`,
    ];
  };
  const rows = [
    ['', 'seconds', 'min–max', 'MB/s', 'the worker read'],
    row(
      'restore by the service (everything)',
      ({ wholeSeconds }) => wholeSeconds,
      ({ wholeReadBytes }) => wholeReadBytes,
    ),
    row('mongorestore -j 4 --numInsertionWorkersPerCollection 4', ({ mongorestoreSeconds }) => mongorestoreSeconds),
    row(
      'restore by the service (one small collection)',
      ({ partSeconds }) => partSeconds,
      ({ partReadBytes }) => partReadBytes,
      false,
    ),
  ];
  const [ofTool, ofWhole] = [toolShare(bench), wholeShare(bench)];
  return [
    `Restores by the service (${(bytes / 1e6).toFixed(0)} MB of BSON, median of ${runs.length}, interleaved, load average ${loadAverage.toFixed(1)})`,
    formatTable(rows),
    `service / mongorestore, run by run: ${ofTool === null ? 'left out' : ofTool.toFixed(2)} (at most ${mostOfTool})`,
    `small collection / everything, run by run: ${ofWhole.toFixed(3)} (under ${mostOfWhole})`,
  ].join('\n');
}

/** What was promised and is not so. */
export function missedGoals(bench: RestoreBench): readonly string[] {
  const [ofTool, ofWhole] = [toolShare(bench), wholeShare(bench)];
  return [
    ...(ofTool !== null && ofTool > mostOfTool ? [`${ofTool.toFixed(2)} times the time of mongorestore`] : []),
    ...(ofWhole >= mostOfWhole ? [`a small collection took ${ofWhole.toFixed(2)} of the whole restore`] : []),
  ];
}

/** Pair by pair: machines drift, pairs of one run do not. */
function toolShare({ runs }: RestoreBench): number | null {
  const shares = runs.flatMap(({ wholeSeconds, mongorestoreSeconds }) =>
    mongorestoreSeconds === null ? [] : [wholeSeconds / mongorestoreSeconds],
  );
  return shares.length === 0 ? null : median(shares);
}

function wholeShare({ runs }: RestoreBench): number {
  return median(runs.map(({ partSeconds, wholeSeconds }) => partSeconds / wholeSeconds));
}
