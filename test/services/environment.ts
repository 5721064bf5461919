import { existsSync } from 'node:fs';
import type { Environment } from './cache.js';
import type { ServicesState } from './service-state.js';

/** Names the state file of the set that the other variables describe: how tests start servers beside it. */
export const stateVariable = 'TEST_SERVICES_STATE';

/** The variables of the tests and those of the product for a set of services. */
export function environmentOf(state: ServicesState, stateFile: string): Record<string, string> {
  const { mongodb, redis, s3 } = state;
  return {
    [stateVariable]: stateFile,
    ...(mongodb && { TEST_MONGODB_URI: mongodb.uri, MONGODB_URI: mongodb.uri }),
    ...(redis && { TEST_REDIS_URL: redis.url, REDIS_URL: redis.url }),
    ...(s3 && {
      TEST_S3_ENDPOINT: s3.endpoint,
      TEST_S3_ACCESS_KEY_ID: s3.accessKeyId,
      TEST_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
      TEST_S3_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      S3_ENDPOINT: s3.endpoint,
      S3_FORCE_PATH_STYLE: 'true',
    }),
  };
}

/** Lines for a shell: `export NAME='value'`. */
export function exportLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}

/**
 * The environment without the TEST_* variables of a set that was stopped meanwhile. A shell that once took over
 * `services env` still has them; they are told from variables that a person set by the state file that is gone.
 */
export function withoutLeftovers(env: Environment, warn: (text: string) => void): Environment {
  const stateFile = env[stateVariable];
  if (stateFile === undefined || stateFile === '' || existsSync(stateFile)) return env;
  warn('the TEST_* variables of this shell belong to services that were stopped: ignoring them');
  const isLeftover =
    /^TEST_(MONGODB_URI|REDIS_URL|S3_ENDPOINT|S3_ACCESS_KEY_ID|S3_SECRET_ACCESS_KEY|S3_REGION|SERVICES_STATE)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isLeftover.test(name)));
}
