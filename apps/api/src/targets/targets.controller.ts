import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Clock, TargetHealth } from '#contracts';
import { Roles } from '../auth/access.js';
import { CLOCK } from '../core/tokens.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import type { Plain } from '../http/plain.js';
import { pauseOf } from './pause-of.js';
import { TargetLooks } from './target-looks.js';
import { TargetStates, type TargetState } from './target-states.js';
import { TargetsDto, type LastRunDto, type TargetDto, type TargetHealthDto } from './targets.dto.js';

@ApiTags('targets')
@Controller('admin/targets')
@Roles('viewer')
export class TargetsController {
  constructor(
    @Inject(TargetStates) private readonly states: TargetStates,
    @Inject(TargetLooks) private readonly looks: TargetLooks,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listTargets', summary: 'Targets with their health, next and last run, overdue or not' })
  @ApiOkResponse({ type: TargetsDto })
  @ApiProblems(...usualProblems)
  async targets(): Promise<Plain<TargetsDto>> {
    const workers = this.looks.workers();
    const states = await this.states.all(this.clock.now(), workers, this.looks.ends());
    const restoreTargets = this.states.restoreTargets(await workers);
    return {
      data: states.map(toTarget),
      restoreTargets: restoreTargets.map(({ target, scratch, health }) => ({
        target,
        scratch,
        health: toHealth(health && { ...health, databases: [] }),
      })),
    };
  }
}

function toTarget(state: TargetState): Plain<TargetDto> {
  const { target, config, schedule, overdue, nextRunAt, lastSuccessAt, lastRun, health } = state;
  return {
    target,
    databases: [...config.databases],
    engine: config.engine,
    schedule: config.schedule.cron,
    timezone: config.schedule.timezone,
    ...pauseOf(target, schedule),
    overdue,
    nextRunAt: nextRunAt?.toISOString() ?? null,
    lastSuccessAt: lastSuccessAt?.toISOString() ?? null,
    lastRun: lastRun && toLastRun(lastRun),
    health: toHealth(health),
  };
}

function toLastRun(run: NonNullable<TargetState['lastRun']>): Plain<LastRunDto> {
  const { backupId, status, startedAt, completedAt } = run;
  return {
    backupId,
    status,
    startedAt: startedAt?.toISOString() ?? null,
    completedAt: completedAt?.toISOString() ?? null,
  };
}

function toHealth(health: TargetHealth | null): Plain<TargetHealthDto> {
  if (health === null || typeof health.reachable !== 'boolean') {
    return { state: 'unknown', serverVersion: null, topology: null, detail: null, databases: [], checkedAt: null };
  }
  return {
    state: health.reachable ? 'reachable' : 'unreachable',
    serverVersion: health.serverVersion,
    topology: health.topology,
    detail: health.detail,
    databases: [...health.databases],
    checkedAt: health.checkedAt?.toISOString() ?? null,
  };
}
