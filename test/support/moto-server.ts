import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../services/free-port.js';
import { waitUntil } from '../services/wait-until.js';
import { pythonProgram } from './python.js';

/** AWS KMS and Secrets Manager on this machine: moto (PyPI), which encrypts and decrypts for real. */
export interface MotoServer {
  readonly url: string;
  /** What a process needs to find it instead of AWS. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startMoto(): Promise<MotoServer> {
  const program = pythonProgram('moto', ['moto[server]==5.2.5'], 'moto_server');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] },
  });
  const answers = () =>
    fetch(`${url}/moto-api/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitUntil(answers, { what: `an answer of moto on port ${port}`, timeoutMs: 60_000 });
  return {
    url,
    environment: {
      AWS_ENDPOINT_URL_KMS: url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test-secret',
      AWS_REGION: 'eu-west-1',
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
