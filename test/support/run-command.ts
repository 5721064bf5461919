import { once } from 'node:events';
import type { CliError, Environment } from './cli-world.js';
import { errorOf } from './cli-world.js';
import { spawnHazina } from './run-hazina.js';

/** A command that ends with an error, and what is done to the world while it runs. */
export async function failingCommand(
  args: readonly string[],
  environment: Environment,
  during: (child: ReturnType<typeof spawnHazina>) => Promise<void> = () => Promise.resolve(),
): Promise<{ readonly code: number | null; readonly error: CliError; readonly stderr: string }> {
  const child = spawnHazina([...args, '--json'], { environment, stdio: 'pipe' });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout?.resume();
  const closed = once(child, 'close');
  try {
    await during(child);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const [code] = (await closed) as [number | null];
  return { code, error: errorOf(stderr), stderr };
}
