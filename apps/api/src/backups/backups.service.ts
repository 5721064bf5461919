import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import type { Clock } from '#contracts';
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
    return {
      data: data.map(toBackup),
      pagination: { page, limit, total, totalPages: Math.ceil(total / limit) },
    };
  }

  async show(backupId: string): Promise<Plain<BackupDetailsDto>> {
    return toBackupDetails(await findBackup(this.catalog, backupId));
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
