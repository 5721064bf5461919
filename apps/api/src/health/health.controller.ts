import { Controller, Get, Inject, Res, ServiceUnavailableException } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { HealthCheckResult } from '@nestjs/terminus';
import type { Response } from 'express';
import { Public } from '../auth/access.js';
import { healthSchema } from './health.schema.js';
import { HealthService } from './health.service.js';

const retryAfterSeconds = 5;

@ApiTags('health')
@Controller('health')
@Public()
@ApiResponse({ status: 200, description: 'Good', schema: healthSchema('ok') })
@ApiResponse({ status: 503, description: 'Not good', schema: healthSchema('error') })
export class HealthController {
  constructor(@Inject(HealthService) private readonly health: HealthService) {}

  @Get('live')
  @ApiOperation({ operationId: 'getLive', summary: 'The process answers; depends on nothing outside' })
  live(@Res({ passthrough: true }) response: Response): Promise<unknown> {
    return inTerminusShape(this.health.live(), response);
  }

  @Get('ready')
  @ApiOperation({
    operationId: 'getReady',
    summary: 'MongoDB and Redis answer; storage shows as degraded, not as down',
  })
  ready(@Res({ passthrough: true }) response: Response): Promise<unknown> {
    return inTerminusShape(this.health.ready(), response);
  }

  @Get('startup')
  @ApiOperation({ operationId: 'getStartup', summary: 'The catalogue was opened and its indexes are built' })
  startup(@Res({ passthrough: true }) response: Response): Promise<unknown> {
    return inTerminusShape(this.health.startup(), response);
  }
}

/** Probes keep the shape that Terminus gave them, also when they fail: no problem document. */
async function inTerminusShape(check: Promise<HealthCheckResult>, response: Response): Promise<unknown> {
  response.setHeader('Cache-Control', 'no-store');
  try {
    return await check;
  } catch (error) {
    if (!(error instanceof ServiceUnavailableException)) throw error;
    response.status(503).setHeader('Retry-After', String(retryAfterSeconds));
    return error.getResponse();
  }
}
