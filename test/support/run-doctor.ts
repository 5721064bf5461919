import { expect } from '@jest/globals';
import type { Finding } from '#contracts';
import { errorOf, type Environment } from './cli-world.js';
import { hazina } from './run-hazina.js';

export interface DoctorReport {
  readonly code: number;
  readonly error: ReturnType<typeof errorOf> | undefined;
  readonly text: string;
  finding(name: string): Finding | undefined;
  readonly findings: readonly Finding[];
}

/** A doctor with the time that a busy machine needs; what it says holds none of the secrets, and each finding what it must. */
export async function runDoctor(
  environment: Environment,
  secrets: readonly string[],
  ...more: string[]
): Promise<DoctorReport> {
  const { code, stdout, stderr } = await hazina(['doctor', '--json', '--timeout', '60', ...more], environment);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  const text = stdout + stderr;
  for (const secret of secrets) expect(text).not.toContain(secret);
  for (const { status, hint, code: why } of findings) {
    if (status === 'error' || status === 'warning') expect(hint).toBeTruthy();
    expect(why !== null).toBe(status === 'error');
  }
  const finding = (name: string) => findings.find((one) => one.name === name);
  return { code, text, findings, finding, error: code === 0 ? undefined : errorOf(stderr) };
}
