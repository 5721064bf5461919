import type { Environment } from './environment-reader.js';

/** The one place where the process's environment is read. */
export function processEnvironment(): Environment {
  return process.env;
}
