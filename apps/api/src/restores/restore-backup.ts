import { Inject, Injectable } from '@nestjs/common';
import { restoreJob, type Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import {
  AppError,
  newRestoreId,
  type BackupRecord,
  type Clock,
  type JobSink,
  type Random,
  type RestoreRecord,
} from '#contracts';
import { unauthorized } from '../auth/access.guard.js';
import { checkFresh } from '../auth/fresh-token.js';
import { findBackup, notCompleted } from '../backups/find-backup.js';
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE, RANDOM } from '../core/tokens.js';
import type { Plain } from '../http/plain.js';
import type { RequestContext } from '../http/request-context.js';
import { reserveId } from '../idempotency/idempotent-run.js';
import { enqueueOrWithdraw } from '../queue/enqueue-or-withdraw.js';
import { ServiceLog } from '../logging/service-log.js';
import { checkDatabases, checkTarget } from './check-restore.js';
import type { RestoreDto } from './restore-request.dto.js';

/** A restore that a person asked for: record and job, or neither. */
@Injectable()
export class RestoreBackup {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  async begin(backupId: string, wish: Plain<RestoreDto>, context: RequestContext): Promise<RestoreRecord> {
    const { subject, role } = context.identity ?? {};
    if (subject === undefined || role === undefined || role === null) throw unauthorized();
    checkTarget(wish, role, this.config.restoreTargets);
    // Over data, or over users: whoever found an old token cannot do harm for good.
    if ((wish.mode === 'replace' || wish.usersAndRoles === true) && wish.dryRun !== true && context.identity !== null)
      checkFresh(context.identity, this.clock);
    const backup = await findBackup(this.catalog, backupId);
    if (backup.use.kind === 'rewrite') throw notCompleted(backup);
    if (backup.status !== 'completed' && !(await this.#hasCopy(backup))) throw notCompleted(backup);
    checkDatabases(wish.databases ?? [], backup);
    const createdAt = this.clock.now();
    const fresh = newRestoreId(createdAt, this.random);
    const { id: restoreId, repeated } = await reserveId(context, fresh);
    // Of the same request, cut off before: it may have got any distance.
    const made = repeated ? await this.catalog.restores.find(restoreId) : null;
    if (made !== null) {
      if (made.status === 'pending') await this.#enqueue(made, context);
      return made;
    }
    const { targetName, mode } = wish;
    const inserted = await this.catalog.restores.insert({
      restoreId,
      ...{ createdAt, correlationId: context.correlationId, requestedBy: subject, role },
      ...{ backupId, targetName, mode, databases: wish.databases ?? [] },
      ...{ include: wish.include ?? [], exclude: wish.exclude ?? [], rename: wish.rename ?? [] },
      ...{ onConflict: wish.onConflict ?? 'fail', ignoreWrites: wish.ignoreWrites ?? false },
      oplogReplay: wish.oplogReplay ?? null,
      usersAndRoles: wish.usersAndRoles ?? false,
      dryRun: wish.dryRun ?? false,
    });
    if (inserted.outcome === 'busy') throw busy(targetName, inserted.runningId);
    // It was deleted meanwhile, or is about to be.
    if (inserted.outcome === 'no-backup') throw notCompleted(await findBackup(this.catalog, backupId));
    await this.#enqueue(inserted.record, context);
    return inserted.record;
  }

  /** Gone from the primary store, it can be read from a destination. */
  async #hasCopy({ backupId, status }: BackupRecord): Promise<boolean> {
    if (status !== 'missing') return false;
    return (await this.catalog.copies.of([backupId])).some(({ state }) => state === 'copied' || state === 'verifying');
  }

  #enqueue(record: RestoreRecord, { deadline }: RequestContext): Promise<void> {
    const { restoreId } = record;
    return enqueueOrWithdraw(
      { id: restoreId, job: restoreJob(record), withdraw: () => this.catalog.restores.withdraw(restoreId) },
      { queue: this.queue, deadline, log: this.log },
    );
  }
}

function busy(targetName: string, runningId: string): AppError {
  return new AppError({
    code: 'restore/busy',
    stage: 'request',
    message: `The restore ${runningId} into ${targetName} waits or runs`,
    hint: 'Wait for it, or cancel it',
    details: { runningId },
  });
}
