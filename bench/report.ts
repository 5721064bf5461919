import { formatTable } from './table.js';
import { median, type Measurement } from './measure.js';

export interface Result {
  readonly name: string;
  readonly runs: readonly Measurement[];
}

export interface Round {
  readonly title: string;
  /** Bytes of archive that a run handles. */
  readonly bytes: number;
  readonly results: readonly Result[];
}

/** Times as medians, and ratios run by run to the first contestant: machines drift, pairs of one round do not. */
export function describeRound({ title, bytes, results }: Round): string {
  const [first] = results;
  const header = ['', 'seconds', 'min–max', 'MB/s', 'first/this', 'peak RSS'];
  const rows = results.map(({ name, runs }) => {
    const seconds = runs.map((run) => run.seconds);
    const ratios = runs.map((run, index) => (first?.runs[index]?.seconds ?? Number.NaN) / run.seconds);
    return [
      name,
      median(seconds).toFixed(2),
      `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}`,
      (bytes / 1e6 / median(seconds)).toFixed(0),
      median(ratios).toFixed(2),
      `${(Math.max(...runs.map((run) => run.peakRssBytes)) / 1e6).toFixed(0)} MB`,
    ];
  });
  return `${title} (${(bytes / 1e6).toFixed(0)} MB of archive, median of ${first?.runs.length ?? 0}, interleaved)\n${formatTable([header, ...rows])}`;
}
