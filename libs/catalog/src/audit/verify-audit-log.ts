import type { ChainedAuditRecord } from '#contracts';
import type { AuditHead, AuditRepository } from '../contract/audit.js';
import { genesis, hashOf, purgeEvent, purgeOf, type Purge } from './audit-chain.js';
import { PurgeCheck } from './purge-check.js';

export interface AuditProblem {
  /**
   * `changed`: the entry is not what its hash was made of. `missing`: there is none of this number. `broken`: it does not follow the one before it, so one of
   * the two was replaced. `truncated`: entries after the last one were removed. `head`: what was noted of the end does not fit. `purged`: the note of a
   * removal says what no removal by retention leaves (`PurgeCheck`).
   */
  readonly kind: 'changed' | 'missing' | 'broken' | 'truncated' | 'head' | 'purged';
  readonly sequence: number;
  readonly message: string;
}

export interface AuditVerification {
  /** Entries that were looked at. */
  readonly entries: number;
  readonly first: number | null;
  readonly last: number | null;
  /** The last entry that retention removed; 0: none. */
  readonly purgedThrough: number;
  /** So old, in days, were the youngest that any removal took which is still noted; null: none is, or the newest is by an earlier version, which noted no age. */
  readonly purgedAfterDays: number | null;
  readonly head: AuditHead | null;
  /** The first hundred. */
  readonly problems: readonly AuditProblem[];
  readonly problemCount: number;
}

const pageSize = 1_000;
const mostProblems = 100;

const mostWalks = 3;

interface Request {
  readonly now: Date;
  readonly expected?: AuditHead | undefined;
}

/**
 * Reads the whole log and proves its chain. `expected` is a place that was noted elsewhere (each entry's stands in the API's log): whoever can rewrite the database
 * cannot rewrite that. What retention removes meanwhile is no gap: when it has gone on since, a log with problems is read once more.
 */
export async function verifyAuditLog(audit: AuditRepository, request: Request): Promise<AuditVerification> {
  for (let walk = 1; ; walk += 1) {
    const found = await walkOnce(audit, request);
    if (found.problemCount === 0 || walk === mostWalks) return found;
    if ((await lastPurge(audit)).sequence === found.purgedThrough) return found;
  }
}

async function walkOnce(audit: AuditRepository, { now, expected }: Request): Promise<AuditVerification> {
  const head = await audit.head();
  const bounds = await audit.bounds();
  const purged = await lastPurge(audit);
  const problems = new Problems();
  const purges = new PurgeCheck(purged, now, (sequence, message) => problems.add('purged', sequence, message));
  let entries = 0;
  let before: AuditHead | null = purged;
  let next = purged.sequence + 1;
  const last = bounds?.last ?? purged.sequence;
  for (let from = next; from <= last; from += pageSize) {
    for (const entry of await audit.range(from, Math.min(from + pageSize - 1, last))) {
      entries += 1;
      if (entry.sequence > next) {
        problems.add('missing', next, missing(next, entry.sequence - 1));
        before = null;
      }
      checkEntry(entry, before, problems);
      purges.look(entry);
      if (entry.sequence === expected?.sequence && entry.hash !== expected.hash)
        problems.add('head', entry.sequence, `Entry ${entry.sequence} has another hash than was noted elsewhere`);
      before = { sequence: entry.sequence, hash: entry.hash };
      next = entry.sequence + 1;
    }
  }
  checkEnd({ head, end: before, next, isEmpty: bounds === null }, problems);
  if (expected !== undefined && expected.sequence >= next && expected.sequence > (head?.sequence ?? 0))
    problems.add(
      'truncated',
      next,
      `Entry ${expected.sequence} was noted elsewhere: ${missing(next, expected.sequence)}`,
    );
  if (expected !== undefined) checkNoted(expected, purged, problems);
  return {
    ...{ entries, first: entries === 0 ? null : Math.max(bounds?.first ?? 0, purged.sequence + 1) },
    ...{ last: entries === 0 ? null : next - 1, head },
    ...{ purgedThrough: purged.sequence, purgedAfterDays: purges.youngestDays },
    ...{ problems: problems.first, problemCount: problems.count },
  };
}

function checkEntry(entry: ChainedAuditRecord, before: AuditHead | null, problems: Problems): void {
  const { sequence } = entry;
  if (hashOf(entry) !== entry.hash) problems.add('changed', sequence, `Entry ${sequence} was changed`);
  else if (before !== null && entry.previousHash !== before.hash)
    problems.add('broken', sequence, `Entry ${sequence} does not follow entry ${before.sequence}: one was replaced`);
}

/** What was noted of an entry that retention says to have removed: whoever forged that note of it would pass for whole. */
function checkNoted(expected: AuditHead, purged: AuditHead, problems: Problems): void {
  const { sequence } = expected;
  if (sequence > purged.sequence || sequence === genesis.sequence) return;
  if (sequence === purged.sequence && expected.hash === purged.hash) return;
  problems.add(
    'head',
    sequence,
    sequence === purged.sequence
      ? `Entry ${sequence}, the last one that retention removed, has another hash than was noted elsewhere`
      : `Entry ${sequence} was noted elsewhere, and all up to ${purged.sequence} are said to be removed by retention: that cannot be compared. Take a newer one out of the API's log`,
  );
}

interface End {
  readonly head: AuditHead | null;
  /** The last entry. */
  readonly end: AuditHead;
  readonly next: number;
  readonly isEmpty: boolean;
}

function checkEnd({ head, end, next, isEmpty }: End, problems: Problems): void {
  if (head === null) {
    if (!isEmpty)
      problems.add('head', next - 1, 'How far the log got is not noted any more: its end may have been cut off');
  } else if (head.sequence >= next) {
    problems.add('truncated', next, `The log ends too early: ${missing(next, head.sequence)}`);
  } else if (head.sequence === end.sequence && head.hash !== end.hash) {
    problems.add('head', end.sequence, `Entry ${end.sequence} is not the one that was noted as the newest`);
  }
}

/** What retention removed last; the beginning of the chain when it removed nothing. */
async function lastPurge(audit: AuditRepository): Promise<Purge> {
  const { data } = await audit.list({ limit: 1, event: purgeEvent });
  const [newest] = data;
  return (newest === undefined ? null : purgeOf(newest)) ?? { ...genesis, before: null };
}

function missing(first: number, last: number): string {
  return first === last ? `entry ${first} is missing` : `entries ${first} to ${last} are missing`;
}

class Problems {
  readonly first: AuditProblem[] = [];
  count = 0;

  add(kind: AuditProblem['kind'], sequence: number, message: string): void {
    this.count += 1;
    if (this.first.length < mostProblems) this.first.push({ kind, sequence, message });
  }
}
