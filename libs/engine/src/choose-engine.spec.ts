import { describe, expect, it } from '@jest/globals';
import { AppError, Secret } from '#contracts';
import { chooseDumpEngine } from './choose-engine.js';
import type { DumpEngine, DumpProbe, DumpRequest } from './engine.js';

// Who dumps a whole replica set with its oplog: mongodump, or nobody.

const probe: DumpProbe = {
  engine: { name: 'mongodump', version: '100.18.0' },
  server: { version: '7.0.0', topology: 'replica-set' },
  databases: ['shop'],
  estimatedBytes: null,
  warnings: [],
};
const request: DumpRequest = {
  ...{ uri: new Secret('mongodb://127.0.0.1:1/'), databases: [], include: [], exclude: [] },
  oplog: true,
};
const engine = (name: 'mongodump' | 'native', look: () => Promise<DumpProbe>): DumpEngine => ({
  name,
  probe: look,
  dump: () => Promise.reject(new Error('nothing is dumped here')),
});
const native = engine('native', () => Promise.resolve(probe));

const choose = (setting: 'auto' | 'mongodump' | 'native', look: () => Promise<DumpProbe>) =>
  chooseDumpEngine({ setting, request, native, mongodump: engine('mongodump', look) }, new AbortController().signal);

describe('with an oplog', () => {
  it.each(['auto', 'mongodump'] as const)('%s: mongodump', async (setting) => {
    expect((await choose(setting, () => Promise.resolve(probe))).name).toBe('mongodump');
  });

  it('never falls back to an engine that has none', async () => {
    const missing = new AppError({ code: 'engine/not-found', stage: 'probe', message: 'mongodump was not found' });
    await expect(choose('auto', () => Promise.reject(missing))).rejects.toBe(missing);
    const warnings = ['hazina was left out: it is the catalogue'];
    await expect(choose('auto', () => Promise.resolve({ ...probe, warnings }))).rejects.toMatchObject({
      code: 'engine/unsupported',
      message: expect.stringContaining('hazina was left out') as unknown,
    });
  });

  it('is refused of the native engine', async () => {
    await expect(choose('native', () => Promise.resolve(probe))).rejects.toMatchObject({
      code: 'engine/unsupported',
      hint: expect.stringContaining('one moment') as unknown,
    });
  });
});
