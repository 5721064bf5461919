import type { ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PinoLogger } from 'nestjs-pino';
import { ApiModule } from './api.module.js';
import type { Core } from './core/open-core.js';
import { answerClientErrors } from './http/client-errors.js';
import { installEnd, installMiddleware } from './http/install.js';
import { lingerOnClose } from './http/lingering-close.js';
import { FrameworkLog } from './logging/framework-log.js';
import { QueuesUi } from './queue/queues-ui.js';
import { serveDocs } from './openapi/serve-docs.js';

/** Slow clients: so long may the head of a request take, and a whole request. */
const headersMs = 10_000;
const requestMs = 30_000;
const lookMs = 1_000;

const options: Pick<NestApplicationOptions, 'bufferLogs' | 'bodyParser' | 'forceCloseConnections' | 'abortOnError'> = {
  bufferLogs: true,
  bodyParser: false,
  forceCloseConnections: true,
  abortOnError: false,
};

/** The whole application, not yet listening. Closing it leaves the core open: it belongs to the caller. */
export async function createApi(
  core: Core,
  more: NonNullable<ModuleMetadata['imports']> = [],
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.on(core, more), options);
  app.useLogger(new FrameworkLog(await app.resolve(PinoLogger), {}));
  app.setGlobalPrefix('api', { exclude: ['health/{*rest}', 'metrics'] });
  installMiddleware(app);
  if (core.config.queuesUi) app.get(QueuesUi).serve(app);
  if (core.config.swagger !== 'off') serveDocs(app, core.version);
  await app.init();
  installEnd(app);
  const server = app.getHttpServer();
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  server.maxHeadersCount = 100;
  // Both times are looked at in this rhythm; Node reads it when the server begins to listen, and by itself looks every 30 s.
  Object.assign(server, { connectionsCheckingInterval: lookMs });
  lingerOnClose(server);
  answerClientErrors(server, core.log, core.random);
  return app;
}
