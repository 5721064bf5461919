import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readArchive } from '#archive';
import type { DumpRequest } from '#engine';
import { clinicArchive } from './backup-world.js';
import { dumpDouble, dumpFailed, type DumpDoubleOptions } from './dump-double.js';
import { repeatedArchive } from './generated-archive.js';

const given = async (options: Partial<DumpDoubleOptions>, signal = new AbortController().signal) => {
  const engine = dumpDouble({ archive: clinicArchive, ...options });
  const request = {} as DumpRequest;
  const { stream } = await engine.dump(request, await engine.probe(request, signal), signal);
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  return { engine, stream, bytes: () => Buffer.concat(pieces) };
};

describe('an engine double', () => {
  it('gives a stored archive as it is', async () => {
    const { stream, bytes, engine } = await given({});
    await once(stream, 'close');
    expect(bytes().equals(clinicArchive)).toBe(true);
    expect(engine.destroyed()).toBe(true);
  });

  it('gives a valid one of any size', async () => {
    const archive = repeatedArchive(20 * 2 ** 20);
    const engine = dumpDouble({ archive });
    const request = {} as DumpRequest;
    const { signal } = new AbortController();
    const { stream } = await engine.dump(request, await engine.probe(request, signal), signal);
    expect(await readArchive(stream)).toMatchObject({ archiveBytes: archive.bytes });
  });

  it.each([
    ['fails', 25_000, 25_000],
    ['fails-after-all-bytes', 25_000, clinicArchive.length],
  ] as const)('%s', async (misbehaviour, after, length) => {
    const { stream, bytes } = await given({ misbehaviour, after });
    const [error] = (await once(stream, 'error')) as [unknown];
    expect(error).toBe(dumpFailed);
    expect(bytes().equals(clinicArchive.subarray(0, length))).toBe(true);
  });

  it('ends early, as if all were well', async () => {
    const { stream, bytes } = await given({ misbehaviour: 'ends-early', after: 25_000 });
    await once(stream, 'end');
    expect(bytes().equals(clinicArchive.subarray(0, 25_000))).toBe(true);
  });

  it('hangs until it is aborted', async () => {
    const cancel = new AbortController();
    const { stream, bytes, engine } = await given({ misbehaviour: 'hangs', after: 25_000 }, cancel.signal);
    const failed = once(stream, 'error');
    while (bytes().length < 25_000) await once(stream, 'data');
    expect(engine.destroyed()).toBe(false);
    cancel.abort();
    expect((await failed)[0]).toMatchObject({ code: 'run/cancelled' });
    expect([bytes().length, engine.destroyed()]).toEqual([25_000, true]);
  });
});
