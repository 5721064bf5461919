import { rmSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemCode, type Secret } from '#contracts';
import { atExit } from './at-exit.js';

export interface PrivateConfig {
  /** To be inherited by the tool as its descriptor 3. */
  readonly descriptor: number;
  /** The argument that makes the tool read it there. */
  readonly argument: string;
}

/**
 * Hands a tool the URI by its `--config`: never in an argument, where every user of the machine could read it. The file (0600, in a folder of 0700) is gone before
 * `work` begins, and the tool reads it through an inherited descriptor, which is closed when `work` ends: whoever is killed meanwhile, no secret is left behind.
 */
export async function withPrivateConfig<T>(
  tmpDir: string,
  uri: Secret,
  work: (config: PrivateConfig) => Promise<T>,
): Promise<T> {
  const file = await openNameless(tmpDir, `uri: '${uri.reveal().replaceAll("'", "''")}'\n`);
  try {
    return await work({ descriptor: file.fd, argument: '--config=/dev/fd/3' });
  } finally {
    await file.close();
  }
}

/** A file with this text that has no name any more. */
async function openNameless(tmpDir: string, text: string): Promise<FileHandle> {
  try {
    const folder = await mkdtemp(join(tmpDir, 'hazina-'));
    const forget = atExit(() => rmSync(folder, { recursive: true, force: true }));
    try {
      const path = join(folder, 'config.yaml');
      await writeFile(path, text, { mode: 0o600, flag: 'wx' });
      return await open(path);
    } finally {
      await rm(folder, { recursive: true, force: true });
      forget();
    }
  } catch (cause) {
    throw new AppError({
      code: 'engine/failed',
      stage: 'probe',
      retry: 'retry',
      message: `The configuration of the tool cannot be written below ${tmpDir} (${systemCode(cause) ?? 'unknown'})`,
      hint: 'Make room there, set TMPDIR to a folder that can be written, or use the native engine, which needs none (--engine native)',
      cause,
    });
  }
}
