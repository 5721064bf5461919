import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { Request } from 'express';
import type { AuditRecord, Clock } from '#contracts';
import { networkOf } from '../http/throttle.middleware.js';
import { contextOf } from '../http/request-context.js';
import type { AuditLog, AuditedAct } from './audit-log.js';

export interface Refusal extends AuditedAct {
  /** So many of one kind, from one place, are entries of their own within a minute. Default 1. */
  readonly individually?: number;
}

const windowMs = 60_000;
/** Entries of their own within a minute, of all refusals together: whoever is many must not fill the log either. */
const mostIndividual = 100;
const mostKinds = 1_000;
/** Of what was refused so many are named in a sum, with their numbers. */
const mostNamed = 5;
const elsewhere = 'elsewhere';
const others = 'others';
const longestName = 50;
/** As of every entry. */
const longestText = 300;

interface Count {
  readonly refusal: Refusal;
  readonly actor: string;
  readonly address: string | null;
  seen: number;
  told: number;
  /** What was only counted, by what it was about. */
  readonly counted: Map<string, number>;
}

/** Refusals in the audit log: the first of a kind at once, what follows within a minute as one entry that counts it. */
export class RefusalLog implements BeforeApplicationShutdown {
  readonly #counts = new Map<string, Count>();
  #individual = 0;
  #listener: (event: string) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** Is told of every refusal, whether it is an entry of its own or only counted. */
  listen(listener: (event: string) => void): void {
    this.#listener = listener;
  }

  note(request: Request, refusal: Refusal): void {
    this.#listener(refusal.event);
    this.#timer ??= setTimeout(() => this.flush(), windowMs).unref();
    const actor = contextOf(request).identity?.subject ?? 'anonymous';
    const address = request.ip === undefined ? null : networkOf(request.ip);
    const kind = JSON.stringify([refusal.event, actor, address]);
    const isNew = !this.#counts.has(kind);
    const key = isNew && this.#counts.size >= mostKinds ? JSON.stringify([refusal.event, elsewhere]) : kind;
    const fresh = {
      refusal,
      seen: 0,
      told: 0,
      counted: new Map<string, number>(),
      ...(key === kind ? { actor, address } : { actor: 'anonymous', address: null }),
    };
    const count: Count = this.#counts.get(key) ?? fresh;
    this.#counts.set(key, count);
    count.seen += 1;
    const { individually = 1, ...entry } = refusal;
    if (count.told >= individually || this.#individual >= mostIndividual) {
      countIn(count.counted, entry.resource ?? '');
      return;
    }
    count.told += 1;
    this.#individual += 1;
    this.audit.note(request, { ...entry, outcome: 'failure' });
  }

  /** Tells what was only counted, and begins anew. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#individual = 0;
    for (const count of this.#counts.values()) if (count.seen > count.told) this.audit.keep(this.#sum(count));
    this.#counts.clear();
  }

  /** Before the audit log waits for its last entries. */
  beforeApplicationShutdown(): void {
    this.flush();
  }

  #sum({ refusal, actor, address, seen, told, counted }: Count): AuditRecord {
    return {
      at: this.clock.now(),
      event: refusal.event,
      ...{ actor, role: null, address, correlationId: null, resource: null, outcome: 'failure' },
      detail: `${seen - told} more within ${windowMs / 1000} s${named(counted)}`.slice(0, longestText),
    };
  }
}

/** Strangers choose what they ask for: beyond the first few it is only a number. */
function countIn(counted: Map<string, number>, resource: string): void {
  const own = resource.slice(0, longestName);
  const name = counted.has(own) || counted.size < mostNamed ? own : others;
  counted.set(name, (counted.get(name) ?? 0) + 1);
}

function named(counted: ReadonlyMap<string, number>): string {
  const names = [...counted].filter(([name]) => name !== '').map(([name, count]) => `${name} (${count})`);
  return names.length === 0 ? '' : `: ${names.join(', ')}`;
}
