import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '#contracts';

export interface PrivateConfig {
  readonly path: string;
  remove(): Promise<void>;
}

/** A file for a tool's `--config`: the URI in a private folder (0700) and file (0600), never in an argument, where every user of the machine could read it. */
export async function writePrivateConfig(tmpDir: string, uri: Secret): Promise<PrivateConfig> {
  const folder = await mkdtemp(join(tmpDir, 'hazina-'));
  const path = join(folder, 'config.yaml');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await writeFile(path, `uri: '${uri.reveal().replaceAll("'", "''")}'\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}
