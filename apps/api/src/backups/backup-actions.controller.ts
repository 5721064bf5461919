import { Body, Controller, Delete, HttpCode, Inject, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiExtraModels,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import { FreshToken } from '../auth/fresh-token.js';
import { Context, contextOf, type RequestContext } from '../http/request-context.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { located } from '../openapi/response-headers.js';
import { BackupDto } from './backup.dto.js';
import { accepted } from './backup.examples.js';
import { DeleteQuery } from './backup-queries.dto.js';
import { MarksDto, TriggerDto, VerifyDto } from './backup-requests.dto.js';
import { ChangeBackup } from './change-backup.js';
import { DeleteBackup } from './delete-backup.js';
import { Links } from './links.js';
import { AcceptedDto, VerificationAcceptedDto } from './replies.dto.js';
import { TriggerBackup } from './trigger-backup.js';
import { VerifyBackup } from './verify-backup.js';
import type { Plain } from '../http/plain.js';

@ApiTags('backups')
@Controller('admin/backups')
export class BackupActionsController {
  constructor(
    @Inject(TriggerBackup) private readonly triggering: TriggerBackup,
    @Inject(VerifyBackup) private readonly verifying: VerifyBackup,
    @Inject(ChangeBackup) private readonly changing: ChangeBackup,
    @Inject(DeleteBackup) private readonly deleting: DeleteBackup,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(Links) private readonly links: Links,
  ) {}

  @Post('trigger')
  @Roles('operator')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'triggerBackup',
    summary: 'A backup now, by a worker',
    description:
      'Location names the backup: ask there how far it is. When the queue does not answer, nothing is begun.',
  })
  @ApiBody({ type: TriggerDto, required: false })
  @ApiAcceptedResponse({ type: AcceptedDto, headers: located })
  @ApiProblems(...usualProblems, 409, 422)
  async trigger(
    @Body() body: TriggerDto,
    @Context() context: RequestContext,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<AcceptedDto>> {
    const { backupId, status } = await this.audit.act(
      request,
      { event: 'backup_trigger', ...(body.target !== undefined && { detail: body.target }) },
      () => this.triggering.trigger(body, context),
      (made) => made.backupId,
    );
    response.location(this.links.backup(backupId).self);
    return { backupId, status, links: this.links.backup(backupId) };
  }

  @Post(':backupId/verify')
  @Roles('operator')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({ operationId: 'verifyBackup', summary: 'Prove now that a backup is good, by a worker' })
  @ApiBody({ type: VerifyDto, required: false })
  @ApiAcceptedResponse({ type: VerificationAcceptedDto })
  @ApiProblems(...usualProblems, 404, 409, 422)
  async verify(
    @Param('backupId') backupId: string,
    @Body() body: VerifyDto,
    @Context() context: RequestContext,
    @Req() request: Request,
  ): Promise<Plain<VerificationAcceptedDto>> {
    const verificationId = await this.audit.act(
      request,
      { event: 'backup_verify', resource: backupId },
      () => this.verifying.verify(backupId, body.level ?? 'readable', context),
      (made) => made,
    );
    return { verificationId };
  }

  @Post(':backupId/cancel')
  @Roles('operator')
  @HttpCode(202)
  @ApiOperation({ operationId: 'cancelBackup', summary: 'Ask for the end of a run; its worker sees it within 5 s' })
  @ApiAcceptedResponse({ type: AcceptedDto, example: { ...accepted, status: 'in_progress' } })
  @ApiProblems(...usualProblems, 404, 409)
  async cancel(@Param('backupId') backupId: string, @Req() request: Request): Promise<Plain<AcceptedDto>> {
    const status = await this.audit.act(request, { event: 'backup_cancel', resource: backupId }, () =>
      this.changing.cancel(backupId, actorOf(request)),
    );
    return { backupId, status, links: this.links.backup(backupId) };
  }

  @Patch(':backupId')
  @Roles('operator')
  @ApiOperation({ operationId: 'changeBackup', summary: 'Pin, unpin, label' })
  @ApiExtraModels(MarksDto)
  @ApiBody({ schema: { allOf: [{ $ref: getSchemaPath(MarksDto) }], minProperties: 1 } })
  @ApiOkResponse({ type: BackupDto })
  @ApiProblems(...usualProblems, 404, 409)
  async change(
    @Param('backupId') backupId: string,
    @Body() body: MarksDto,
    @Req() request: Request,
  ): Promise<Plain<BackupDto>> {
    const detail = body.pinned === undefined ? 'label' : `pinned: ${body.pinned}`;
    return this.audit.act(request, { event: 'backup_marks', resource: backupId, detail }, () =>
      this.changing.setMarks(backupId, body),
    );
  }

  @Delete(':backupId')
  @Roles('admin')
  @FreshToken()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'deleteBackup',
    summary: 'Remove a backup for good',
    description:
      '202 while the worker checks again and removes, 204 when nothing was to be removed. Refused (409): running, in use, pinned, locked, and the last good one of its target without force. The record stays as `deleted`. The token must be younger than 15 minutes.',
  })
  @ApiAcceptedResponse({ type: AcceptedDto, example: { ...accepted, status: 'deleting' } })
  @ApiNoContentResponse({ description: 'There was nothing to remove: the backup had failed or was cancelled' })
  @ApiProblems(...usualProblems, 404, 409)
  async delete(
    @Param('backupId') backupId: string,
    @Query() query: DeleteQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<AcceptedDto> | undefined> {
    const detail = query.force ? 'force' : 'no force';
    const outcome = await this.audit.act(request, { event: 'sensitive_delete', resource: backupId, detail }, () =>
      this.deleting.delete(backupId, actorOf(request), query.force),
    );
    if (outcome === 'under-way') return { backupId, status: 'deleting', links: this.links.backup(backupId) };
    response.status(204);
    return undefined;
  }
}

function actorOf(request: Request): string {
  return contextOf(request).identity?.subject ?? 'anonymous';
}
