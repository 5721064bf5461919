import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemCode, type Secret } from '#contracts';

export interface PrivateConfig {
  /** To be inherited by the tool as its descriptor 3. */
  readonly descriptor: number;
  /** The argument that makes the tool read it there. */
  readonly argument: string;
  /** To be called when the tool has been started: it has a descriptor of its own then. */
  close(): Promise<void>;
}

/**
 * A file for a tool's `--config`, with the URI: never in an argument, where every user of the machine could read it. The file is gone from its folder (0700; the
 * file 0600) before the tool starts, which reads it through an inherited descriptor: whoever is killed, no secret is left lying about.
 */
export async function writePrivateConfig(tmpDir: string, uri: Secret): Promise<PrivateConfig> {
  try {
    const folder = await mkdtemp(join(tmpDir, 'hazina-'));
    try {
      const path = join(folder, 'config.yaml');
      await writeFile(path, `uri: '${uri.reveal().replaceAll("'", "''")}'\n`, { mode: 0o600, flag: 'wx' });
      const file = await open(path);
      return { descriptor: file.fd, argument: '--config=/dev/fd/3', close: () => file.close() };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (cause) {
    throw new AppError({
      code: 'engine/failed',
      stage: 'dump',
      retry: 'retry',
      message: `The configuration of the tool cannot be written below ${tmpDir} (${systemCode(cause) ?? 'unknown'})`,
      hint: 'Make room there, set TMPDIR to a folder that can be written, or use --engine native, which needs none',
      cause,
    });
  }
}
