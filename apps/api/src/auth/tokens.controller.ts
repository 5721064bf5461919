import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { mayAct } from '#contracts';
import { AuditLog } from '../audit/audit-log.js';
import type { Plain } from '../http/plain.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { forbidden, unauthorized } from './access.guard.js';
import { Roles } from './access.js';
import { Revocations } from './revocations.js';
import { RevokeDto, RevokedDto } from './tokens.dto.js';

@ApiTags('auth')
@Controller('admin/tokens')
export class TokensController {
  constructor(
    @Inject(Revocations) private readonly revocations: Revocations,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Post('revoke')
  @Roles('viewer')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'revokeToken',
    summary: 'End a token before its time: this one, or by its jti any',
    description: 'Every replica refuses it within a few seconds; event streams of it end within 15 s.',
  })
  @ApiBody({ type: RevokeDto, required: false })
  @ApiOkResponse({ type: RevokedDto })
  @ApiProblems(...usualProblems)
  async revoke(
    @Body() body: RevokeDto,
    @Context() { identity }: RequestContext,
    @Req() request: Request,
  ): Promise<Plain<RevokedDto>> {
    if (identity === null) throw unauthorized();
    const jti = body.jti ?? identity.tokenId;
    const isOwn = jti === identity.tokenId;
    if (!isOwn && (identity.role === null || !mayAct(identity.role, 'admin'))) throw forbidden('admin');
    const reason = body.reason ?? null;
    const until = await this.audit.act(
      request,
      { event: 'authn_token_revoked', resource: jti, ...(reason !== null && { detail: reason }) },
      () =>
        this.revocations.revoke({
          ...{ tokenId: jti, by: identity.subject, reason },
          expiresAt: isOwn ? identity.expiresAt : null,
        }),
    );
    return { jti, until: until.toISOString() };
  }
}
