import { join } from 'node:path';
import { projectRoot } from './run-hazina.js';

/** The file that a service runs from. */
export function programOf(app: 'api' | 'worker'): string {
  return join(projectRoot, 'dist/bundle', app, 'main.js');
}

/** The same as the compiler left it, which bundles are made of: `npm run dev` follows the sources with the compiler alone. */
export function moduleOf(app: 'api' | 'worker'): string {
  return join(projectRoot, 'dist/apps', app, 'src/main.js');
}
