import { spawn, type ChildProcess } from 'node:child_process';
import { signalGroup } from '#contracts';
import { Output } from './output.js';

const graceMs = 2_000;
/** After a program has ended, what it started may hold its pipes. */
const drainMs = 500;

export interface GroupEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Output;
  readonly stderr: Output;
}

export interface GroupOptions {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
  /** Ends it: SIGTERM for the whole group, after two seconds SIGKILL. */
  readonly signal: AbortSignal;
}

/** Runs a program as the leader of a process group of its own; nothing of the group is left when this returns. Throws when it cannot be started. */
export async function runGroup({ argv, environment, input, signal }: GroupOptions): Promise<GroupEnd> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { detached: true, env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  const [stdout, stderr] = [new Output(child.stdout), new Output(child.stderr)];
  // It need not read what it is given.
  child.stdin.on('error', () => undefined).end(input);
  let kill: NodeJS.Timeout | undefined;
  const end = (): void => {
    send(child, 'SIGTERM');
    kill = setTimeout(() => send(child, 'SIGKILL'), graceMs);
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  try {
    const ended = await exitOf(child);
    send(child, 'SIGKILL');
    await closed(child);
    return { ...ended, stdout, stderr };
  } finally {
    clearTimeout(kill);
    signal.removeEventListener('abort', end);
  }
}

function exitOf(child: ChildProcess): Promise<Pick<GroupEnd, 'code' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

async function closed(child: ChildProcess): Promise<void> {
  const pipes = [child.stdout, child.stderr].filter((pipe) => pipe?.closed === false);
  const ends = pipes.map((pipe) => new Promise((resolve) => pipe?.once('close', resolve)));
  const timer = setTimeout(() => {
    for (const pipe of pipes) pipe?.destroy();
  }, drainMs);
  await Promise.all(ends);
  clearTimeout(timer);
}

function send({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) signalGroup(pid, signal);
}
