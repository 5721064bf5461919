import { Module, type DynamicModule } from '@nestjs/common';
import { PARTS } from './core/tokens.js';
import type { WorkerParts } from './core/worker-core.js';
import { DumpEngines } from './engines/dump-engines.js';
import { BackupProcessor } from './processors/backup.processor.js';
import { CleanupProcessor } from './processors/cleanup.processor.js';
import { DrillProcessor } from './processors/drill.processor.js';
import { DeleteProcessor } from './processors/delete.processor.js';
import type { AnyProcessor } from './processors/job-processor.js';
import { MarksProcessor } from './processors/marks.processor.js';
import { NotifyProcessor } from './processors/notify.processor.js';
import { processorTable } from './processors/processor-table.js';
import { PROCESSORS, QueueWorkers } from './processors/queue-workers.js';
import { RecommitProcessor } from './processors/recommit.processor.js';
import { SyncProcessor } from './processors/sync.processor.js';
import { RestoreProcessor } from './processors/restore.processor.js';
import { RotateProcessor } from './processors/rotate.processor.js';
import { VerifyProcessor } from './processors/verify.processor.js';
import { Examiner } from './publishing/examiner.js';
import { Replicators } from './replicas/replicators.js';
import { Publisher } from './publishing/publisher.js';
import { UpkeepLoop } from './upkeep/upkeep-loop.js';

const processors = [
  BackupProcessor,
  VerifyProcessor,
  RestoreProcessor,
  DrillProcessor,
  CleanupProcessor,
  RotateProcessor,
  SyncProcessor,
  DeleteProcessor,
  RecommitProcessor,
  MarksProcessor,
  NotifyProcessor,
] as const;

/** The work: made when catalogue, queue and store were reached. */
@Module({})
export class WorkModule {
  static of(parts: WorkerParts): DynamicModule {
    return {
      module: WorkModule,
      providers: [
        { provide: PARTS, useValue: parts },
        { provide: DumpEngines, useFactory: () => new DumpEngines(parts.config, parts.version) },
        ...processors,
        {
          provide: PROCESSORS,
          inject: [...processors],
          useFactory: (...given: AnyProcessor[]) => processorTable(given),
        },
        QueueWorkers,
        UpkeepLoop,
        Examiner,
        Replicators,
        Publisher,
      ],
    };
  }
}
