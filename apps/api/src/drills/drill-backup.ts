import { Inject, Injectable } from '@nestjs/common';
import { drillJob, recoveryPointOf, wholeGoodOnes, type Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import {
  AppError,
  compactTime,
  randomSuffix,
  type BackupRecord,
  type Clock,
  type DrillChoice,
  type DrillRecord,
  type JobSink,
  type Random,
} from '#contracts';
import { unauthorized } from '../auth/access.guard.js';
import { findBackup, notCompleted } from '../backups/find-backup.js';
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE, RANDOM } from '../core/tokens.js';
import type { Plain } from '../http/plain.js';
import type { RequestContext } from '../http/request-context.js';
import { reserveId } from '../idempotency/idempotent-run.js';
import { ServiceLog } from '../logging/service-log.js';
import { enqueueOrWithdraw } from '../queue/enqueue-or-withdraw.js';
import type { DrillDto } from './drill-requests.dto.js';
import { oneByLot } from './one-by-lot.js';
import { scratchTargetFor } from './scratch-target.js';

/** A drill that a person asked for: record and job, or neither. */
@Injectable()
export class DrillBackup {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  async begin(wish: Plain<DrillDto>, context: RequestContext): Promise<DrillRecord> {
    const { subject } = context.identity ?? {};
    if (subject === undefined) throw unauthorized();
    const { choice, backup } = await this.#choose(wish);
    const { backupId, target } = backup;
    const targetName = scratchTargetFor(this.config, target, wish.targetName);
    const createdAt = this.clock.now();
    const fresh = `drill-${compactTime(createdAt)}-${randomSuffix(this.random, 6)}`;
    const { id: drillId, repeated } = await reserveId(context, fresh);
    // Of the same request, cut off before: it may have got any distance.
    const made = repeated ? await this.catalog.drills.find(drillId) : null;
    if (made !== null) {
      if (made.status === 'pending') await this.#enqueue(made, context);
      return made;
    }
    const { correlationId } = context;
    const inserted = await this.catalog.drills.insert({
      ...{ drillId, trigger: 'manual', choice, slot: null, target, backupId, targetName },
      ...{ createdAt, correlationId, requestedBy: subject },
    });
    // It was deleted meanwhile, or is about to be.
    if (inserted.outcome !== 'inserted') throw notCompleted(await findBackup(this.catalog, backupId));
    await this.#enqueue(inserted.record, context);
    return inserted.record;
  }

  async #choose(wish: Plain<DrillDto>): Promise<{ readonly choice: DrillChoice; readonly backup: BackupRecord }> {
    const { backupId, target, choice = 'newest' } = wish;
    if (backupId !== undefined) return { choice: 'asked', backup: await this.#asked(backupId, wish) };
    return { choice, backup: await (choice === 'newest' ? this.#newest(target) : this.#older(target)) };
  }

  async #asked(backupId: string, wish: Plain<DrillDto>): Promise<BackupRecord> {
    if (wish.choice !== undefined) {
      throw new AppError({
        code: 'request/unsupported',
        stage: 'request',
        message: `choice (${wish.choice}) and backupId (${backupId}) name two backups`,
        hint: 'Leave one of them out',
      });
    }
    const backup = await findBackup(this.catalog, backupId);
    if (wish.target !== undefined && wish.target !== backup.target) {
      throw new AppError({
        code: 'request/unsupported',
        stage: 'request',
        message: `${backupId} is no backup of ${wish.target}`,
        hint: 'Leave target out, or name another backup',
      });
    }
    if (backup.status !== 'completed') throw notCompleted(backup);
    return backup;
  }

  async #newest(wanted: string | undefined): Promise<BackupRecord> {
    const target = wanted ?? this.#onlyTarget();
    const newest = await recoveryPointOf(this.catalog, target);
    if (newest !== null) return newest;
    throw new AppError({
      code: 'target/unknown',
      stage: 'request',
      message: `There is no good backup of ${target}`,
      hint: 'Make a backup first: POST /api/admin/backups/trigger',
    });
  }

  async #older(wanted: string | undefined): Promise<BackupRecord> {
    const target = wanted ?? this.#onlyTarget();
    const [, ...older] = await wholeGoodOnes(this.catalog, target);
    const backupId = oneByLot(older, this.random);
    if (backupId !== undefined) return findBackup(this.catalog, backupId);
    throw new AppError({
      code: 'request/unsupported',
      stage: 'request',
      message: `There is no good backup of ${target} before its newest one`,
      hint: 'Leave choice out: the newest is drilled, where there is one',
    });
  }

  #onlyTarget(): string {
    const [first, ...others] = this.config.targets;
    if (first !== undefined && others.length === 0) return first.name;
    throw new AppError({
      code: 'request/unsupported',
      stage: 'request',
      message: 'There are several targets',
      hint: 'Name one in target, or a backup in backupId',
    });
  }

  #enqueue(record: DrillRecord, { deadline }: RequestContext): Promise<void> {
    const { drillId } = record;
    return enqueueOrWithdraw(
      { id: drillId, job: drillJob(record), withdraw: () => this.catalog.drills.withdraw(drillId) },
      { queue: this.queue, deadline, log: this.log },
    );
  }
}
