import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { AppError } from '#contracts';
import { AuditLog } from '../audit/audit-log.js';
import { RefusalLog } from '../audit/refusal-log.js';
import { loginsPerMinute } from '../http/rate-limits.js';
import { ApiProblems } from '../openapi/api-problems.js';
import { Public } from './access.js';
import { LoginDto, LoginReplyDto } from './login.dto.js';
import { LoginService } from './login.service.js';
import type { Plain } from '../http/plain.js';

@ApiTags('auth')
@Controller('auth')
export class LoginController {
  constructor(
    @Inject(LoginService) private readonly service: LoginService,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
  ) {}

  @Post('login')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'login',
    summary: 'A token for the built-in admin, for one hour',
    description:
      'At most ten attempts a minute from one address. 404 where the login is off: no admin is set up, or tokens come from elsewhere (JWT_PUBLIC_KEY, JWT_JWKS_URI).',
  })
  @ApiOkResponse({ type: LoginReplyDto })
  @ApiProblems(400, 401, 404, 429, 503)
  async login(@Body() body: LoginDto, @Req() request: Request): Promise<Plain<LoginReplyDto>> {
    const reply = await this.service.login(body.username, body.password);
    if (reply !== null) {
      this.audit.note(request, { event: 'authn_login_success', outcome: 'success', actor: body.username });
      return reply;
    }
    // The name that was tried may be a password typed into the wrong field: it is not kept.
    this.refusals.note(request, { event: 'authn_login_fail', individually: loginsPerMinute });
    throw new AppError({
      code: 'auth/unauthorized',
      stage: 'request',
      message: 'Name or password are wrong',
      hint: 'Type both again. Whoever runs the service can set a new password: hazina token hash-password',
    });
  }
}
