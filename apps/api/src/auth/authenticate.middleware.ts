import { Passport } from 'passport';
import type { RequestHandler } from 'express';
import { AppError } from '#contracts';
import { contextOf } from '../http/request-context.js';
import type { Identity } from './identity.js';
import { strategyName, type JwtStrategy } from './jwt.strategy.js';

/**
 * Finds out who asks, before anything of the request is read. It refuses nobody: the limits count by what it found, and the guard decides.
 * Not passport's one instance for the whole process: two applications in one would verify with each other's keys.
 */
export function authenticate(strategy: JwtStrategy): RequestHandler {
  const passport = new Passport();
  passport.use(strategyName, strategy);
  return (request, response, next) => {
    const done = (_error: unknown, identity: Identity | false | null | undefined, reason?: unknown): void => {
      const context = contextOf(request);
      // A token that could not be verified, for whatever reason, is no token …
      context.identity = identity === false ? null : (identity ?? null);
      // … but where nobody could tell, the reply says so.
      if (reason instanceof AppError) context.identityTrouble = reason;
      next();
    };
    const handler = passport.authenticate(strategyName, { session: false }, done) as RequestHandler;
    void handler(request, response, next);
  };
}
