import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { throwError, timeout, type Observable } from 'rxjs';
import { AppError } from '#contracts';
import { contextOf } from './request-context.js';

/** Answers 503 when a handler does not end in time, whatever it waits for. Handlers that changed something look at the deadline themselves. */
@Injectable()
export class DeadlineInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
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
