import type { OnApplicationShutdown } from '@nestjs/common';
import type { Request } from 'express';
import type { Catalog } from '#catalog';
import type { AuditRecord, Clock } from '#contracts';
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

/**
 * Who did what, kept in the catalogue. What changes a record is noted after it happened, without holding up the reply: the record tells
 * of it as well, and an entry that cannot be kept is written to the log instead. What leaves no other trace (a download) is kept first,
 * or it does not happen.
 */
export class AuditLog implements OnApplicationShutdown {
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    private readonly catalog: Catalog,
    private readonly clock: Clock,
    private readonly log: ServiceLog,
  ) {}

  note(request: Request, entry: AuditEntry): void {
    const record = this.#record(request, entry);
    const kept = this.catalog.audit.append(record).catch((error: unknown) => {
      this.log.failure(error, { lostAuditEntry: record });
    });
    this.#underWay.add(kept);
    void kept.finally(() => this.#underWay.delete(kept));
  }

  /** Throws `catalog/…` when the entry cannot be kept. */
  async require(request: Request, entry: AuditEntry): Promise<void> {
    await this.catalog.audit.append(this.#record(request, entry));
  }

  /** When every entry that was noted so far is kept, or in the log. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  onApplicationShutdown(): Promise<void> {
    return this.settled();
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
      resource: entry.resource ?? null,
      outcome: entry.outcome,
      detail: entry.detail ?? null,
    };
  }
}
