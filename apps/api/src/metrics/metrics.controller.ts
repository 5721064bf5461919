import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { ApiConfig } from '#config';
import { AppError } from '#contracts';
import type { Metrics } from '#metrics';
import { Public } from '../auth/access.js';
import { API_CONFIG, METRICS } from '../core/tokens.js';
import { ApiProblems } from '../openapi/api-problems.js';
import { mayReadMetrics } from '#metrics';

@ApiTags('metrics')
@Controller('metrics')
@Public()
export class MetricsController {
  constructor(
    @Inject(METRICS) private readonly metrics: Metrics,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'getMetrics',
    summary: 'Prometheus metrics',
    description:
      'With METRICS_TOKEN as a bearer token, or without a token from the machine itself and through no proxy.',
  })
  @ApiResponse({ status: 200, description: 'Text format', content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiProblems(401)
  async read(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<string> {
    if (!mayReadMetrics(request, this.config.metricsToken)) {
      throw new AppError({
        code: 'auth/unauthorized',
        stage: 'request',
        message: 'Metrics are for the holder of METRICS_TOKEN, and for this machine',
        hint: 'Send METRICS_TOKEN as a bearer token (in Prometheus: authorization.credentials_file), or ask from this machine through no proxy',
      });
    }
    response.setHeader('Content-Type', this.metrics.contentType);
    return this.metrics.text();
  }
}
