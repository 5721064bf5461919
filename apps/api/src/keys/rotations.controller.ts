import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import { FreshToken } from '../auth/fresh-token.js';
import { Links } from '../backups/links.js';
import type { Plain } from '../http/plain.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { located } from '../openapi/response-headers.js';
import { RotationAcceptedDto, RotationDto, RotationStateDto } from './rotations.dto.js';
import { RotationsService } from './rotations.service.js';

@ApiTags('keys')
@Controller('admin/keys')
export class RotationsController {
  constructor(
    @Inject(RotationsService) private readonly service: RotationsService,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(Links) private readonly links: Links,
  ) {}

  @Post('rotate')
  @Roles('admin')
  @FreshToken()
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'rotateKeys',
    summary: "Bring backups to the workers' current key, by a worker",
    description:
      'Headers are rewrapped beside the data, in the primary store and in every destination; or with rewrite everything is sealed anew in the primary store, from which copies follow; no key travels through the API. Location names the rotation, where its result appears. Give every worker the new key first, and begin with dryRun: workers with different keys are 409 keys-differ.',
  })
  @ApiBody({ type: RotationDto, required: false })
  @ApiAcceptedResponse({ type: RotationAcceptedDto, headers: located })
  @ApiProblems(...usualProblems, 409, 422)
  async begin(
    @Body() body: RotationDto,
    @Context() context: RequestContext,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<RotationAcceptedDto>> {
    const detail = `${body.target ?? 'all targets'}${body.rewrite === true ? ', sealed anew' : ''}${body.dryRun === true ? ', dry run' : ''}`;
    const rotationId = await this.audit.act(
      request,
      { event: 'sensitive_key_rotation', detail },
      () => this.service.begin(body, context),
      (made) => made,
    );
    response.location(this.links.path(`/api/admin/keys/rotations/${rotationId}`));
    return { rotationId };
  }

  @Get('rotations/:rotationId')
  @Roles('viewer')
  @ApiOperation({ operationId: 'getRotation', summary: 'State and result of a rotation of keys' })
  @ApiOkResponse({ type: RotationStateDto })
  @ApiProblems(...usualProblems, 404)
  show(@Param('rotationId') rotationId: string): Promise<Plain<RotationStateDto>> {
    return this.service.find(rotationId);
  }
}
