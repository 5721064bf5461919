import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { alertKey, notifyJob, type Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import { mayAct, type AuditRecord, type Clock, type NotificationRecord, type WorkerReport } from '#contracts';
import { quietly } from '#logging';
import type { Channel } from '#notify';
import type { JobQueue } from '#queue';
import { AuditLog } from '../audit/audit-log.js';
import { RefusalLog } from '../audit/refusal-log.js';
import type { Identity } from '../auth/identity.js';
import { API_CONFIG, CATALOG, CHANNELS, CLOCK, JOB_QUEUE } from '../core/tokens.js';
import { ServiceLog } from '../logging/service-log.js';
import { ActivityCounts } from './activity-counts.js';
import type { Finding } from './finding.js';
import { NewPlaces } from './new-places.js';

const kind = 'unusual-activity';

/**
 * Many failed logins, downloads or deletions within the window, restores over data, tokens and keys that are used from a new place: an entry of the audit log and an
 * alert, once while it lasts. It only watches: it refuses nobody, holds up no reply, and what fails in it is a line of the log.
 */
@Injectable()
export class UnusualActivity implements BeforeApplicationShutdown {
  readonly #counts: ActivityCounts;
  readonly #places: NewPlaces;
  readonly #once: ReturnType<typeof quietly>;
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(CHANNELS) private readonly channels: readonly Channel[],
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(ServiceLog) private readonly log: ServiceLog,
    @Inject(RefusalLog) refusals: RefusalLog,
  ) {
    const { redisUrl, redisPrefix: prefix, unusual } = config;
    this.#counts = new ActivityCounts({ redisUrl, prefix, windowSeconds: unusual.windowSeconds, clock });
    this.#places = new NewPlaces({
      ...{ counts: this.#counts, clock },
      tell: (finding) => this.#tell(finding),
      aside: (work) => this.#aside(work),
    });
    this.#once = quietly(clock);
    audit.listen((record) => this.#aside(() => this.#acted(record)));
    refusals.listen((event) => {
      if (event === 'authn_login_fail') this.#aside(() => this.#failedLogin());
    });
  }

  /** Somebody came in, with a token or by what it was given out for. */
  seen(identity: Identity, address: string | undefined): void {
    const { role } = identity;
    if (!this.config.unusual.newPlaces || address === undefined || role === null || !mayAct(role, 'operator')) return;
    this.#places.seenToken(identity, address);
  }

  /** Of all workers that are alive: which keys they hold, and where. */
  seenWorkers(workers: readonly Pick<WorkerReport, 'keyIds' | 'host'>[]): void {
    if (!this.config.unusual.newPlaces) return;
    for (const { host, keyIds } of workers) for (const keyId of keyIds) this.#places.seenKey(keyId, host);
  }

  /** What is over. Called now and then. */
  async clearQuiet(): Promise<readonly NotificationRecord[]> {
    const cleared: NotificationRecord[] = [];
    for (const { key } of (await this.catalog.alerts.raised()).filter((alert) => alert.kind === kind)) {
      if ((await this.#counts.isMarked(key)) !== false) continue;
      const at = this.clock.now();
      const message = `It has not gone on (${key.slice(kind.length + 1)})`;
      const told = await this.catalog.alerts.clear(key, { message, at, target: null, backupId: null });
      if (told !== null) cleared.push(told);
    }
    return cleared;
  }

  /** When everything that was noticed so far is told. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Before the audit log waits for its last entries. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#places.close();
    await this.settled();
    this.#counts.close();
  }

  #failedLogin(): Promise<void> {
    return this.#counted('failed-logins', 'all', this.config.unusual.failedLogins, {
      ...{ actor: 'anonymous', address: null },
      words: 'logins failed',
      hint: 'The audit log tells from where (GET /api/admin/audit?event=authn_login_fail). Ten a minute from one address is the limit; block the addresses before the API',
    });
  }

  async #acted({ event, outcome, actor, address, detail }: AuditRecord): Promise<void> {
    const { downloads, deletes, restoresOverData } = this.config.unusual;
    if (outcome !== 'success') return;
    const hint = `Ask ${actor}. If it was somebody else: revoke the token (POST /api/admin/tokens/revoke)`;
    const by = { actor, address, hint };
    if (event === 'sensitive_read')
      await this.#counted('downloads', actor, downloads, { ...by, words: `downloads were asked for by ${actor}` });
    else if (event === 'sensitive_delete')
      await this.#counted('deletes', actor, deletes, { ...by, words: `backups were deleted by ${actor}` });
    else if (event === 'sensitive_restore') {
      const words = `restore(s) over data or users by ${actor} (the last: ${detail ?? 'unknown'})`;
      await this.#counted('restores-over-data', actor, restoresOverData, { ...by, words });
    }
  }

  /** At the threshold and beyond it is unusual; 0: it never is. */
  async #counted(
    what: string,
    who: string,
    threshold: number,
    how: Pick<Finding, 'actor' | 'address' | 'hint'> & { readonly words: string },
  ): Promise<void> {
    if (threshold === 0) return;
    const state = `${what}/${who}`;
    const { words, ...more } = how;
    const seconds = this.config.unusual.windowSeconds;
    const count = await this.#counts.count(state);
    if (count < threshold) return;
    const message = `${count} ${words} within ${Math.round(seconds / 60)} minutes`;
    await this.#tell({ state, seconds, message, ...more });
  }

  async #tell({ state, seconds, message, hint, actor, address }: Finding): Promise<void> {
    const key = alertKey(kind, state);
    await this.#counts.mark(key, seconds);
    const at = this.clock.now();
    const channels = this.channels.map(({ name }) => name);
    const none = { target: null, backupId: null, correlationId: null };
    const raised = await this.catalog.alerts.raise({ ...none, key, kind, message, hint, at, channels });
    // It lasts, and was told.
    if (raised === null) return;
    this.log.warn('alert', { alert: kind, state, notificationId: raised.notificationId, message });
    this.audit.keep({
      ...{ at, event: 'unusual_activity', actor, role: null, address, correlationId: null },
      ...{ resource: state.slice(0, 300), outcome: 'success', detail: message.slice(0, 300) },
    });
    // A queue that is down: the next look of the upkeep finds it.
    await this.queue.add(notifyJob(raised.notificationId)).catch(() => undefined);
  }

  #aside(work: () => Promise<void>): void {
    const done = work().catch((error: unknown) => this.#once('unusual', () => this.log.failure(error)));
    this.#underWay.add(done);
    void done.finally(() => this.#underWay.delete(done));
  }
}
