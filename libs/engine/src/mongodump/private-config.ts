import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '#contracts';
import { atExit } from './at-exit.js';

/**
 * Writes a file for a tool's `--config`: the URI in a private folder (0700) and file (0600), never in an argument, where every user of the machine could
 * read it. It is there while `work` runs, and gone however that ends, or this process.
 */
export async function withPrivateConfig<T>(
  tmpDir: string,
  uri: Secret,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpDir, 'hazina-'));
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const path = join(folder, 'config.yaml');
    await writeFile(path, `uri: '${uri.reveal().replaceAll("'", "''")}'\n`, { mode: 0o600, flag: 'wx' });
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
    forget();
  }
}
