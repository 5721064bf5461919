import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Request } from 'express';
import type { AppError } from '#contracts';
import type { Identity } from '../auth/identity.js';
import type { IdempotentRun } from '../idempotency/idempotent-run.js';
import type { Deadline } from './deadline.js';

/** What is known of a request beside what it says itself. */
export interface RequestContext {
  readonly correlationId: string;
  readonly deadline: Deadline;
  /** Who asks; null without a valid token. */
  identity: Identity | null;
  /** Why the token could not be verified, where that is not the token's fault. */
  identityTrouble?: AppError;
  /** Of a request with an idempotency key. */
  idempotent?: IdempotentRun;
}

const contexts = new WeakMap<IncomingMessage, RequestContext>();
const storage = new AsyncLocalStorage<RequestContext>();

/** Runs the rest of a request in its context: everything that it causes finds the correlation id there. */
export function runInContext(request: IncomingMessage, context: RequestContext, rest: () => void): void {
  contexts.set(request, context);
  storage.run(context, rest);
}

/** Runs something that a request caused after it left the request's own path (an event of its connection). */
export function inContext(context: RequestContext, work: () => void): void {
  storage.run(context, work);
}

export function contextOf(request: IncomingMessage): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('The request came in past the first middleware');
  return context;
}

export function correlationIdOf(request: IncomingMessage): string {
  return contextOf(request).correlationId;
}

/** Of the request that is being served; undefined outside of one. */
export function currentCorrelationId(): string | undefined {
  return storage.getStore()?.correlationId;
}

/** Injects the context into a handler: `@Context() context: RequestContext`. */
export const Context = createParamDecorator((_data: unknown, execution: ExecutionContext) =>
  contextOf(execution.switchToHttp().getRequest<Request>()),
);
