import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Catalog } from '#catalog';
import type { ChainedAuditRecord } from '#contracts';
import { Roles } from '../auth/access.js';
import { CATALOG } from '../core/tokens.js';
import type { Plain } from '../http/plain.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { AuditPageDto, AuditQueryDto, type AuditEntryDto } from './audit.dto.js';

@ApiTags('audit')
@Controller('admin/audit')
@Roles('admin')
export class AuditController {
  constructor(@Inject(CATALOG) private readonly catalog: Catalog) {}

  @Get()
  @ApiOperation({
    operationId: 'listAuditEntries',
    summary: 'Who did what, newest first',
    description:
      'Pages are stable while entries are added. hazina audit verify proves that nothing was changed or removed.',
  })
  @ApiOkResponse({ type: AuditPageDto })
  @ApiProblems(...usualProblems)
  async list(@Query() query: AuditQueryDto): Promise<Plain<AuditPageDto>> {
    const [{ data, next }, head] = await Promise.all([this.catalog.audit.list(query), this.catalog.audit.head()]);
    return { data: data.map(toEntry), next, head };
  }
}

function toEntry(record: ChainedAuditRecord): Plain<AuditEntryDto> {
  const { sequence, at, event, outcome, actor, role, address, correlationId, resource, detail, hash } = record;
  return {
    sequence,
    at: at.toISOString(),
    event,
    outcome,
    actor,
    role,
    address,
    correlationId,
    resource,
    detail,
    hash,
  };
}
