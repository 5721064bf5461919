import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TargetStates } from '../targets/target-states.js';
import { ScheduleService } from './schedule.service.js';
import { UpkeepService } from './upkeep.service.js';

/** Schedules, catching up, and what looks after lost runs and silent workers. */
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [ScheduleService, UpkeepService, TargetStates],
})
export class SchedulingModule {}
