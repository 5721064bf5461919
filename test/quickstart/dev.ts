import { watch } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { startServices } from '../services/start-services.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { makeToken } from '../support/api-client.js';
import { moduleOf } from '../support/program-of.js';
import { projectRoot } from '../support/run-hazina.js';
import { freshIdentity, startStack, withDatabase } from './service-stack.js';

// npm run dev: real services, a sample database, API and worker, left running until Ctrl-C; new code starts API and worker again.

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});
const services = await startServices({ which: ['mongodb', 'redis', 's3'], log: say });
try {
  const client = await MongoClient.connect(services.mongodbUri);
  await fillSampleDatabase(client.db('clinic'), 20_000).finally(() => client.close());
  const bucket = await services.createBucket('hazina-dev');
  const settings = {
    API_PORT: process.env['API_PORT'] ?? '3000',
    WORKER_PORT: process.env['WORKER_PORT'] ?? '3001',
    BACKUP_SCHEDULE: process.env['BACKUP_SCHEDULE'] ?? '*/5 * * * *',
    ...freshIdentity(services.mongodbUri),
  };
  for (let running = true; running;) {
    const stack = await startStack(services, withDatabase(services.mongodbUri, 'clinic'), bucket, settings, moduleOf);
    for (const service of [stack.api, stack.worker]) service.echo(say);
    say(`\nSwagger UI: ${stack.api.url}/docs   worker: ${stack.worker.url}/health/ready   bucket: ${bucket}`);
    say(
      `A token for "Authorize" (admin, one hour):\n${makeToken(settings.JWT_SECRET, 'admin', 'dev')}\nCtrl-C stops everything.\n`,
    );
    const why = await Promise.race([
      stopped.then(() => 'stop' as const),
      rebuilt().then(() => 'reload' as const),
      stack.api.ended().then(() => 'stop' as const),
      stack.worker.ended().then(() => 'stop' as const),
    ]);
    running = why === 'reload';
    await stack.stop();
  }
} finally {
  await services.stop();
}

/** Resolves when the compiler has written new code of apps or libs, and is done with it. */
async function rebuilt(): Promise<void> {
  await new Promise<void>((resolve) => {
    let quiet: NodeJS.Timeout | undefined;
    const watchers = ['apps', 'libs'].map((part) =>
      watch(join(projectRoot, 'dist', part), { recursive: true }, () => {
        clearTimeout(quiet);
        quiet = setTimeout(() => {
          for (const watcher of watchers) watcher.close();
          resolve();
        }, 500);
      }),
    );
  });
  say('\nreloading …');
}
