import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, CatalogExam } from '#catalog';
import { lookWithin, type Finding } from '#contracts';
import { redisFindings, type JobQueue, type RedisExam } from '#queue';
import { CATALOG, JOB_QUEUE } from '../core/tokens.js';
import { Remembered } from './remembered.js';
import { catalogueFindings } from './system-findings.js';

export interface RedisLook {
  /** Undefined: it did not answer. */
  readonly exam: RedisExam | undefined;
  readonly findings: readonly Finding[];
}

export interface CatalogueLook {
  readonly state: {
    readonly state: 'ok' | 'unavailable';
    readonly serverVersion: string | null;
    readonly missingIndexes: readonly string[];
    readonly clockSkewMs: number | null;
  };
  readonly findings: readonly Finding[];
}

/** A reply is due within 3 s. */
const limitMs = 2_000;
const rememberMs = 5_000;
const never = new AbortController().signal;

/** Redis and the catalogue's server, as the API finds them. Told, not thrown. */
@Injectable()
export class ServerLooks {
  readonly #redis = new Remembered(rememberMs, () => this.#lookAtRedis());
  readonly #catalogue = new Remembered(rememberMs, () => this.#lookAtCatalogue());

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
  ) {}

  redis(): Promise<RedisLook> {
    return this.#redis.get();
  }

  catalogue(): Promise<CatalogueLook> {
    return this.#catalogue.get();
  }

  async #lookAtRedis(): Promise<RedisLook> {
    let exam: RedisExam | undefined;
    const late = { lateCode: 'queue/unavailable', lateHint: 'Does Redis run, and does REDIS_URL lead to it?' } as const;
    const findings = await lookWithin({ name: 'redis', limitMs, ...late, signal: never }, async () => {
      exam = await this.queue.examine();
      return redisFindings(exam);
    });
    return { exam, findings };
  }

  async #lookAtCatalogue(): Promise<CatalogueLook> {
    let exam: CatalogExam | undefined;
    const late = {
      lateCode: 'catalog/unavailable',
      lateHint: 'Is the server of CATALOG_MONGODB_URI overloaded?',
    } as const;
    const findings = await lookWithin({ name: 'catalogue', limitMs, ...late, signal: never }, async () => {
      exam = await this.catalog.examine();
      return catalogueFindings(exam);
    });
    return { state: stateOf(exam), findings };
  }
}

function stateOf(exam: CatalogExam | undefined): CatalogueLook['state'] {
  if (exam === undefined) return { state: 'unavailable', serverVersion: null, missingIndexes: [], clockSkewMs: null };
  const { version, missingIndexes, skewMs } = exam;
  const clockSkewMs = skewMs === null ? null : Math.round(skewMs);
  return { state: 'ok', serverVersion: version, missingIndexes, clockSkewMs };
}
