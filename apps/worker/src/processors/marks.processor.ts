import { Inject, Injectable } from '@nestjs/common';
import type { JobPayloads } from '#contracts';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { writeWantedMarks } from '../marks/write-wanted-marks.js';
import type { JobProcessor } from './job-processor.js';

/** Writes what a record wants of the store's marks. The reconciler adds the job again until both agree. */
@Injectable()
export class MarksProcessor implements JobProcessor<'marks'> {
  readonly name = 'marks';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  process({ backupId }: JobPayloads['marks'], signal: AbortSignal): Promise<void> {
    return writeWantedMarks(this.parts, backupId, signal);
  }
}
