import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#contracts';
import { CORE } from '../core/tokens.js';
import type { WorkerCore } from '../core/worker-core.js';
import { WorkerState, type WorkView } from './worker-state.js';

interface Finding {
  readonly status: 'up' | 'down';
  readonly [fact: string]: unknown;
}

/** The form of Terminus. */
export interface Health {
  readonly status: 'ok' | 'error' | 'shutting_down';
  readonly info: Readonly<Record<string, Finding>>;
  readonly error: Readonly<Record<string, Finding>>;
  readonly details: Readonly<Record<string, Finding>>;
}

const limitMs = 2_000;
const silenceMs = 90_000;
const up: Finding = { status: 'up' };

@Injectable()
export class HealthService {
  constructor(
    @Inject(WorkerState) private readonly state: WorkerState,
    @Inject(CORE) private readonly core: WorkerCore,
  ) {}

  /**
   * Red when only a restart helps: the workers' connection has said nothing for 90 s although Redis answers others. An outage of Redis alone is none
   * of that, or it would restart every worker in the middle of its backups. That this is answered shows that the event loop turns.
   */
  async live(): Promise<Health> {
    const { work } = this.state;
    if (work === undefined || work.sinceRoundTripMs() < silenceMs) return health({ process: up });
    const redis = await finding(() => work.queue.ping(limitMs));
    if (redis.status === 'down') return health({ process: up, redis: { ...redis, status: 'up' } });
    const message = `the queue's connection has been silent for ${Math.round(work.sinceRoundTripMs() / 1000)} s although Redis answers`;
    return health({ process: up, redis: { status: 'down', message } });
  }

  /** Catalogue, and Redis with its noeviction. A store that is away shows as degraded: work goes on as soon as it is back. */
  async ready(): Promise<Health> {
    const { work, phase } = this.state;
    if (phase === 'stopping') return { ...health({ process: down('it is shutting down') }), status: 'shutting_down' };
    if (work === undefined) return health({ process: down('it is starting: see the log for what it waits for') });
    const [mongodb, redis] = await Promise.all([
      finding(() => work.catalog.ping(limitMs)),
      finding(async () => {
        await work.queue.ping(limitMs);
        await work.queue.checkNoEviction();
      }),
    ]);
    const configuration = configurationOf(this.core.reload.trouble);
    return health({ mongodb, redis, storage: storageOf(work), keys: keysOf(work), configuration });
  }

  startup(): Health {
    return health({ process: this.state.work === undefined ? down('it is starting') : up });
  }
}

function storageOf(work: WorkView): Finding {
  const { ok, detail, freeBytes } = work.store();
  const state = ok === null ? 'unknown' : ok ? 'good' : 'degraded';
  return { status: 'up', state, ...(detail === null ? {} : { detail }), ...(freeBytes === null ? {} : { freeBytes }) };
}

/** New backups go on with the keys that are there, so this makes nothing red. */
function keysOf(work: WorkView): Finding {
  const { keyIds, backups, newest } = work.missingKeys();
  if (keyIds.length === 0) return up;
  return { status: 'up', state: 'missing', missing: keyIds, backupsThatCannotBeOpened: backups, newest };
}

/** The one before it is in force, so this makes nothing red. */
function configurationOf(trouble: AppError | null): Finding {
  return trouble === null ? up : { status: 'up', state: 'invalid', code: trouble.code };
}

async function finding(ask: () => Promise<unknown>): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([ask(), late]);
    return up;
  } catch (error) {
    const { message, hint } = AppError.from(error, 'catalog');
    return { ...down(message), ...(hint === undefined ? {} : { hint }) };
  } finally {
    clearTimeout(timer);
  }
}

function down(message: string): Finding {
  return { status: 'down', message };
}

function health(details: Readonly<Record<string, Finding>>): Health {
  const of = (status: Finding['status']) =>
    Object.fromEntries(Object.entries(details).filter(([, found]) => found.status === status));
  const error = of('down');
  return { status: Object.keys(error).length === 0 ? 'ok' : 'error', info: of('up'), error, details };
}
