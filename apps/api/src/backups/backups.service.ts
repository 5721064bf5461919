import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import type { Clock, CopyRecord } from '#contracts';
import { API_CONFIG, CATALOG, CLOCK } from '../core/tokens.js';
import { invalid } from '../http/validation.pipe.js';
import { TargetStates } from '../targets/target-states.js';
import type { BackupDetailsDto } from './backup.dto.js';
import type { ListQuery } from './backup-queries.dto.js';
import { findBackup } from './find-backup.js';
import { Recent } from './recent.js';
import { recoveryOf } from './recovery.js';
import { statistics, type Statistics } from './statistics.js';
import { toBackup, toBackupDetails } from './to-backup.js';
import type { BackupPageDto } from './replies.dto.js';
import type { Plain } from '../http/plain.js';

/** Statistics read every record of a backup that is still there. */
const statisticsKept = { leastMs: 1_000, mostMs: 10_000 };

/** Reads of the catalogue; they go on while the queue is down. */
@Injectable()
export class BackupsService {
  readonly #statistics: Recent<Statistics>;

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TargetStates) private readonly targets: TargetStates,
  ) {
    this.#statistics = new Recent({ ...statisticsKept, monotonicMs: () => this.clock.monotonicMs() });
  }

  async list(query: ListQuery): Promise<Plain<BackupPageDto>> {
    const { page, limit, from, to } = query;
    if (from !== undefined && to !== undefined && from > to)
      throw invalid([{ field: 'from', message: 'from must not be after to' }]);
    const { status, target, trigger, sortBy, sortOrder } = query;
    const { data, total } = await this.catalog.backups.list({
      page,
      limit,
      sortBy,
      sortOrder,
      ...(status === undefined ? {} : { status }),
      ...(target === undefined ? {} : { target }),
      ...(trigger === undefined ? {} : { trigger }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
    const copies = await this.#copiesOf(data.map(({ backupId }) => backupId));
    return {
      data: data.map((record) => toBackup(record, copies)),
      pagination: { page, limit, total, totalPages: Math.ceil(total / limit) },
    };
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

  /** A second old at most, or up to ten where they take long. */
  stats(target: string | undefined): Promise<Statistics> {
    return this.#statistics.get(target ?? '', () => this.#stats(target));
  }

  async #stats(target: string | undefined): Promise<Statistics> {
    const now = this.clock.now();
    const filter = target === undefined ? {} : { target };
    const [stats, history, states] = await Promise.all([
      this.catalog.backups.stats(filter, now),
      this.catalog.backups.storageHistory(filter, now),
      this.targets.all(now),
    ]);
    const asked = states.filter((state) => target === undefined || state.target === target);
    const recovery = await recoveryOf(
      this.catalog,
      asked.map((state) => state.target),
      now,
    );
    const { quota } = this.config.store;
    return statistics(stats, { quota, history, now, targets: asked, recovery });
  }
}
