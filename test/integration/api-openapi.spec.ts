import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiWorld } from '../support/api-world.js';
import { projectRoot } from '../support/run-hazina.js';

it('docs/openapi.json is what the API serves (npm run openapi writes it)', async () => {
  const world = await ApiWorld.start();
  try {
    const served = (await world.get('/docs-json', { token: null })).body;
    const committed = JSON.parse(readFileSync(join(projectRoot, 'docs/openapi.json'), 'utf8')) as typeof served;
    const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
    expect(committed).toEqual({ ...served, info: { ...(served['info'] as object), version } });
  } finally {
    await world.close();
  }
});
