import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceWorld } from '../support/service-world.js';

export interface PlantedTargets {
  readonly endpoint: string;
  readonly vault: string;
  /** A command for a hook. */
  readonly hook: string;
  readonly secret: (name: string) => string;
}

/** Two destinations and three targets: with hooks that may fail, with one that may not, and of the engine mongodump. Gives its path. */
export function targetsFile(world: ServiceWorld, { endpoint, vault, hook, secret }: PlantedTargets): string {
  const of = (name: string, engine: string, more: object = {}) => {
    return { name, uriVariable: 'MONGODB_URI', schedule: 'off', engine, ...more };
  };
  const asks = {
    ...{ name: 'asks', veto: false, environment: ['OPS_TOKEN'] },
    command: [hook, `--token=${secret('hook-option')}`, secret('hook-argument')],
  };
  const posts = { name: 'posts', urlVariable: 'OPS_HOOK_URL', secretVariable: 'OPS_HOOK_KEY' };
  const text = JSON.stringify({
    destinations: {
      offsite: {
        ...{ kind: 's3', bucket: world.bucket, prefix: 'copies/', endpoint },
        ...{ accessKeyIdVariable: 'OFFSITE_KEY_ID', secretAccessKeyVariable: 'OFFSITE_SECRET' },
      },
      vault: { kind: 'directory', directory: vault },
    },
    targets: [
      of('clinic', 'native', { hooks: { before: [asks, { ...posts, veto: false }], after: [posts] } }),
      of('stopped', 'native', { hooks: { before: [posts] }, replicas: [] }),
      of('dumped', 'mongodump', { replicas: [] }),
    ],
  });
  const path = join(world.folder, 'targets.yaml');
  writeFileSync(path, text);
  return path;
}
