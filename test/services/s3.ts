import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache, Environment } from './cache.js';
import { findProgram } from './find-program.js';
import { goInstall } from './go-install.js';
import type { Instance } from './instance.js';
import { secondsSince, type Log } from './log.js';
import { outputOf } from './run-command.js';
import { pingS3 } from './s3-client.js';
import { ServiceError } from './service-error.js';
import type { S3State } from './service-state.js';
import { spawnService, startOnFreePort, waitUntilReady } from './spawn-service.js';

const instead = 'TEST_S3_ENDPOINT, TEST_S3_ACCESS_KEY_ID, TEST_S3_SECRET_ACCESS_KEY (and TEST_S3_REGION)';
const defaultRegion = 'us-east-1';
const versitygwVersion = 'v1.8.0';

/** S3 from the first of: `TEST_S3_ENDPOINT` and its companions; versitygw on the PATH; versitygw by go install. */
export async function startS3(cache: Cache, instance: Instance, env: Environment, log: Log): Promise<S3State> {
  const given = env['TEST_S3_ENDPOINT'];
  if (given !== undefined && given !== '') return useGivenS3(given, env, log);
  const onPath = findProgram('versitygw', env);
  const binary = onPath ?? (await installVersitygw(cache, env, log));
  const started = Date.now();
  const found =
    onPath === undefined
      ? { how: `versitygw from the cache (${binary})`, version: versitygwVersion }
      : { how: `versitygw on the PATH (${binary})`, version: await versionOf(binary) };
  const state = await startServer(instance, binary, found);
  log(`S3 started in ${secondsSince(started)}: versitygw ${state.version}`);
  return state;
}

function installVersitygw(cache: Cache, env: Environment, log: Log): Promise<string> {
  return goInstall(
    cache,
    {
      name: 'versitygw',
      packagePath: 'github.com/versity/versitygw/cmd/versitygw',
      version: versitygwVersion,
      seconds: 70,
      instead,
    },
    env,
    log,
  );
}

async function versionOf(binary: string): Promise<string> {
  return /version\s*:?\s*(\S+)/i.exec(await outputOf(binary, ['--version']))?.[1] ?? 'unknown';
}

async function startServer(
  instance: Instance,
  binary: string,
  found: { readonly how: string; readonly version: string },
): Promise<S3State> {
  return startOnFreePort(instance, async (port, started) => {
    const dataFolder = join(instance.folder, `s3-${port}`);
    const [objects, versions] = [join(dataFolder, 'objects'), join(dataFolder, 'versions')];
    for (const folder of [objects, versions]) mkdirSync(folder, { recursive: true });
    const accessKeyId = `test${randomBytes(8).toString('hex')}`;
    const secretAccessKey = randomBytes(20).toString('hex');
    const process = spawnService(instance, {
      service: 's3',
      name: `s3-${port}`,
      command: binary,
      args: ['--port', `127.0.0.1:${port}`, '--region', defaultRegion, 'posix', '--versioning-dir', versions, objects],
      env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
      dataFolder,
    });
    started(process);
    const connection = { endpoint: `http://127.0.0.1:${port}`, accessKeyId, secretAccessKey, region: defaultRegion };
    await waitUntilReady(process, () => pingS3(connection));
    return { ...connection, ...found };
  });
}

async function useGivenS3(endpoint: string, env: Environment, log: Log): Promise<S3State> {
  const accessKeyId = env['TEST_S3_ACCESS_KEY_ID'] ?? '';
  const secretAccessKey = env['TEST_S3_SECRET_ACCESS_KEY'] ?? '';
  const region = env['TEST_S3_REGION'] ?? defaultRegion;
  if (accessKeyId === '' || secretAccessKey === '') {
    const missing = accessKeyId === '' ? 'TEST_S3_ACCESS_KEY_ID' : 'TEST_S3_SECRET_ACCESS_KEY';
    throw new ServiceError(`TEST_S3_ENDPOINT is set, but ${missing} is not`, `Set ${instead}, or none of them`);
  }
  const connection = { endpoint, accessKeyId, secretAccessKey, region };
  try {
    await pingS3(connection);
  } catch (error) {
    throw new ServiceError(
      `TEST_S3_ENDPOINT is set, but ${endpoint} does not serve us: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
      'Start that server, correct the variables, or unset them to have one found or installed',
      error,
    );
  }
  log(`S3 at ${endpoint}: TEST_S3_ENDPOINT`);
  return { ...connection, how: 'TEST_S3_ENDPOINT', version: 'unknown' };
}
