import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { AppError, mayAct } from '#contracts';
import { AuditLog } from '../audit/audit-log.js';
import { contextOf } from '../http/request-context.js';
import { accessKey, type Access } from './access.js';

/** Deny by default: a route is open only as far as its own policy says. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  canActivate(execution: ExecutionContext): boolean {
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    if (access === 'public') return true;
    const request = execution.switchToHttp().getRequest<Request>();
    const { identity, identityTrouble } = contextOf(request);
    if (identity === null) throw identityTrouble ?? unauthorized();
    if (access !== undefined && identity.role !== null && mayAct(identity.role, access)) return true;
    this.audit.note(request, {
      event: 'authz_fail',
      outcome: 'failure',
      resource: `${request.method} ${request.path}`,
      detail: `needs ${access ?? 'a policy of its own'}`,
    });
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
