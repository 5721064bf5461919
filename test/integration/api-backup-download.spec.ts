import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createBucket, removeBucket, services } from '../services/services.js';
import { seedCompleted, type SeededBackup } from '../support/api-records.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';

// Scrypt and a busy machine take their time; nothing here waits for a fixed one.
jest.setTimeout(60_000);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const download = (world: ApiWorld, { backupId }: SeededBackup, query = ''): Promise<ApiReply> =>
  world.get(`/api/admin/backups/${backupId}/download?${query}`);
const problem = (reply: ApiReply) => ({
  status: reply.status,
  code: String(reply.body['type']).replace('https://hazina.dev/problems/', ''),
});

const run = promisify(execFile);

/** As people do it: `curl -OJ`, into a folder of its own. */
async function curl(url: string, ...options: string[]): Promise<{ name: string; bytes: Buffer }> {
  const folder = mkdtempSync(join(tmpdir(), 'hazina-curl-'));
  try {
    const args = ['-sSfOJ', '--max-time', '30', '-w', '%{filename_effective}', ...options, url];
    const { stdout } = await run('curl', args, { cwd: folder, encoding: 'utf8' });
    const name = stdout.replace(/^\.\//, '');
    return { name, bytes: readFileSync(join(folder, name)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('from a folder', () => {
  let world: ApiWorld;
  let backup: SeededBackup;
  let url: string;
  beforeAll(async () => {
    world = await ApiWorld.start();
    backup = await seedCompleted(world.core, { size: 300_000 });
    url = String((await download(world, backup)).body['url']);
  });
  afterAll(() => world.close());

  it('is a ticket of five minutes, which curl -OJ saves under the name', async () => {
    const reply = await download(world, backup);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).toEqual({
      url: expect.stringContaining(`${world.url}/api/downloads/${backup.backupId}.hzn?ticket=`) as unknown,
      expiresAt: expect.any(String) as unknown,
      fileName: `${backup.backupId}.hzn`,
      size: 300_000,
      sha256: backup.sha256,
      header: null,
    });
    const seconds = (Date.parse(String(reply.body['expiresAt'])) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(290);
    expect(seconds).toBeLessThanOrEqual(300);
    const saved = await curl(String(reply.body['url']));
    expect({ name: saved.name, sha256: sha256(saved.bytes) }).toEqual({
      name: `${backup.backupId}.hzn`,
      sha256: backup.sha256,
    });
    expect(world.lines.join('')).not.toContain('ticket=ey');
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({ event: 'sensitive_read', resource: backup.backupId }),
    );
  });

  it('gives ranges, so that a broken download is resumed', async () => {
    const part = async (range: string, more: Record<string, string> = {}) => {
      const response = await fetch(url, { headers: { range, ...more } });
      return {
        status: response.status,
        range: response.headers.get('content-range'),
        bytes: Buffer.from(await response.arrayBuffer()),
      };
    };
    const { bytes } = backup;
    expect(await part('bytes=0-9')).toEqual({ status: 206, range: 'bytes 0-9/300000', bytes: bytes.subarray(0, 10) });
    expect(await part('bytes=299990-')).toEqual({
      status: 206,
      range: 'bytes 299990-299999/300000',
      bytes: bytes.subarray(299_990),
    });
    expect(await part('bytes=-5')).toEqual({
      status: 206,
      range: 'bytes 299995-299999/300000',
      bytes: bytes.subarray(299_995),
    });
    const outside = await part('bytes=300000-');
    expect(outside).toMatchObject({ status: 416, range: 'bytes */300000' });
    expect(JSON.parse(outside.bytes.toString())).toMatchObject({
      detail: 'The range lies outside of the file. GET the file without a Range to learn its size',
    });
    expect((await part('bytes=0-9', { 'if-range': `"${backup.sha256}"` })).status).toBe(206);
    expect((await part('bytes=0-9', { 'if-range': '"another"' })).status).toBe(200);
    const head = await fetch(url, { method: 'HEAD' });
    expect({
      status: head.status,
      length: head.headers.get('content-length'),
      etag: head.headers.get('etag'),
      digest: head.headers.get('repr-digest'),
    }).toEqual({
      status: 200,
      length: '300000',
      etag: `"${backup.sha256}"`,
      digest: `sha-256=:${Buffer.from(backup.sha256, 'hex').toString('base64')}:`,
    });
  });

  it('refuses tickets that were changed, and those of another file', async () => {
    const { searchParams } = new URL(url);
    const ticket = searchParams.get('ticket') ?? '';
    const [body = '', mac = ''] = ticket.split('.');
    const content = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...content, key: 'hazina.json' })).toString('base64url');
    for (const wrong of [
      `${forged}.${mac}`,
      `${body}.`,
      body,
      `${body}.${mac.slice(0, -2)}`,
      `${ticket}.x`,
      'x',
      `${mac}.${body}`,
    ])
      expect((await world.get(`/api/downloads/${backup.backupId}.hzn?ticket=${wrong}`, { token: null })).status).toBe(
        401,
      );
    expect((await world.get(`/api/downloads/other.hzn?ticket=${ticket}`, { token: null })).status).toBe(401);
    expect((await world.get(`/api/downloads/${backup.backupId}.hzn`, { token: null })).status).toBe(400);
  });

  it('gives the sidecar of a key rotation along', async () => {
    const rotated = await seedCompleted(world.core);
    const sidecar = Buffer.from('a new header');
    await world.core.store.putBytes(`clinic/${rotated.backupId}/1/header.hzn`, sidecar);
    const { header } = (await download(world, rotated)).body as { header: { url: string; sha256: string } };
    expect(header.sha256).toBe(sha256(sidecar));
    expect(await curl(header.url)).toEqual({ name: `${rotated.backupId}.header.hzn`, bytes: sidecar });
  });

  it('redirects when it is asked to', async () => {
    const reply = await download(world, backup, 'redirect=true');
    expect({ status: reply.status, to: reply.headers.get('location') }).toEqual({
      status: 302,
      to: expect.stringContaining('?ticket=') as unknown,
    });
    const saved = await curl(
      `${world.url}/api/admin/backups/${backup.backupId}/download?redirect=true`,
      '-L',
      '-H',
      `Authorization: Bearer ${world.token('operator')}`,
    );
    expect(sha256(saved.bytes)).toBe(backup.sha256);
  });

  it.each(['expiresIn=0', 'expiresIn=3601', 'expiresIn=x', 'redirect=1', 'what=1'])('refuses ?%s', async (query) => {
    expect((await download(world, backup, query)).status).toBe(400);
  });

  it('tells an object that is gone from a folder that this process does not see', async () => {
    const gone = await seedCompleted(world.core, { stored: false });
    expect(problem(await download(world, gone))).toEqual({ status: 410, code: 'backup-object-missing' });
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({
        ...{ event: 'sensitive_read', resource: gone.backupId, outcome: 'failure', detail: 'backup/object-missing' },
      }),
    );
    await world.core.store.delete('hazina.json');
    const reply = await download(world, gone);
    expect(problem(reply)).toEqual({ status: 503, code: 'store-changed' });
    expect(reply.body['detail']).toContain('BACKUP_DIRECTORY');
  });

  it('does not happen when it cannot be audited', async () => {
    const failing = await ApiWorld.start({
      parts: (core) => ({
        catalog: { ...core.catalog, audit: { ...core.catalog.audit, append: () => Promise.reject(new Error('full')) } },
      }),
    });
    try {
      expect((await download(failing, await seedCompleted(failing.core))).status).toBe(500);
    } finally {
      await failing.close();
    }
  });
});

describe('from S3', () => {
  let world: ApiWorld;
  let bucket: string;
  beforeAll(async () => {
    bucket = await createBucket();
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    world = await ApiWorld.start({
      environment: {
        S3_BACKUP_BUCKET: bucket,
        S3_BACKUP_PREFIX: 'deep/folder/',
        S3_ENDPOINT: endpoint,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_REGION: region,
      },
    });
  });
  afterAll(async () => {
    await world.close();
    await removeBucket(bucket);
  });

  it('is a presigned URL, which curl -OJ saves under the name', async () => {
    const backup = await seedCompleted(world.core, { size: 100_000 });
    const reply = await download(world, backup, 'expiresIn=60');
    const url = new URL(String(reply.body['url']));
    expect({
      host: `${url.protocol}//${url.host}`,
      path: url.pathname,
      expires: url.searchParams.get('X-Amz-Expires'),
    }).toEqual({
      host: services().s3.endpoint,
      path: `/${bucket}/deep/folder/clinic/${backup.backupId}/1/data.hzn`,
      expires: '60',
    });
    const saved = await curl(url.toString());
    expect({ name: saved.name, sha256: sha256(saved.bytes) }).toEqual({
      name: `${backup.backupId}.hzn`,
      sha256: backup.sha256,
    });
    expect(world.lines.join('')).not.toContain('X-Amz-Signature');
    url.searchParams.set('X-Amz-Expires', '3600');
    expect((await fetch(url)).status).toBe(403);
  });

  it('is 410 when the object is gone', async () => {
    const backup = await seedCompleted(world.core);
    await world.core.store.delete(`clinic/${backup.backupId}/1/data.hzn`);
    expect(problem(await download(world, backup))).toEqual({ status: 410, code: 'backup-object-missing' });
  });
});
