import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { AppError, mayAct, type Clock } from '#contracts';
import { CLOCK } from '../core/tokens.js';
import { contextOf } from '../http/request-context.js';
import { accessKey, type Access } from './access.js';
import { checkFresh, freshTokenKey } from './fresh-token.js';
import { Revocations } from './revocations.js';

/** Deny by default: a route is open only as far as its own policy says. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Revocations) private readonly revocations: Revocations,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    if (access === 'public') return true;
    const request = execution.switchToHttp().getRequest<Request>();
    const { identity, identityTrouble } = contextOf(request);
    if (identity === null) throw identityTrouble ?? unauthorized();
    // Reads go on by what was known when the catalogue does not answer; what does or shows more waits until it is sure.
    const reads = access === 'viewer' && (request.method === 'GET' || request.method === 'HEAD');
    if (await this.revocations.isRevoked(identity.tokenId, !reads)) throw unauthorized();
    if (access === undefined || identity.role === null || !mayAct(identity.role, access)) throw forbidden(access);
    if (this.reflector.get<boolean | undefined>(freshTokenKey, execution.getHandler()) === true)
      checkFresh(identity, this.clock);
    return true;
  }
}

/** One text for every reason: which claim was wrong helps only those who forge tokens. */
export function unauthorized(): AppError {
  return new AppError({
    code: 'auth/unauthorized',
    stage: 'request',
    message: 'There is no valid token in the Authorization header',
    hint: 'Send "Authorization: Bearer TOKEN"; hazina token create makes one',
  });
}

export function forbidden(needed: Access | undefined): AppError {
  return new AppError({
    code: 'auth/forbidden',
    stage: 'request',
    message: `The token's role may not do this: it needs ${needed ?? 'a role that no token has'}`,
    hint: 'Ask with a token of a role that may: hazina token create --role makes one, or whoever runs your identity provider',
  });
}
