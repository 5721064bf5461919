import { spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';

export interface Measurement {
  readonly seconds: number;
  /** Highest resident memory of the largest process of the run, in bytes; 0 where /proc is not there. */
  readonly peakRssBytes: number;
}

/** Runs a shell command to its end; throws when it fails, for a failed run has no time. */
export async function measure(command: string, environment: Readonly<Record<string, string>>): Promise<Measurement> {
  const started = performance.now();
  const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
  let peakRssBytes = 0;
  const look = async (): Promise<void> => {
    peakRssBytes = Math.max(peakRssBytes, await peakOfGroup(child.pid ?? -1));
  };
  const timer = setInterval(() => void look(), 100);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearInterval(timer);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`exit code ${code ?? 'none'}: ${command}\n${stderr}`);
  return { seconds, peakRssBytes };
}

/** VmHWM of the largest process in a process group. */
async function peakOfGroup(group: number): Promise<number> {
  let peak = 0;
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[2]) !== group) continue;
      const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
      peak = Math.max(peak, Number(kilobytes) * 1024);
    } catch {
      // The process ended between the two reads: its peak was seen before.
    }
  }
  return peak;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
