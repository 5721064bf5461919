import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePasswordHash, verifyPassword } from '#contracts';
import { freePort, removeBucket, services, uniqueBucket } from '../services/services.js';
import { projectRoot } from '../support/run-hazina.js';

// The small commands of docker-compose.yml and of the images, as they are run there.

jest.setTimeout(60_000);

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function run(script: string, args: readonly string[] = [], environment: Record<string, string> = {}): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [join(projectRoot, script), ...args], {
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

describe('deploy/health.mjs', () => {
  it.each([
    [200, 0, /^$/],
    [503, 1, /^not ready: 503 redis is down$/m],
  ])('of a service that answers %s ends with %s', async (status, code, output) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status).end('redis is down');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      expect(await run('deploy/health.mjs', [String(port)])).toEqual({
        code,
        output: expect.stringMatching(output) as unknown,
      });
      expect(asked).toEqual(['/health/ready']);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('of nobody ends with 1', async () => {
    const ended = await run('deploy/health.mjs', [String(await freePort())]);
    expect(ended).toEqual({ code: 1, output: expect.stringContaining('no answer') as unknown });
  });
});

describe('deploy/make-bucket.mjs', () => {
  const bucket = uniqueBucket();
  afterAll(() => removeBucket(bucket));

  it('makes the bucket, and is content with one that is there', async () => {
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    const environment = {
      S3_BACKUP_BUCKET: bucket,
      S3_ENDPOINT: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    expect(await run('deploy/make-bucket.mjs', [], environment)).toEqual({
      code: 0,
      output: `made the bucket ${bucket}\n`,
    });
    expect(await run('deploy/make-bucket.mjs', [], environment)).toEqual({
      code: 0,
      output: `the bucket ${bucket} is there\n`,
    });
  });
});

describe('scripts/compose-secrets.mjs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hazina-secrets-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const contents = (): Record<string, string> =>
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8').trim()]));

  /** Whether password and hash fit together, by the product's own check. */
  const isAdmin = async (files: Record<string, string>): Promise<boolean> => {
    const stored = parsePasswordHash(files['admin-password-hash'] ?? '');
    return stored !== null && (await verifyPassword(files['admin-password'] ?? '', stored));
  };

  it('makes every secret once; a second run keeps all of them, a third makes what was lost', async () => {
    expect((await run('scripts/compose-secrets.mjs', [folder])).code).toBe(0);
    const made = contents();
    expect(made['encryption-key']).toMatch(/^hex:[0-9a-f]{64}$/);
    expect(await isAdmin(made)).toBe(true);

    const again = await run('scripts/compose-secrets.mjs', [folder]);
    expect(again.code).toBe(0);
    expect(again.output).not.toContain(' made');
    expect(contents()).toEqual(made);

    rmSync(join(folder, 'metrics-token'));
    rmSync(join(folder, 'admin-password'));
    expect((await run('scripts/compose-secrets.mjs', [folder])).code).toBe(0);
    const now = contents();
    const { 'metrics-token': token, 'admin-password': _password, 'admin-password-hash': _hash, ...kept } = now;
    expect(made).toMatchObject(kept);
    expect(token?.length).toBeGreaterThan(20);
    expect(await isAdmin(now)).toBe(true);
  });

  it('prints no secret', async () => {
    const { output } = await run('scripts/compose-secrets.mjs', [folder]);
    for (const [name, value] of Object.entries(contents()))
      if (!name.endsWith('-uri') && name !== 's3-access-key-id') expect(output).not.toContain(value);
  });
});
