import { describe, expect, it } from '@jest/globals';
import type { SeenWorker } from '#catalog';
import { found, skipped, type Finding, type WorkerLook } from '#contracts';
import { catalogueFindings, gatherFindings, storeFindings, workerFindings } from './system-findings.js';

const now = new Date();
const look = (changes: Partial<WorkerLook> = {}): WorkerLook => ({
  ...{ at: now, findings: [], keys: [], storeAbilities: null, keyProof: null },
  ...changes,
});
const worker = (changes: Partial<SeenWorker> = {}): SeenWorker => ({
  ...{ workerId: 'w1', version: '1.0.0', startedAt: now, beatAt: now, beatSeconds: 20, host: 'h', nodeVersion: 'v24' },
  ...{ tools: {}, keyIds: ['aa'], storeId: null, storeLocation: 's', storeFreeBytes: null, storeOk: true },
  ...{ storeDetail: null, targets: [], restoreTargets: [], sinceBeatMs: 0, look: look() },
  ...changes,
});
const brief = (findings: readonly Finding[]) => findings.map(({ name, status }) => [name, status]);
const exam = { version: '8.0.4', database: 'hazina', isMarked: true, missingIndexes: [], storeId: null, skewMs: 5 };

describe('findings of the system', () => {
  it('the same of several workers is one; errors come first; who is silent says nothing', () => {
    const same = found('store', 's3://b/: signs URLs');
    const bad: Finding = { name: 'rights clinic', status: 'error', detail: 'd', hint: 'h', code: 'source/refused' };
    const gathered = gatherFindings(
      [skipped('x', 'nothing')],
      [
        worker({ look: look({ findings: [same] }) }),
        worker({ workerId: 'w2', look: look({ findings: [same, bad] }) }),
        worker({ workerId: 'w3', sinceBeatMs: 90_000, look: look({ findings: [found('old', 'news')] }) }),
        // Of an older version.
        (({ look: _, ...older }) => older)(worker({ workerId: 'w4' })),
      ],
    );
    expect(gathered.map(({ name, reportedBy }) => [name, reportedBy])).toEqual([
      ['rights clinic', ['w2']],
      ['store', ['w1', 'w2']],
      ['x', ['api']],
    ]);
  });

  it('no worker alive is an error, another version a doubt', () => {
    expect(workerFindings('1.0.0', [worker({ sinceBeatMs: 61_000 })])).toMatchObject([
      { name: 'workers', status: 'error', code: 'worker-lost', hint: expect.stringContaining('start:worker') },
    ]);
    expect(brief(workerFindings('1.0.0', [worker()]))).toEqual([['workers', 'ok']]);
    expect(workerFindings('1.1.0', [worker()])).toMatchObject([
      { status: 'warning', detail: '1 alive; some are of version 1.0.0, the API is 1.1.0' },
    ]);
  });

  it('a worker that cannot open what another seals is a doubt', () => {
    const one = worker({ look: look({ keys: [{ keyId: 'aa', state: 'active' }] }) });
    const two = worker({ workerId: 'w2', keyIds: ['bb'], look: look({ keys: [{ keyId: 'bb', state: 'active' }] }) });
    const both = worker({ workerId: 'w3', keyIds: ['aa', 'bb'] });
    expect(brief(workerFindings('1.0.0', [one, both]))).toEqual([['workers', 'ok']]);
    const [, keys] = workerFindings('1.0.0', [one, two, both]);
    expect(keys).toMatchObject({
      name: 'keys of workers',
      status: 'warning',
      detail: expect.stringMatching(/^w1, w2 /),
    });
  });

  it('the store as the API sees it, the catalogue and its clock', () => {
    const store = { location: 's3://b/', detail: null, storeId: 'x' };
    expect(brief(storeFindings({ ...store, state: 'ok' }))).toEqual([['store from the API', 'ok']]);
    expect(brief(storeFindings({ ...store, state: 'degraded', detail: 'no answer' }))).toEqual([
      ['store from the API', 'warning'],
    ]);
    expect(brief(catalogueFindings(exam))).toEqual([
      ['catalogue', 'ok'],
      ['catalogue indexes', 'ok'],
      ['clock of the catalogue', 'ok'],
    ]);
    expect(brief(catalogueFindings({ ...exam, missingIndexes: ['a', 'b', 'c', 'd'], skewMs: -60_000 }))).toEqual([
      ['catalogue', 'ok'],
      ['catalogue indexes', 'warning'],
      ['clock of the catalogue', 'warning'],
    ]);
  });
});
