import { join } from 'node:path';
import { cacheRoot } from '../services/cache.js';

type Environment = Readonly<Record<string, string>>;

/**
 * What a process of the product gets from a test: only PATH and HOME come from our own environment. What V8 compiles is kept in one place for all of them: the
 * worlds of tests have temporary folders of their own, in which every first command would compile, and write down, the whole product anew.
 */
export function childEnvironment(environment: Environment): Environment {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, NODE_COMPILE_CACHE: join(cacheRoot(process.env), 'compile-cache'), ...environment };
}
