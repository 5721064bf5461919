import { Inject, Injectable } from '@nestjs/common';
import {
  statsOf,
  type After,
  type Catalog,
  type CatalogStats,
  type CatalogTotals,
  type StorageHistory,
} from '#catalog';
import type { ApiConfig } from '#config';
import type { BackupRecord, Clock, CopyRecord } from '#contracts';
import { API_CONFIG, CATALOG, CLOCK } from '../core/tokens.js';
import { listed, readCursor, type Listed } from '../http/list-cursor.js';
import { invalid } from '../http/validation.pipe.js';
import { TargetStates, type TargetState } from '../targets/target-states.js';
import type { BackupDetailsDto } from './backup.dto.js';
import type { ListQuery } from './backup-queries.dto.js';
import { findBackup } from './find-backup.js';
import { Links } from './links.js';
import { MadeOnce } from './made-once.js';
import { Recent } from './recent.js';
import { recoveryHistoriesOf, recoveryOf, type Recovery, type RecoveryHistories } from './recovery.js';
import { statistics, type Statistics } from './statistics.js';
import { markOfThere } from './there.js';
import { toBackup, toBackupDetails } from './to-backup.js';
import type { BackupPageDto } from './replies.dto.js';
import type { Plain } from '../http/plain.js';

/**
 * Statistics add up every record of a backup that is still there: once for all who ask, whatever they ask for; and beside the requests, where they are asked for all the
 * time. They take a tenth of the time of one connection: a server that is slow because much is asked of it must not be read through all the time as well.
 */
const statisticsKept = { leastMs: 1_000, mostMs: 30_000, renewedAfter: 0.75 };

/**
 * What is looked up for each target by itself is many questions: only when the backups that are there have changed, and now and then. Of a window of two weeks ten
 * minutes more tell nothing new.
 */
const ofEachKept = { leastMs: 600_000, mostMs: 600_000, renewedAfter: 0.75 };

/** Some questions for each target, of which the answers change with what a worker ends, not every second. */
const recoveryKept = { ...statisticsKept, mostMs: 5_000, times: 100 };

/** What the statistics of all and of each target are made of. */
interface Look {
  readonly totals: CatalogTotals;
  readonly states: readonly TargetState[];
}

/** Reads of the catalogue; they go on while the queue is down. */
@Injectable()
export class BackupsService {
  readonly #looks: Recent<Look>;
  readonly #recoveries: Recent<ReadonlyMap<string, Recovery>>;
  readonly #durations: Recent<CatalogStats['durationPercentilesMs']>;
  readonly #histories: Recent<StorageHistory>;
  readonly #recoveryHistories: Recent<RecoveryHistories>;
  readonly #statistics = new MadeOnce<Statistics>();

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TargetStates) private readonly targets: TargetStates,
    @Inject(Links) private readonly links: Links,
  ) {
    const monotonicMs = (): number => this.clock.monotonicMs();
    this.#looks = new Recent({ ...statisticsKept, monotonicMs });
    this.#recoveries = new Recent({ ...recoveryKept, monotonicMs });
    this.#durations = new Recent({ ...ofEachKept, monotonicMs });
    this.#histories = new Recent({ ...ofEachKept, monotonicMs });
    this.#recoveryHistories = new Recent({ ...ofEachKept, monotonicMs });
  }

  async list(query: ListQuery): Promise<Listed<BackupPageDto>> {
    const { page, limit, from, to } = query;
    if (from !== undefined && to !== undefined && from > to)
      throw invalid([{ field: 'from', message: 'from must not be after to' }]);
    const { status, target, trigger, sortBy, sortOrder } = query;
    const path = this.links.path('/api/admin/backups');
    const asked = { page, limit, status, target, trigger, from, to, sortBy, sortOrder, cursor: query.cursor };
    const after = readCursor(path, asked);
    const found = await this.catalog.backups.list({
      page,
      limit,
      sortBy,
      sortOrder,
      ...(after === undefined ? {} : { after }),
      ...(status === undefined ? {} : { status }),
      ...(target === undefined ? {} : { target }),
      ...(trigger === undefined ? {} : { trigger }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
    const copies = await this.#copiesOf(found.data.map(({ backupId }) => backupId));
    const place = (record: BackupRecord): After => ({ id: record.backupId, value: record[sortBy] });
    return listed(path, asked, found, (record) => toBackup(record, copies), place);
  }

  async show(backupId: string): Promise<Plain<BackupDetailsDto>> {
    const record = await findBackup(this.catalog, backupId);
    return toBackupDetails(record, await this.#copiesOf([backupId]));
  }

  /** In the order of the configuration; nothing is asked where there are no destinations. */
  async #copiesOf(backupIds: readonly string[]): Promise<readonly CopyRecord[]> {
    const names = this.config.destinations.map(({ name }) => name);
    if (names.length === 0) return [];
    const copies = await this.catalog.copies.of(backupIds);
    const rank = ({ destination }: CopyRecord): number => (names.indexOf(destination) + names.length) % names.length;
    return [...copies].sort((a, b) => rank(a) - rank(b) || (a.destination < b.destination ? -1 : 1));
  }

  /** A second old at most; where they take long, ten times that, up to half a minute (the forecast of the quota: up to ten minutes). */
  async stats(target: string | undefined): Promise<Statistics> {
    const filter = target === undefined ? {} : { target };
    const look = await this.#looks.get('', () => this.#look());
    const { totals, states } = look;
    const all = markOfThere(totals, undefined);
    const key = `${target ?? ''} ${markOfThere(totals, target)}`;
    const names = this.config.targets.map(({ name }) => name);
    const [recovery, recoveryHistories, durations, history] = await Promise.all([
      this.#recoveries.get(all, () => recoveryOf(this.catalog, names, this.clock.now())),
      this.#recoveryHistories.get(all, () => recoveryHistoriesOf(this.catalog, names, this.clock.now())),
      this.#durations.get(key, () => this.catalog.backups.durations(filter, this.clock.now())),
      this.#histories.get(key, () => this.catalog.backups.storageHistory(filter, this.clock.now())),
    ]);
    return this.#statistics.of(look, target ?? '', [recovery, recoveryHistories, durations, history], () => {
      const targets = states.filter((state) => target === undefined || state.target === target);
      const { quota } = this.config.store;
      return statistics(statsOf(totals, durations, target), {
        ...{ quota, history, now: totals.now, targets, recovery, recoveryHistories },
      });
    });
  }

  async #look(): Promise<Look> {
    const now = this.clock.now();
    const totals = this.catalog.backups.totals(now);
    const ends = totals.then((found) => found.ends);
    const [found, states] = await Promise.all([totals, this.targets.all(now, undefined, ends)]);
    return { totals: found, states };
  }
}
