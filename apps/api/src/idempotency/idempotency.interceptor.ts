import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { firstValueFrom, from, of, type Observable } from 'rxjs';
import type { Catalog } from '#catalog';
import type { Clock, Random } from '#contracts';
import { CATALOG, CLOCK, RANDOM } from '../core/tokens.js';
import { contextOf } from '../http/request-context.js';
import { invalid } from '../http/validation.pipe.js';
import { pathOf } from '../logging/request-log.js';
import { ServiceLog } from '../logging/service-log.js';
import { mayStand } from '../queue/enqueue-or-withdraw.js';
import { otherRequest, sameRequestRuns } from './idempotency-errors.js';
import { IdempotentRun } from './idempotent-run.js';
import { keyDigest, readIdempotencyKey, requestFingerprint } from './request-fingerprint.js';

const keptMs = 24 * 3_600_000;
/** Requests end within seconds: one that is older was cut off with its process. Wide, for the clocks of replicas differ. */
const abandonedMs = 60_000;
export const idempotencyHeader = 'Idempotency-Key';
export const replayedHeader = 'Idempotent-Replayed';

/**
 * Carries a request with a key out once. Who repeats it is answered the same; a request that failed may be tried again under its key: it made nothing, or what it
 * made is found by its id.
 * The interceptor goes on when the client was answered already (that it took too long): what comes of it is kept for the next try.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = execution.switchToHttp();
    const request = http.getRequest<Request>();
    const header = request.headers[idempotencyHeader.toLowerCase()];
    const context = contextOf(request);
    if (typeof header !== 'string' || context.identity === null) return next.handle();
    const key = readIdempotencyKey(header);
    if (key === null) {
      const message = `${idempotencyHeader} must have 1 to 255 printable ASCII characters`;
      throw invalid([{ field: idempotencyHeader, message }]);
    }
    const digest = keyDigest(context.identity.subject, key);
    const holder = this.random.bytes(12).toString('hex');
    const now = this.clock.now();
    const begun = await this.catalog.idempotency.begin({
      ...{ digest, holder, now },
      fingerprint: requestFingerprint(request.method, pathOf(request), request.body),
      abandonedBefore: new Date(now.getTime() - abandonedMs),
      expiresAt: new Date(now.getTime() + keptMs),
    });
    const response = http.getResponse<Response>();
    switch (begun.outcome) {
      case 'mismatch':
        throw otherRequest();
      case 'running':
        throw sameRequestRuns();
      case 'replay':
        if (begun.reply.location !== null) response.setHeader('Location', begun.reply.location);
        response.setHeader(replayedHeader, 'true');
        return of(JSON.parse(begun.reply.body) as unknown);
      case 'begun':
        context.idempotent = new IdempotentRun(this.catalog.idempotency, digest, holder, begun.reservedId);
        return from(this.#carryOut(context.idempotent, next, response));
    }
  }

  async #carryOut({ digest, holder }: IdempotentRun, next: CallHandler, response: Response): Promise<unknown> {
    const requests = this.catalog.idempotency;
    let reply: unknown;
    try {
      reply = await firstValueFrom(next.handle());
    } catch (error) {
      // What may stand is found by its id when its key is tried again; until then the key counts as under way, for a minute.
      if (!mayStand(error))
        await this.#surely(requests.release(digest, holder), 'the key counts as under way for a minute');
      throw error;
    }
    const location = response.getHeader('Location');
    const kept = { location: typeof location === 'string' ? location : null, body: JSON.stringify(reply) };
    await this.#surely(requests.finish(digest, holder, kept), 'the next try finds what was made by its id');
    return reply;
  }

  /** What was done stands, whether it can be noted or not. */
  async #surely(write: Promise<unknown>, consequence: string): Promise<void> {
    await write.catch((error: unknown) => this.log.failure(error, { consequence }));
  }
}
