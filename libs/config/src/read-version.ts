import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** From the package.json of the installation: beside `dist` in a build, beside `apps` in sources. */
export function readVersion(): string {
  let folder = import.meta.dirname;
  for (;;) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      if (name === 'hazina' && typeof version === 'string') return version;
    } catch {
      // Not in this folder: further up.
    }
    const parent = dirname(folder);
    if (parent === folder) return 'unknown';
    folder = parent;
  }
}
