import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { HealthService, type Health } from './health.service.js';

@Controller('health')
export class ProbesController {
  constructor(@Inject(HealthService) private readonly health: HealthService) {}

  @Get('live')
  async live(@Res({ passthrough: true }) response: Response): Promise<Health> {
    return answer(await this.health.live(), response);
  }

  @Get('ready')
  async ready(@Res({ passthrough: true }) response: Response): Promise<Health> {
    return answer(await this.health.ready(), response);
  }

  @Get('startup')
  startup(@Res({ passthrough: true }) response: Response): Health {
    return answer(this.health.startup(), response);
  }
}

function answer(health: Health, response: Response): Health {
  response.setHeader('Cache-Control', 'no-store');
  response.status(health.status === 'ok' ? 200 : 503);
  return health;
}
