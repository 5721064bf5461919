import {
  Inject,
  Injectable,
  SetMetadata,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { throwError, timeout, type Observable } from 'rxjs';
import { AppError } from '#contracts';
import { contextOf } from './request-context.js';

const streamingKey = 'hazina:streaming';
/** A handler that sends its reply bit by bit, and begins in time by itself. */
export const Streaming = (): MethodDecorator => SetMetadata(streamingKey, true);

/** Answers 503 when a handler does not end in time, whatever it waits for. Handlers that changed something look at the deadline themselves. */
@Injectable()
export class DeadlineInterceptor implements NestInterceptor {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (this.reflector.get<boolean | undefined>(streamingKey, execution.getHandler()) === true) return next.handle();
    const { deadline } = contextOf(execution.switchToHttp().getRequest<Request>());
    return next.handle().pipe(timeout({ first: deadline.remainingMs(), with: () => throwError(tooLate) }));
  }
}

export function tooLate(): AppError {
  return new AppError({
    code: 'request/timeout',
    stage: 'request',
    message: 'Something that the answer depends on did not answer in time',
    hint: '/health/ready tells what does not answer',
    retry: 'retry',
  });
}
