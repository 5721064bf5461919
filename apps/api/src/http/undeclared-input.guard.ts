import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import type { Request } from 'express';
import { invalid } from './validation.pipe.js';

/** How Nest numbers the kinds of a handler's parameters (`RouteParamtypes`). */
const kinds = { body: 3, query: 4 } as const;

/**
 * Unknown fields are refused on every route of the API (spec/api.md); probes and metrics are asked by programs that add fields of their own. The pipe sees only what a handler takes: a route without a query or a body would pass over
 * `?dryRun=true`, and do in earnest what was meant as a trial.
 */
@Injectable()
export class UndeclaredInputGuard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const request = execution.switchToHttp().getRequest<Request>();
    // Express matches paths in any case.
    if (!request.path.toLowerCase().startsWith('/api/')) return true;
    const taken = kindsTakenBy(execution);
    const unknown = [
      ...(taken.has(kinds.query) ? [] : namesIn(request.query)),
      ...(taken.has(kinds.body) ? [] : namesIn(request.body)),
    ];
    if (unknown.length === 0) return true;
    throw invalid(unknown.map((name) => ({ field: name.slice(0, 100), message: 'this route does not take it' })));
  }
}

function kindsTakenBy(execution: ExecutionContext): ReadonlySet<number> {
  const handler = execution.getHandler().name;
  const metadata = Reflect.getMetadata(ROUTE_ARGS_METADATA, execution.getClass(), handler) as object | undefined;
  // Keys are "kind:index".
  return new Set(Object.keys(metadata ?? {}).map((key) => Number(key.split(':')[0])));
}

function namesIn(given: unknown): string[] {
  return typeof given === 'object' && given !== null ? Object.keys(given) : [];
}
