import { describe } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { findProgram } from '../services/find-program.js';

const missing = (['mongodump', 'mongorestore'] as const).filter((name) => findProgram(name, process.env) === undefined);

/** Tests that need the official tools; without them on the PATH they are skipped, and their title says why. */
export function describeWithTools(title: string, body: () => void): void {
  if (missing.length === 0) describe(title, body);
  else describe.skip(`${title} (skipped: no ${missing.join(', no ')} on the PATH)`, body);
}

export interface ToolRun {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs one of them; its input comes from a stream, its output goes to a file. */
export async function runTool(
  name: 'mongodump' | 'mongorestore',
  args: readonly string[],
  { input, output }: { readonly input?: Readable; readonly output?: string } = {},
): Promise<ToolRun> {
  const child = spawn(findProgram(name, process.env) ?? name, [...args], { stdio: 'pipe' });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (input === undefined) child.stdin.end();
  await Promise.all([
    // When it ends early its exit tells why.
    input === undefined ? undefined : pipeline(input, child.stdin).catch(() => undefined),
    output === undefined ? child.stdout.resume() : pipeline(child.stdout, createWriteStream(output)),
  ]);
  return { code: await closed, stderr };
}

/** What mongorestore says in the end. */
export function restoredDocuments({ stderr }: ToolRun): { readonly restored: number; readonly failed: number } {
  const said = /(\d+) document\(s\) restored successfully\. (\d+) document\(s\) failed to restore\./.exec(stderr);
  if (said === null) throw new Error(`mongorestore told no total: ${stderr}`);
  return { restored: Number(said[1]), failed: Number(said[2]) };
}
