import { expect } from '@jest/globals';
import { findProgram } from '../services/find-program.js';
import { waitUntil } from '../services/services.js';
import type { ApiClient } from '../support/api-client.js';
import { hazina } from '../support/run-hazina.js';
import type { ServiceProcess } from '../support/service-process.js';
import type { Settings } from '../support/service-world.js';
import { toolsIn } from '../support/tools-in.js';
import { withDatabase, withPassword } from './places.js';
import { badCommands, changeKeys, compareAndCopy, type Doing } from './planted-commands.js';
import type { PlantedWorld } from './planted-world.js';
import type { Witness } from './witness.js';

/** Backups, copies, restores, drills, new keys and comparisons; and each of them failing. */
export async function doAll(planted: PlantedWorld, witness: Witness): Promise<void> {
  const { world, secrets } = planted;
  const generated = await hazina(['keys', 'generate', '--recipient', '--json'], {});
  const pair = JSON.parse(generated.stdout) as { privateKey: string; publicKey: string };
  secrets['private-key'] = pair.privateKey.slice(pair.privateKey.indexOf(':') + 1);
  const ofWorker = settingsOf(planted, pair.publicKey);
  const ofCli: Settings = {
    ...{ ...world.cliEnvironment, ...ofWorker },
    TARGET_URI: withDatabase(planted.target.uri, ''),
  };
  const api = await world.startApi();
  const admin = world.as('admin', api);
  secrets['admin-token'] = admin.token ?? '';
  const worker = await world.startWorker(ofWorker);

  const { backupId, second } = await backUp(admin, witness);
  await restoreAndDrill(planted, { admin, witness, backupId });
  await witness.command(
    ['verify', '--latest', '--target', 'clinic', '--level', 'restored', '--to-env', 'TARGET_URI'],
    ofCli,
  );
  const doing: Doing = { ...{ planted, witness, admin, worker, backupId, second, ofWorker, ofCli }, ...pair };
  await compareAndCopy(doing);
  await changeKeys(doing);
  await badCommands(doing);
  await refuseStore(planted, admin, witness);
  await lookAtAll(planted, { api, admin, witness });
}

function settingsOf({ world, secret, source, target, hooks, moto }: PlantedWorld, publicKey: string): Settings {
  const hasOfficialTool = findProgram('mongodump', process.env) !== undefined;
  const url = new URL(`${hooks.url}/hooks/${secret('hook-path')}/${encodeURIComponent(`v/${secret('hook-value')}`)}`);
  url.searchParams.set('key', `k/${secret('hook-value')}`);
  url.username = 'hooker';
  url.password = secret('hook-password');
  const restoreUri = withDatabase(target.uri, '');
  return {
    PATH: hasOfficialTool ? (process.env['PATH'] ?? '') : toolsIn(world.folder).searchPath,
    MONGODB_URI: withDatabase(source.uri, world.source),
    ...{ BACKUP_ENCRYPTION_KEY: `hex:${secret('old-key')}`, BACKUP_RECIPIENTS: publicKey },
    ...{ OPS_TOKEN: secret('hook-variable'), OPS_HOOK_URL: url.href, OPS_HOOK_KEY: secret('hook-key') },
    RESTORE_TARGET_STAGING_URI: restoreUri,
    RESTORE_TARGET_LOCKED_URI: withPassword(restoreUri, secret('wrong-restore')),
    ...{ AWS_ENDPOINT_URL_KMS: moto.url, AWS_ENDPOINT_URL_SECRETS_MANAGER: moto.url },
  };
}

/** Two with copies, one by the tool, and one that its hook stops. */
async function backUp(admin: ApiClient, witness: Witness): Promise<{ backupId: string; second: string }> {
  const ended = async (target: string, expected: object): Promise<string> => {
    const id = await admin.trigger({ target });
    expect(await admin.settled(id)).toMatchObject(expected);
    return id;
  };
  const backupId = await ended('clinic', { status: 'completed' });
  const copied = async () => {
    const { replicas } = (await admin.backup(backupId)) as { replicas: { state: string }[] };
    return replicas.length === 2 && replicas.every(({ state }) => state === 'copied');
  };
  await waitUntil(copied, { what: 'the copies', timeoutMs: 120_000, intervalMs: 500 });
  const second = await ended('clinic', { status: 'completed' });
  const dumped = await ended('dumped', { status: 'completed', engine: { name: 'mongodump' } });
  const stopped = await ended('stopped', { status: 'failed', error: { code: 'hook/vetoed' } });
  for (const id of [backupId, second, dumped, stopped]) await witness.reply(id, admin.get(`/api/admin/backups/${id}`));
  return { backupId, second };
}

async function restoreAndDrill(
  { world, scratch }: PlantedWorld,
  { admin, witness, backupId }: { readonly admin: ApiClient; readonly witness: Witness; readonly backupId: string },
): Promise<void> {
  const wish = { mode: 'into-empty' as const, rename: [{ from: world.source, to: scratch }] };
  const restore = async (targetName: string) =>
    witness.ended(admin, `/api/admin/restores/${await admin.restore(backupId, { targetName, ...wish })}`);
  expect(await restore('staging')).toMatchObject({ status: 'completed' });
  expect(await restore('locked')).toMatchObject({ status: 'failed' });
  const { body } = await admin.post('/api/admin/drills', { backupId });
  const drill = await witness.ended(admin, `/api/admin/drills/${String(body.drillId)}`);
  expect(drill).toMatchObject({ status: 'completed' });
}

/** Backups while two stores refuse the service: one goes to the destination that is left, one may go to no other place. */
async function refuseStore({ proxy }: PlantedWorld, admin: ApiClient, witness: Witness): Promise<void> {
  proxy.on({ kind: 'reply', status: 403, code: 'SignatureDoesNotMatch' });
  const expected = { clinic: { status: 'completed', place: 'vault' }, dumped: { status: 'failed' } };
  for (const [target, end] of Object.entries(expected)) {
    const triggered = admin.post('/api/admin/backups/trigger', { target });
    await witness.reply(`trigger of ${target} while the store refuses`, triggered);
    const backupId = String((await triggered).body.backupId);
    expect(await admin.settled(backupId)).toMatchObject(end);
    await witness.reply(`${target} while the store refuses`, admin.get(`/api/admin/backups/${backupId}`));
  }
  proxy.heal();
}

async function lookAtAll(
  { world }: PlantedWorld,
  { api, admin, witness }: { readonly api: ServiceProcess; readonly admin: ApiClient; readonly witness: Witness },
): Promise<void> {
  const openapi = (await (await fetch(`${api.url}/docs-json`)).json()) as { paths: Record<string, object> };
  witness.hear('OpenAPI', JSON.stringify(openapi));
  const lists = Object.entries(openapi.paths).filter(
    ([path, methods]) => 'get' in methods && path.startsWith('/api/admin/') && !/[{]|events$/.test(path),
  );
  expect(lists.length).toBeGreaterThan(9);
  for (const [path] of lists) await witness.reply(path, admin.request('GET', path));
  for (const { app, url, exit } of world.processes)
    if (exit === undefined) witness.hear(`metrics of the ${app}`, await (await fetch(`${url}/metrics`)).text());
}
