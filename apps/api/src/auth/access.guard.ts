import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { AppError, mayAct } from '#contracts';
import { contextOf } from '../http/request-context.js';
import { accessKey, type Access } from './access.js';

/** Deny by default: a route is open only as far as its own policy says. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(execution: ExecutionContext): boolean {
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    if (access === 'public') return true;
    const request = execution.switchToHttp().getRequest<Request>();
    const { identity } = contextOf(request);
    if (identity === null) throw unauthorized();
    if (access !== undefined && identity.role !== null && mayAct(identity.role, access)) return true;
    throw forbidden(access);
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

function forbidden(needed: Access | undefined): AppError {
  return new AppError({
    code: 'auth/forbidden',
    stage: 'request',
    message: `The token's role may not do this: it needs ${needed ?? 'a role that no token has'}`,
  });
}
