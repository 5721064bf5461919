import { slotBackupId } from './ids.js';
import type { RecordedError, Claim } from './records.js';
import type { TaskState } from './states.js';
import type { Stage } from './error-codes.js';

// Drills: a backup that is restored into a scratch database, compared, and dropped again (docs/DESIGN.md).

export const drillIdPattern = /^drill-\d{8}T\d{6}Z-[a-z0-9]{6}$/;

export function isDrillId(text: string): boolean {
  return drillIdPattern.test(text);
}

/** A count that a query must give; null: no bound. */
export interface DrillExpectation {
  readonly min: number | null;
  readonly max: number | null;
}

/** A question that the restored data must answer: how many documents of a collection match. */
export interface DrillQuery {
  readonly name: string;
  readonly database: string;
  readonly collection: string;
  /** Extended JSON; `{"$ago": "2d"}` stands for the time so long before the backup was begun. */
  readonly query: string;
  readonly expect: DrillExpectation;
}

export interface DrillReport {
  readonly outcome: 'equal' | 'different';
  readonly namespaces: readonly DrilledNamespace[];
  readonly queries: readonly DrillAnswer[];
  /** What is worth knowing and no difference: what the server does not keep, notes of the loader. */
  readonly warnings: readonly string[];
  readonly documents: number;
  /** BSON bytes. */
  readonly bytes: number;
  /** From the first look at the backup until every collection with its indexes was there: how long a restore takes. The comparison does not count. */
  readonly restoreMs: number;
  readonly compareMs: number;
}

export interface DrilledNamespace {
  /** Its name in the backup. */
  readonly db: string;
  readonly collection: string;
  readonly type: 'collection' | 'view' | 'timeseries';
  readonly documents: number;
  readonly indexes: number;
  /** In words; empty when all is equal. */
  readonly differences: readonly string[];
}

export interface DrillAnswer {
  readonly name: string;
  /** Null when it could not be asked. */
  readonly count: number | null;
  readonly expect: DrillExpectation;
  readonly ok: boolean;
}

export const drillTriggers = ['manual', 'schedule'] as const;
export type DrillTrigger = (typeof drillTriggers)[number];

/** Which backup a drill takes: scheduled ones in turn the newest and a random older one. */
export const drillChoices = ['newest', 'older', 'asked'] as const;
export type DrillChoice = (typeof drillChoices)[number];

/** The id of a scheduled drill: the same for a slot everywhere, so that any number of processes make one. */
export function slotDrillId(target: string, slot: Date): string {
  return `drill-${slotBackupId(target, slot).slice(target.length + 1)}`;
}

export interface DrillRecord {
  readonly drillId: string;
  readonly status: TaskState;
  readonly trigger: DrillTrigger;
  readonly choice: DrillChoice;
  /** The scheduled time; null for one that was asked for. */
  readonly slot: Date | null;
  /** Whose backup. */
  readonly target: string;
  readonly backupId: string;
  /** The restore target that it goes into. */
  readonly targetName: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly correlationId: string;
  readonly requestedBy: string;
  readonly stage: Stage | null;
  readonly report: DrillReport | null;
  readonly errorMessage: string | null;
  readonly error: RecordedError | null;
  readonly failures: number;
  readonly claim: Claim;
  readonly jobNumber: number;
  readonly nextAttemptAt: Date | null;
  readonly cancelRequestedAt: Date | null;
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `30m`, `12h`, `2d`, `1w` in milliseconds; null when it is no such text. */
export function parseAgo(text: string): number | null {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const ms = unitMs[unit];
  return ms === undefined ? null : Number(count) * ms;
}

/** `5`, `10..20`, `> 0`, `>= 1`, `< 9`, `<= 8`; null when it is none of them. */
export function parseExpectation(text: string): DrillExpectation | null {
  const compact = text.replaceAll(/\s+/g, '');
  const [, low, high] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(compact) ?? [];
  if (low !== undefined && high !== undefined)
    return Number(low) <= Number(high) ? { min: Number(low), max: Number(high) } : null;
  const [, sign, digits] = /^(>=|<=|>|<|)(\d{1,15})$/.exec(compact) ?? [];
  if (sign === undefined || digits === undefined) return null;
  const count = Number(digits);
  switch (sign) {
    case '>':
      return { min: count + 1, max: null };
    case '>=':
      return { min: count, max: null };
    case '<':
      return count === 0 ? null : { min: null, max: count - 1 };
    case '<=':
      return { min: null, max: count };
    default:
      return { min: count, max: count };
  }
}

/** How an expectation is told to people. */
export function expectationText({ min, max }: DrillExpectation): string {
  if (min !== null && max !== null) return min === max ? String(min) : `${min}..${max}`;
  return min !== null ? `>= ${min}` : `<= ${max ?? 0}`;
}

/** Puts times in the place of `{"$ago": …}`. Throws an Error when the text is no JSON object, or names an age that is none. */
export function drillFilter(query: string, begun: Date): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(query);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('it is no JSON object');
  return resolveAges(parsed, begun) as Record<string, unknown>;
}

function resolveAges(value: unknown, begun: Date): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveAges(item, begun));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === '$ago') {
    const ms = typeof first[1] === 'string' ? parseAgo(first[1]) : null;
    if (ms === null) throw new Error('$ago takes an age such as 30m, 12h, 2d or 1w');
    return { $date: new Date(begun.getTime() - ms).toISOString() };
  }
  return Object.fromEntries(entries.map(([name, item]) => [name, resolveAges(item, begun)]));
}
