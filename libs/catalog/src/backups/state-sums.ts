import type { StateSums } from '../contract/stats.js';
import { op, type Filter } from '../store/record-collection.js';
import type { Backups } from './backup-record.js';
import { dayBefore, latest } from './stats-of.js';

/** What was made so long ago rarely changes. */
const settledDays = 7;
/** Records that were deleted and ones that were put in at the same moment could make up for each other. */
const longestMs = 600_000;
/** So many changes, and it is not worth asking whose they were. */
const mostChanges = 1_000;
/** Writes become visible later than their times by at most so much: a majority of the servers has them within 15 s, or the write has failed. */
const overlapMs = 20_000;

/** The records that are there, added up by target and state. */
export async function stateSums(backups: Backups, filter: Filter): Promise<readonly StateSums[]> {
  type Group = { readonly _id: Pick<StateSums, 'target' | 'status'> } & Omit<StateSums, 'target' | 'status'>;
  const groups = await backups.sum<Group>([
    { $match: { listed: true, ...filter } },
    {
      $group: {
        _id: { target: '$target', status: '$status' },
        count: { $sum: 1 },
        bytes: { $sum: '$size' },
        durationMs: { $sum: { $subtract: ['$completedAt', '$startedAt'] } },
        startedAt: { $max: '$startedAt' },
        verifiedAt: { $max: '$verificationStatus.verifiedAt' },
      },
    },
  ]);
  return groups.map(({ _id, ...sums }) => ({ ..._id, ...sums }));
}

interface Settled {
  readonly before: Date;
  /** By the server. */
  readonly readAt: Date;
  readonly count: number;
  readonly sums: readonly StateSums[];
}

/**
 * The same again and again: what was made more than a week ago is read anew only when one of those records was changed or their number is another one, else what it came to
 * is remembered. Adding up reads every record, and nearly all of them are old.
 */
export class SettledStateSums {
  #settled: Settled | undefined;

  constructor(
    private readonly backups: Backups,
    private readonly serverNow: () => Promise<Date>,
  ) {}

  async of(now: Date): Promise<readonly StateSums[]> {
    const before = dayBefore(now, settledDays);
    const settled = await this.#settledBefore(before);
    return added([...settled, ...(await stateSums(this.backups, { createdAt: { $gte: before } }))]);
  }

  async #settledBefore(before: Date): Promise<readonly StateSums[]> {
    const old = { createdAt: op({ $lt: before }) };
    const [readAt, count] = await Promise.all([this.serverNow(), this.backups.countAll({ listed: true, ...old })]);
    const known = this.#settled;
    if (known !== undefined && (await this.#holds(known, { before, readAt, count }))) return known.sums;
    const sums = await stateSums(this.backups, { createdAt: { $lt: before } });
    this.#settled = { before, readAt, count, sums };
    return sums;
  }

  async #holds(known: Settled, { before, readAt, count }: Omit<Settled, 'sums'>): Promise<boolean> {
    const sinceMs = readAt.getTime() - known.readAt.getTime();
    if (known.before.getTime() !== before.getTime() || known.count !== count) return false;
    if (sinceMs < 0 || sinceMs > longestMs) return false;
    const changedAt = op({ $gt: new Date(known.readAt.getTime() - overlapMs) });
    const changed = await this.backups.find({ changedAt }, { only: ['createdAt'], limit: mostChanges });
    return changed.length < mostChanges && changed.every(({ createdAt }) => createdAt >= before);
  }
}

/** One of each target and state. */
function added(sums: readonly StateSums[]): readonly StateSums[] {
  const byKey = new Map<string, StateSums>();
  for (const one of sums) {
    const key = JSON.stringify([one.target, one.status]);
    const other = byKey.get(key);
    byKey.set(key, other === undefined ? one : together(one, other));
  }
  return [...byKey.values()];
}

function together(one: StateSums, other: StateSums): StateSums {
  return {
    ...one,
    count: one.count + other.count,
    bytes: one.bytes + other.bytes,
    durationMs: one.durationMs + other.durationMs,
    startedAt: latest([one.startedAt, other.startedAt]),
    verifiedAt: latest([one.verifiedAt, other.verifiedAt]),
  };
}
