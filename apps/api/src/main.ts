import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { loadApiConfig, processEnvironment, readVersion, type ApiConfig } from '#config';
import { AppError, type AuditRecord } from '#contracts';
import { AuditLog } from './audit/audit-log.js';
import { closeCore, openCore, type Core } from './core/open-core.js';
import { reloadConfig } from './core/reload-config.js';
import { createApi } from './create-api.js';
import { EventHub } from './events/event-hub.js';
import { currentCorrelationId } from './http/request-context.js';
import { HealthService } from './health/health.service.js';
import { ServiceLog } from './logging/service-log.js';
import { ScheduleService } from './scheduling/schedule.service.js';
import { SchedulingModule } from './scheduling/scheduling.module.js';

const exitCodes = { configuration: 3, unexpected: 1 } as const;
/** npm and shells send a signal to the whole group and pass it on besides: the same once more so soon is the same one. */
const sameSignalMs = 1_000;
/** So long requests are still taken after SIGTERM, while readiness is red already. */
const drainMs = 1_000;
/** After so long open connections are cut. */
const closeMs = 10_000;

async function main(): Promise<void> {
  // Without somebody who listens it would end the process. What was asked for while it started is done then.
  const early = new AbortController();
  let hangUp = (): void => early.abort();
  process.on('SIGHUP', () => hangUp());
  const version = readVersion();
  const config = await readConfig();
  const log = ServiceLog.open({
    ...{ service: 'hazina-api', level: config.logLevel, version, correlationId: currentCorrelationId },
  });
  const core = await openCore(config, version, log, (error) => refuse(error), readConfig);
  const app = await createApi(core, [SchedulingModule]);
  await app.listen(config.port, config.host);
  endOnSignals(app, core);
  hangUp = () => void reload(app, core);
  if (early.signal.aborted) hangUp();
  app.get(AuditLog).keep(ofProcess('sys_startup', core));
  const { port } = app.getHttpServer().address() as AddressInfo;
  log.info('listening', { port, host: config.host, docs: config.swagger === 'off' ? null : '/docs' });
}

async function readConfig(): Promise<ApiConfig> {
  return loadApiConfig({
    environment: processEnvironment(),
    readFile: readFileSync,
    workingDirectory: process.cwd(),
  });
}

/** Targets and schedules as they are configured now; kept in the audit log. */
async function reload(app: NestExpressApplication, core: Core): Promise<void> {
  const outcome = await reloadConfig(core, () => app.get(ScheduleService).register());
  if (outcome === null) return;
  const { added, removed, changed } = outcome.targets;
  const detail = `targets added: ${added.length}, removed: ${removed.length}, changed: ${changed.length}`;
  app.get(AuditLog).keep({ ...ofProcess('sys_config_reload', core), detail });
}

/** Readiness red, then no new connection, then what is under way ends; exit code 0. Another signal ends at once. */
function endOnSignals(app: NestExpressApplication, core: Core): void {
  let first: { readonly signal: string; readonly at: number } | undefined;
  const end = async (signal: string): Promise<void> => {
    core.log.info('ending', { signal });
    app.get(HealthService).drain();
    // Listeners move to another replica while new requests are still taken here.
    app.get(EventHub).end();
    await new Promise((resolve) => setTimeout(resolve, drainMs));
    const server = app.getHttpServer();
    const cut = setTimeout(() => server.closeAllConnections(), closeMs);
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeIdleConnections();
    });
    clearTimeout(cut);
    app.get(AuditLog).keep(ofProcess('sys_shutdown', core));
    await app.close();
    await closeCore(core);
    core.log.info('ended');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      const at = performance.now();
      if (first !== undefined) {
        if (first.signal === signal && at - first.at < sameSignalMs) return;
        process.exit(signal === 'SIGINT' ? 130 : 143);
      }
      first = { signal, at };
      end(signal).catch((error: unknown) => fail(error));
    });
  }
}

/** The process itself in the audit log. */
function ofProcess(event: 'sys_startup' | 'sys_shutdown' | 'sys_config_reload', { clock, version }: Core): AuditRecord {
  const where = { address: null, correlationId: null, resource: `api/${hostname()}/${process.pid}` };
  return { at: clock.now(), event, actor: 'system', role: null, ...where, outcome: 'success', detail: version };
}

/** What a person has to correct, in plain text: there is no log yet, or nobody who reads it. */
function refuse(error: Error): never {
  const hint = error instanceof AppError && error.hint !== undefined ? `\n${error.hint}.` : '';
  process.stderr.write(`The API cannot start: ${error.message}${hint}\n`);
  process.exit(exitCodes.configuration);
}

function fail(thrown: unknown): never {
  const error = AppError.from(thrown, 'config');
  if (error.code === 'config/invalid') refuse(error);
  process.stderr.write(`The API ended unexpectedly: ${error.code}: ${error.message}\n`);
  process.exit(exitCodes.unexpected);
}

main().catch((error: unknown) => fail(error));
