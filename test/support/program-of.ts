import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './run-hazina.js';

/** The file that a service runs from: its bundle; while `npm run dev` follows the sources, which makes none, the compiler's module. */
export function programOf(app: 'api' | 'worker'): string {
  const bundle = join(projectRoot, 'dist/bundle', app, 'main.js');
  return existsSync(bundle) ? bundle : join(projectRoot, 'dist/apps', app, 'src/main.js');
}
