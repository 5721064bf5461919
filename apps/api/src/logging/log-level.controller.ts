import { hostname } from 'node:os';
import { Body, Controller, Get, Inject, Put, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import type { Plain } from '../http/plain.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { lineLevels, LogLevelDto, LogsDto, LogsQueryDto, SetLogLevelDto, type LogLineDto } from './log-level.dto.js';
import { LogLevels } from './log-levels.js';
import { ServiceLog } from './service-log.js';

const usualSeconds = 900;

@ApiTags('system')
@Controller('admin/system')
@Roles('admin')
export class LogLevelController {
  constructor(
    @Inject(LogLevels) private readonly levels: LogLevels,
    @Inject(ServiceLog) private readonly log: ServiceLog,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Get('log-level')
  @ApiOperation({ operationId: 'getLogLevel', summary: 'How much the log says' })
  @ApiOkResponse({ type: LogLevelDto })
  @ApiProblems(...usualProblems)
  show(): Plain<LogLevelDto> {
    return this.levels.show();
  }

  @Put('log-level')
  @ApiOperation({
    operationId: 'setLogLevel',
    summary: 'Another log level for a while, of API and workers',
    description:
      'This process at once, others within ten seconds; back to LOG_LEVEL by itself after `seconds` (900). What a run of a worker says while it is under way keeps its level.',
  })
  @ApiOkResponse({ type: LogLevelDto })
  @ApiProblems(...usualProblems)
  set(
    @Body() { level, seconds = usualSeconds }: SetLogLevelDto,
    @Context() { identity }: RequestContext,
    @Req() request: Request,
  ): Promise<Plain<LogLevelDto>> {
    const detail = level === 'configured' ? level : `${level} for ${seconds} s`;
    return this.audit.act(request, { event: 'log_level', detail }, () =>
      this.levels.set(level === 'configured' ? null : level, seconds, identity?.subject ?? 'anonymous'),
    );
  }

  @Get('logs')
  @ApiOperation({
    operationId: 'getLogs',
    summary: 'The newest lines of the log of this process',
    description: 'Of the last 1,000 (1 MiB at most), without secrets, as they were written. Looking is an audited act.',
  })
  @ApiOkResponse({ type: LogsDto })
  @ApiProblems(...usualProblems)
  async logs(@Query() { lines, level = 'trace' }: LogsQueryDto, @Req() request: Request): Promise<Plain<LogsDto>> {
    await this.audit.require(request, { event: 'logs_read', outcome: 'success', detail: `${lines} lines` });
    const wanted: readonly string[] = lineLevels.slice(0, lineLevels.indexOf(level) + 1);
    const data = this.log.recent
      .all()
      .map(toLine)
      .filter((line) => wanted.includes(line.level));
    return { process: `${hostname()}/${process.pid}`, data: data.slice(-lines) };
  }
}

/** A line as pino wrote it. What every line of a process has in common is left out. */
function toLine(text: string): Plain<LogLineDto> {
  const { time, level, msg, correlationId, service, version, pid, ...fields } = parsed(text);
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    time: textOf(time),
    level: textOf(level),
    message: textOf(msg),
    correlationId: typeof correlationId === 'string' ? correlationId : null,
    fields,
  };
}

/** One line that is no JSON must not hide all others. */
function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { level: 'warn', msg: text };
  }
}
