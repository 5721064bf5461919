import { Inject, Injectable } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import type { ApiConfig } from '#config';
import { mayAct } from '#contracts';
import { AuditLog } from '../audit/audit-log.js';
import { RefusalLog } from '../audit/refusal-log.js';
import { authenticate } from '../auth/authenticate.middleware.js';
import { JwtStrategy } from '../auth/jwt.strategy.js';
import { LoginService } from '../auth/login.service.js';
import { Revocations } from '../auth/revocations.js';
import { API_CONFIG } from '../core/tokens.js';
import { loginsPerMinute } from '../http/rate-limits.js';
import { contextOf } from '../http/request-context.js';
import { UnusualActivity } from '../unusual/unusual-activity.js';
import type { Area } from './areas.js';
import { readLoginForm } from './login-form.js';
import { loginPage } from './login-page.js';
import { PageSessions } from './page-sessions.js';
import { clearCookie, cookieOf, setCookie } from './session-cookie.js';

/** Begins and ends sessions on pages. */
@Injectable()
export class PageLogin {
  readonly #verify: RequestHandler;

  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(JwtStrategy) strategy: JwtStrategy,
    @Inject(LoginService) private readonly logins: LoginService,
    @Inject(PageSessions) private readonly sessions: PageSessions,
    @Inject(Revocations) private readonly revocations: Revocations,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
    @Inject(UnusualActivity) private readonly unusual: UnusualActivity,
  ) {
    this.#verify = authenticate(strategy);
  }

  show(response: Response, area: Area, status: number, trouble?: string): void {
    const withPassword = this.config.admin !== undefined && this.config.jwt.key.kind === 'secret';
    response.status(status).type('html');
    response.send(loginPage({ area, withPassword, ...(trouble !== undefined && { trouble }) }));
  }

  async begin(request: Request, response: Response, area: Area): Promise<void> {
    const form = await readLoginForm(request);
    const by = form.kind === 'token' ? 'with a token' : 'with a password';
    const token = form.kind === 'token' ? form.token : await this.#tokenOf(form.username, form.password);
    const resource = `${area.paths[0] ?? ''}/login`;
    if (token === null || !(await this.#isValid(request, token))) {
      // Neither name nor token are kept: what was typed may be a password.
      this.refusals.note(request, { event: 'authn_login_fail', resource, individually: loginsPerMinute });
      this.show(response, area, 401, token === null ? 'Name or password are wrong.' : 'The token is not valid.');
      return;
    }
    const { identity } = contextOf(request);
    if (!identity?.role || !mayAct(identity.role, area.role)) {
      this.refusals.note(request, { event: 'authz_fail', resource, detail: `needs ${area.role}` });
      this.show(response, area, 403, `The role of this token is too low: ${area.role} is needed.`);
      return;
    }
    // Kept first: nobody is let in unseen.
    await this.audit.require(request, { event: 'authn_login_success', outcome: 'success', resource, detail: by });
    this.unusual.seen(identity, request.ip);
    const { text, endsAt } = await this.sessions.begin(identity, area);
    setCookie(response, area, text, endsAt, this.#isSecure(request));
    response.redirect(303, area.home);
  }

  async end(request: Request, response: Response, area: Area): Promise<void> {
    const text = cookieOf(request, area);
    if (text !== null) {
      const { identity } = contextOf(request);
      const known = identity ?? (await this.sessions.find(text, area));
      await this.sessions.end(text, area);
      const actor = known?.subject;
      if (actor !== undefined)
        this.audit.note(request, { event: 'session_ended', outcome: 'success', actor, resource: area.home });
    }
    clearCookie(response, area, this.#isSecure(request));
    this.show(response, area, 200, 'You are logged out.');
  }

  async #tokenOf(username: string, password: string): Promise<string | null> {
    return (await this.logins.login(username, password))?.accessToken ?? null;
  }

  /** By the one way that tokens are verified: as if it had come in the header. */
  async #isValid(request: Request, token: string): Promise<boolean> {
    request.headers.authorization = `Bearer ${token}`;
    await new Promise<void>((resolve) => void this.#verify(request, request.res as Response, () => resolve()));
    const { identity, identityTrouble } = contextOf(request);
    if (identity === null && identityTrouble !== undefined) throw identityTrouble;
    return identity !== null && !(await this.revocations.isRevoked(identity.tokenId, true));
  }

  #isSecure(request: Request): boolean {
    return request.secure || this.config.publicUrl?.startsWith('https:') === true;
  }
}
