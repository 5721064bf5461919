import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { ScheduleService } from './schedule.service.js';
import { Upkeep } from './upkeep.js';

/** Schedules, catching up, and what looks after lost runs and silent workers. */
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [ScheduleService, Upkeep],
  exports: [Upkeep],
})
export class SchedulingModule {}
