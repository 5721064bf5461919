import type { OnApplicationShutdown } from '@nestjs/common';
import type { Request } from 'express';
import type { Catalog } from '#catalog';
import { AppError, type AuditRecord, type Clock } from '#contracts';
import { contextOf } from '../http/request-context.js';
import type { ServiceLog } from '../logging/service-log.js';

export interface AuditEntry {
  /** OWASP's vocabulary where it has a word: `authn_login_success`, `authz_fail`, `sensitive_delete` … */
  readonly event: string;
  readonly outcome: AuditRecord['outcome'];
  readonly resource?: string;
  readonly detail?: string;
  /** Default: the subject of the token, or `anonymous`. */
  readonly actor?: string;
}

/** What somebody tries to do. */
export type AuditedAct = Omit<AuditEntry, 'outcome' | 'actor'>;

/** Paths of strangers stand in entries. */
const longestText = 300;

/**
 * Who did what, kept in the catalogue. What changes a record is noted after it happened, without holding up the reply: the record tells
 * of it as well, and an entry that cannot be kept is written to the log instead. What leaves no other trace (a download) is kept first,
 * or it does not happen. Number and hash of each entry go to the log,
 * at every level: there they can be compared (`hazina audit verify --head`).
 */
export class AuditLog implements OnApplicationShutdown {
  readonly #underWay = new Set<Promise<void>>();
  #listener: (record: AuditRecord) => void = () => undefined;

  constructor(
    private readonly catalog: Catalog,
    private readonly clock: Clock,
    private readonly log: ServiceLog,
  ) {}

  /** Is told of every entry of a request, kept or not. */
  listen(listener: (record: AuditRecord) => void): void {
    this.#listener = listener;
  }

  note(request: Request, entry: AuditEntry): void {
    const record = this.#record(request, entry);
    this.#listener(record);
    this.keep(record);
  }

  /** Does it, and notes what came of it: a refusal as well. `resourceOf` names what was made by it. */
  async act<T>(
    request: Request,
    act: AuditedAct,
    work: () => Promise<T>,
    resourceOf?: (done: T) => string,
  ): Promise<T> {
    const done = await this.refused(request, act, work);
    this.note(request, { ...act, ...(resourceOf && { resource: resourceOf(done) }), outcome: 'success' });
    return done;
  }

  /** The same of what is noted by another entry when it is done: here only that it was refused. */
  async refused<T>(request: Request, act: AuditedAct, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code } = AppError.from(error, 'request');
      const detail = act.detail === undefined ? code : `${act.detail}: ${code}`;
      this.note(request, { ...act, detail, outcome: 'failure' });
      throw error;
    }
  }

  /** Throws `catalog/…` when the entry cannot be kept. */
  async require(request: Request, entry: AuditEntry): Promise<void> {
    const record = this.#record(request, entry);
    await this.#append(record);
    this.#listener(record);
  }

  /** An entry that is not of one request. */
  keep(record: AuditRecord): void {
    const kept = this.#append(record).catch((error: unknown) => {
      this.log.loss(error, { lostAuditEntry: record });
    });
    this.#underWay.add(kept);
    void kept.finally(() => this.#underWay.delete(kept));
  }

  /** When every entry that was noted so far is kept, or in the log. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  onApplicationShutdown(): Promise<void> {
    return this.settled();
  }

  async #append(record: AuditRecord): Promise<void> {
    const { sequence, hash, event } = await this.catalog.audit.append(record);
    this.log.evidence('audit', { sequence, hash, event });
  }

  #record(request: Request, entry: AuditEntry): AuditRecord {
    const { identity, correlationId } = contextOf(request);
    return {
      at: this.clock.now(),
      event: entry.event,
      actor: entry.actor ?? identity?.subject ?? 'anonymous',
      role: identity?.role ?? null,
      address: request.ip ?? null,
      correlationId,
      resource: entry.resource?.slice(0, longestText) ?? null,
      outcome: entry.outcome,
      detail: entry.detail?.slice(0, longestText) ?? null,
    };
  }
}
