import { Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { TerminusModule } from '@nestjs/terminus';
import { LoggerModule } from 'nestjs-pino';
import { AuditController } from './audit/audit.controller.js';
import { AccessGuard } from './auth/access.guard.js';
import { JwtStrategy } from './auth/jwt.strategy.js';
import { LoginController } from './auth/login.controller.js';
import { LoginService } from './auth/login.service.js';
import { Revocations } from './auth/revocations.js';
import { TokensController } from './auth/tokens.controller.js';
import { BackupActionsController } from './backups/backup-actions.controller.js';
import { BackupsController } from './backups/backups.controller.js';
import { BackupsService } from './backups/backups.service.js';
import { ChangeBackup } from './backups/change-backup.js';
import { DeleteBackup } from './backups/delete-backup.js';
import { Links } from './backups/links.js';
import { TriggerBackup } from './backups/trigger-backup.js';
import { VerifyBackup } from './backups/verify-backup.js';
import { CatalogSyncsController } from './catalog-syncs/catalog-syncs.controller.js';
import { CatalogSyncsService } from './catalog-syncs/catalog-syncs.service.js';
import { CleanupsController } from './cleanups/cleanups.controller.js';
import { CleanupsService } from './cleanups/cleanups.service.js';
import { CoreModule } from './core/core.module.js';
import type { Core } from './core/open-core.js';
import { RotationsController } from './keys/rotations.controller.js';
import { RotationsService } from './keys/rotations.service.js';
import { DownloadController } from './downloads/download.controller.js';
import { DownloadService } from './downloads/download.service.js';
import { TicketsController } from './downloads/tickets.controller.js';
import { Tickets } from './downloads/tickets.js';
import { EventHub } from './events/event-hub.js';
import { EventTickets } from './events/event-tickets.js';
import { EventsController } from './events/events.controller.js';
import { ProblemFilter } from './errors/problem.filter.js';
import { DrillBackup } from './drills/drill-backup.js';
import { DrillsController } from './drills/drills.controller.js';
import { DrillsService } from './drills/drills.service.js';
import { HealthController } from './health/health.controller.js';
import { HealthService } from './health/health.service.js';
import { DeadlineInterceptor } from './http/deadline.interceptor.js';
import { UndeclaredInputGuard } from './http/undeclared-input.guard.js';
import { RequestPipe } from './http/validation.pipe.js';
import { LogLevelController } from './logging/log-level.controller.js';
import { LogLevels } from './logging/log-levels.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { NotificationsController } from './notifications/notifications.controller.js';
import { TestChannels } from './notifications/test-channels.js';
import { PageLogin } from './pages/page-login.js';
import { PageSessions } from './pages/page-sessions.js';
import { QueuesUi } from './queue/queues-ui.js';
import { RestoreBackup } from './restores/restore-backup.js';
import { RestoresController } from './restores/restores.controller.js';
import { RestoresService } from './restores/restores.service.js';
import { ServerLooks } from './system/server-looks.js';
import { StoreLook } from './system/store-state.js';
import { AdminTasks } from './tasks/admin-tasks.js';
import { SystemController } from './system/system.controller.js';
import { SchedulesController } from './targets/schedules.controller.js';
import { SchedulesService } from './targets/schedules.service.js';
import { TargetLooks } from './targets/target-looks.js';
import { TargetStates } from './targets/target-states.js';
import { TargetsController } from './targets/targets.controller.js';

const parts: ModuleMetadata = {
  controllers: [
    LoginController,
    TokensController,
    // Before BackupsController: `cleanup` and `trigger` are no ids.
    CleanupsController,
    RotationsController,
    CatalogSyncsController,
    BackupActionsController,
    DownloadController,
    EventsController,
    BackupsController,
    TicketsController,
    RestoresController,
    DrillsController,
    TargetsController,
    SchedulesController,
    AuditController,
    SystemController,
    LogLevelController,
    NotificationsController,
    HealthController,
    MetricsController,
  ],
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_GUARD, useClass: AccessGuard },
    // After the access: what a route takes is not told to strangers.
    { provide: APP_GUARD, useClass: UndeclaredInputGuard },
    { provide: APP_INTERCEPTOR, useClass: DeadlineInterceptor },
    { provide: APP_PIPE, useClass: RequestPipe },
    JwtStrategy,
    LoginService,
    Revocations,
    PageLogin,
    PageSessions,
    LogLevels,
    TestChannels,
    QueuesUi,
    BackupsService,
    TriggerBackup,
    VerifyBackup,
    ChangeBackup,
    DeleteBackup,
    Links,
    AdminTasks,
    CleanupsService,
    RotationsService,
    CatalogSyncsService,
    RestoreBackup,
    RestoresService,
    DrillBackup,
    DrillsService,
    DownloadService,
    Tickets,
    EventHub,
    EventTickets,
    HealthService,
    StoreLook,
    ServerLooks,
    TargetStates,
    TargetLooks,
    SchedulesService,
  ],
};

/** The API on a core; `more` are modules that stand on the same core (schedules, and what tests add). */
@Module({})
export class ApiModule {
  static on(core: Core, more: NonNullable<ModuleMetadata['imports']> = []): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        CoreModule.of(core),
        // Requests are logged before any route is looked for (http/install.ts); this is for Nest's own lines.
        LoggerModule.forRoot({ pinoHttp: { logger: core.log.pino, autoLogging: false }, forRoutes: [] }),
        PassportModule,
        TerminusModule.forRoot({ logger: false }),
        ...more,
      ],
      ...parts,
    };
  }
}
