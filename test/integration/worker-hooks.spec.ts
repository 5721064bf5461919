import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupJob } from '#catalog';
import { waitUntil } from '../services/services.js';
import { manualBackup } from '../support/catalog-world.js';
import { HttpSink } from '../support/http-sink.js';
import { expectNothingLeftOf } from '../support/nothing-left.js';
import { WorkerWorld, type RunningWorker } from '../support/worker-world.js';

// Hooks, the fleet's limit and reloads, by real workers on real services. Hooks are real commands; a hook that waits for a file holds a run where a test wants it.

jest.setTimeout(60_000);
let world: WorkerWorld;
beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(50);
});
afterEach(() => expectNothingLeftOf(world));
afterAll(() => world.close());

const path = '/targets.yaml';
const PATH = '/usr/local/bin:/usr/bin:/bin';
const quickUpkeep = {
  BACKUP_TARGETS_FILE: path,
  PATH,
  BACKUP_REAPER_SECONDS: '1',
  BACKUP_LEASE_SECONDS: '20',
  BACKUP_BEAT_SECONDS: '1',
};
const file = (name: string) => join(world.folder, name);
const targets = (hooks: Readonly<Record<string, string>>) =>
  `targets:\n${Object.entries(hooks)
    .map(([name, text]) => `  - {name: ${name}, uriVariable: MONGODB_URI, schedule: 'off', hooks: {${text}}}\n`)
    .join('')}`;
/** Says that it is there, and waits until the test lets it go. */
const holding = (name: string) =>
  `before: [{shell: 'touch ${file(name)}; while [ ! -e ${file(`${name}-go`)} ]; do sleep 0.05; done'}]`;
const letGo = (name: string) => writeFileSync(file(`${name}-go`), '');
const begun = (name: string) => waitUntil(() => existsSync(file(name)), { what: `the hook of ${name}` });
const noted = (name: string) => JSON.parse(readFileSync(file(name), 'utf8')) as unknown;

async function trigger(target: string): Promise<string> {
  const inserted = await world.catalog.backups.insert(manualBackup(target));
  if (inserted.outcome !== 'inserted') throw new Error(inserted.outcome);
  await world.queue.add(backupJob(inserted.record));
  return inserted.record.backupId;
}
const completed = (backupId: string) =>
  world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup', timeoutMs: 30_000 });

it('before: a veto stops the backup for good; after: a failure is told, and the backup stands', async () => {
  const sink = await HttpSink.start();
  world.files.set(
    path,
    targets({
      shut: `before: [{shell: 'echo month end; exit 4'}], after: [{shell: 'cat > ${file('shut')}'}]`,
      open: `before: [{shell: 'cat > ${file('before')}'}], after: [{name: ops, url: '${sink.url}/done'}, {name: broken, shell: 'exit 7'}]`,
    }),
  );
  const { lines } = await world.worker(quickUpkeep);

  const vetoed = await trigger('shut');
  const failed = await world.until(vetoed, ({ status }) => status === 'failed', { what: 'the veto' });
  expect(failed).toMatchObject({
    errorMessage: 'The hook shell said no: exit code 4: month end',
    error: { code: 'hook/vetoed', stage: 'hook', retryable: false },
    ...{ failures: 0, jobNumber: 1, running: false, claim: { fence: 1 } },
  });
  expect(noted('shut')).toMatchObject({ event: 'backup.after', outcome: 'vetoed', backupId: vetoed });
  expect((await world.stored()).filter((key) => key.startsWith('shut/'))).toEqual([]);

  const record = await completed(await trigger('open'));
  expect(noted('before')).toMatchObject({
    event: 'backup.before',
    target: 'open',
    backupId: record.backupId,
    attempt: 1,
  });
  expect(record.warnings).toEqual(['hook broken after the backup: exit code 7']);
  expect(record.events.map(({ message }) => message)).toContain('hook');
  const told = JSON.parse(sink.requests[0]?.body ?? '{}') as Record<string, unknown>;
  expect(told).toMatchObject({ event: 'backup.after', outcome: 'completed', error: null });
  expect(told['backup']).toEqual({
    sizeBytes: record.size,
    sha256: record.hash,
    documents: 50,
    databases: [world.source],
  });
  const raised = async () => (await world.catalog.alerts.raised()).map(({ key }) => key);
  expect(await raised()).toContain('hook-failed/open');
  expect(lines.find(({ msg, hook }) => msg === 'hook' && hook === 'broken')).toMatchObject({
    verdict: 'no',
    when: 'after',
  });
  await sink.close();
});

it('so many backups at the same time in all workers together, and the next as soon as one has ended', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  world.files.set(path, targets(Object.fromEntries(names.map((name) => [name, holding(name)]))));
  // Looks are rare: whoever ends a run lets the next one begin.
  const fleet = {
    ...quickUpkeep,
    BACKUP_REAPER_SECONDS: '600',
    BACKUP_FLEET_CONCURRENCY: '2',
    BACKUP_CONCURRENCY: '5',
  };
  const workers = [await world.worker(fleet), await world.worker(fleet)];
  const ids = await Promise.all(names.map(trigger));
  const running = async () => (await world.catalog.backups.inProgress()).length;
  const waits = () =>
    workers.flatMap(({ lines }) => lines).filter(({ msg }) => msg === 'waits for a place in the fleet');
  await waitUntil(() => waits().length === 3, { what: 'three that wait' });
  expect(await running()).toBe(2);
  const most: number[] = [];
  while (most.length < names.length) {
    const [next] = await waitUntil(
      () => {
        const held = names.filter((name) => existsSync(file(name)) && !existsSync(file(`${name}-go`)));
        return held.length > 0 ? held : undefined;
      },
      { what: 'a run that holds', timeoutMs: 20_000 },
    );
    most.push(await running());
    letGo(next ?? '');
    await completed(ids[names.indexOf(next ?? '')] ?? '');
  }
  expect(Math.max(...most)).toBe(2);
  expect(await world.catalog.backups.freePlaces(2)).toBe(2);
});

it('a reload takes new targets and keys, keeps what runs, and stays with the old when the new is wrong', async () => {
  const key = '/key';
  world.files.set(key, world.key);
  world.files.set(path, targets({ kept: holding('kept') }));
  const { worker, port, lines } = await world.worker({
    ...quickUpkeep,
    BACKUP_CONCURRENCY: '2',
    BACKUP_ENCRYPTION_KEY: '',
    BACKUP_ENCRYPTION_KEY_FILE: key,
  });
  const line = (msg: string) => lines.filter((each) => each.msg.startsWith(msg)).at(-1);
  const ready = async () =>
    (await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json()) as { status: string; details: object };
  const held = await trigger('kept');
  await begun('kept');

  world.files.set(path, 'targets:\n  - {name: kept, uriVariable: MONGODB_URI, engine: magic}\n');
  await worker.reload();
  expect(line('configuration not reloaded')).toMatchObject({
    code: 'config/invalid',
    reason: expect.stringContaining(`${path}:2:52: targets.0.engine`),
  });
  expect(await ready()).toMatchObject({
    status: 'ok',
    details: { configuration: { state: 'invalid', code: 'config/invalid' } },
  });
  expect(await metric(port)).toBe('hazina_config_invalid 1');

  // Another key besides; the target that runs is gone from the file.
  world.files.set(path, targets({ fresh: '' }));
  world.files.set(key, `hex:${'ab'.repeat(32)}`);
  await worker.reload();
  expect(line('configuration reloaded')).toMatchObject({
    targets: { added: ['fresh'], removed: ['kept'], changed: [] },
  });
  expect(line('keys read again')).toMatchObject({ added: [expect.any(String)], removed: [expect.any(String)] });
  expect(JSON.stringify(lines)).not.toContain('abababab');
  expect(await metric(port)).toBe('hazina_config_invalid 0');
  const fresh = await completed(await trigger('fresh'));
  letGo('kept');
  const kept = await completed(held);
  expect(fresh.keyIds).toHaveLength(1);
  expect(kept.keyIds).not.toEqual(fresh.keyIds);
  expect((await ready()).details).toMatchObject({ configuration: { status: 'up' } });
});

async function metric(port: RunningWorker['port']): Promise<string | undefined> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text.split('\n').find((each) => each.startsWith('hazina_config_invalid'));
}
