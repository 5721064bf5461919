import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import type { Clock, LogLevelWish, WishedLogLevel } from '#contracts';
import type { Plain } from '../http/plain.js';
import { API_CONFIG, CATALOG, CLOCK, STARTED } from '../core/tokens.js';
import type { LogLevelDto } from './log-level.dto.js';
import { ServiceLog } from './service-log.js';

/** So long until every replica follows; workers look every ten seconds. */
const lookMs = 5_000;

/** The log level of this process: the configured one, or for a while the one that an admin wished for all processes. */
@Injectable()
export class LogLevels implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;
  #wish: LogLevelWish | null = null;

  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(STARTED) private readonly started: () => boolean,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.look(), lookMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  show(): Plain<LogLevelDto> {
    const wish = this.#current();
    return {
      level: this.log.pino.level,
      configured: this.config.logLevel,
      until: wish?.until.toISOString() ?? null,
      setBy: wish?.by ?? null,
    };
  }

  /** Null: back to the configured one. Throws `catalog/…`, and then nothing has changed. */
  async set(level: WishedLogLevel | null, seconds: number, by: string): Promise<Plain<LogLevelDto>> {
    const until = new Date(this.clock.now().getTime() + seconds * 1000);
    const wish = level === null ? null : { level, until, by };
    await this.catalog.settings.wishLogLevel(wish);
    this.#follow(wish);
    return this.show();
  }

  /** Finds out what is wished. While the catalogue is away what was known holds, until its time is over. */
  async look(): Promise<void> {
    try {
      this.#follow(this.started() ? await this.catalog.settings.logLevel(this.clock.now()) : null);
    } catch {
      this.#follow(this.#current());
    }
  }

  #current(): LogLevelWish | null {
    return this.#wish !== null && this.#wish.until > this.clock.now() ? this.#wish : null;
  }

  #follow(wish: LogLevelWish | null): void {
    this.#wish = wish;
    const level = wish?.level ?? this.config.logLevel;
    if (this.log.pino.level === level) return;
    const before = this.log.pino.level;
    this.log.pino.level = level;
    this.log.evidence('log level', { before, level, until: wish?.until ?? null, by: wish?.by ?? null });
  }
}
