import { Controller, Get, Inject, Req, Res, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CORE } from '../core/tokens.js';
import type { WorkerCore } from '../core/worker-core.js';
import { mayReadMetrics } from '#metrics';

@Controller('metrics')
export class MetricsController {
  constructor(@Inject(CORE) private readonly core: WorkerCore) {}

  @Get()
  async read(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<string> {
    const { metrics, config } = this.core;
    if (!mayReadMetrics(request, config.metricsToken)) {
      throw new UnauthorizedException('Metrics are for the holder of METRICS_TOKEN, and for this machine');
    }
    response.setHeader('Content-Type', metrics.contentType);
    return metrics.text();
  }
}
