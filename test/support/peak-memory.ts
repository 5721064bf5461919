import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hazina } from './run-hazina.js';

/**
 * The process itself notes its highest resident memory when it ends: nobody who looks from outside sees the last moment. On Linux that of the program alone: what
 * `getrusage` tells begins with the memory of whoever started it, here a test worker that may have grown beyond the bound.
 */
const note = `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const ofProgram = () => Number(/VmHWM:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
const kibibytes = () => (existsSync('/proc/self/status') ? ofProgram() : process.resourceUsage().maxRSS);
process.on('exit', () => writeFileSync(process.env.PEAK_FILE, String(kibibytes() * 1024)));`;

/** Runs the command line as a user does; it must succeed. Gives its peak resident memory in bytes. */
export async function peakMemory(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  folder: string,
): Promise<number> {
  const file = join(folder, 'peak');
  const run = await hazina(args, {
    ...environment,
    PEAK_FILE: file,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(note)}`,
  });
  if (run.code !== 0) throw new Error(`hazina ${args[0] ?? ''} ended with ${run.code}: ${run.stderr}`);
  const peak = Number(readFileSync(file, 'utf8'));
  rmSync(file);
  if (!(peak > 0)) throw new Error(`no peak of memory was noted: ${peak}`);
  return peak;
}
