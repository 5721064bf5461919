import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MongoClient } from 'mongodb';
import { startServices } from '../services/start-services.js';
import { ApiClient } from '../support/api-client.js';
import { compareDatabases } from '../support/compare-databases.js';
import { hazina, runHazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { startStack, withDatabase, type ServiceStack } from './service-stack.js';

// npm run quickstart: the main job on real services, shown step by step. Exits 0 only when the restored database equals the original.

const documents = 20_000;
const started = Date.now();
const bold = (text: string): string => (process.stdout.isTTY ? `\u001B[1m${text}\u001B[0m` : text);
const step = (text: string): void => void process.stdout.write(`\n${bold(text)}\n`);
const say = (text: string): void => void process.stdout.write(`  ${text}\n`);

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const folder = mkdtempSync(join(tmpdir(), 'hazina-quickstart-'));
step('1. Real services: a MongoDB server, Redis and an S3 store');
const services = await startServices({ which: ['mongodb', 'redis', 's3'], log: say });
try {
  await tour();
} catch (error) {
  say(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
  await services.stop();
}

async function tour(): Promise<void> {
  const uri = services.mongodbUri;
  const client = await MongoClient.connect(uri);
  try {
    step('2. A sample database: clinic');
    const made = await fillSampleDatabase(client.db('clinic'), documents);
    say(
      `${made.collections} collections, ${made.documents.toLocaleString('en-US')} documents, ${made.indexes} indexes`,
    );

    step('3. Hazina: an API and a worker');
    const stack = await startStack(
      services,
      withDatabase(uri, 'clinic'),
      await services.createBucket('hazina-quickstart'),
    );
    try {
      say(`API ${stack.api.url} (Swagger UI at ${stack.api.url}/docs), worker ${stack.worker.url}`);
      const file = await throughHttp(stack);
      step('8. Restore the downloaded file beside the original');
      await command(stack, ['restore', file, '--to-env', 'TARGET_URI', '--rename', 'clinic=clinic_restored']);
    } finally {
      await stack.stop();
    }

    step('9. Compare every document and index');
    const comparison = await compareDatabases({ uri, db: 'clinic' }, { uri, db: 'clinic_restored' });
    for (const difference of comparison.differences) say(`DIFFERENT: ${difference}`);
    if (comparison.differences.length > 0 || comparison.documents !== made.documents)
      throw new Error('the restored database is not the original');
    say(
      `${comparison.collections} collections, ${comparison.documents.toLocaleString('en-US')} documents byte for byte, ${comparison.indexes} indexes: equal`,
    );
    say(
      `Done in ${((Date.now() - started) / 1000).toFixed(1)} s. npm run dev leaves all of this running; README.md tells how to back up your own server.`,
    );
  } finally {
    await client.close();
  }
}

interface Verification {
  readonly verificationId: string;
  readonly status: string;
  readonly error: { readonly message: string } | null;
}

/** Trigger, poll, verify, download; every request with the curl line that does the same. Returns the downloaded file. */
async function throughHttp(stack: ServiceStack): Promise<string> {
  // The lines are those for `npm run dev`, where they can be repeated: the services of this run end with it.
  const curl = (line: string): void => say(`$ curl -s -H "Authorization: Bearer $TOKEN" ${line}`);

  step('4. A token, then a backup');
  say('Repeat these lines beside npm run dev, which prints a token:');
  say('$ API=http://127.0.0.1:3000/api/admin/backups TOKEN=THE_TOKEN');
  const { stdout, code, stderr } = await hazina(['token', 'create', '--role', 'admin', '--ttl', '1h'], {
    JWT_SECRET: stack.jwtSecret,
  });
  if (code !== 0) throw new Error(`hazina token create: ${stderr}`);
  const api = new ApiClient(stack.api.url, stdout.trim());
  curl(`-X POST -H 'Content-Type: application/json' -d '{"label":"quickstart"}' $API/trigger`);
  const backupId = await api.trigger({ label: 'quickstart' });
  say(`$ ID=${backupId}     # the backupId of your reply`);

  step('5. Poll until it is completed and verified');
  curl('$API/$ID');
  const done = await api.settled(backupId);
  if (done.status !== 'completed')
    throw new Error(`the backup is ${String(done.status)}: ${String(done.errorMessage)}`);
  const { totalDocuments } = done.metadata as { totalDocuments: number };
  say(
    `completed: ${totalDocuments.toLocaleString('en-US')} documents, ${String(done.size)} bytes sealed, sha256 ${String(done.hash)}`,
  );

  step('6. Prove that it is good');
  await verify(api, backupId, () => curl('-X POST $API/$ID/verify'));

  step('7. Download it');
  curl('$API/$ID/download');
  const download = await api.get(`/api/admin/backups/${backupId}/download`);
  const { url, fileName, size } = download.body as { url: string; fileName: string; size: number };
  say(`$ URL='${url}'`);
  say('$ curl -OJ "$URL"');
  const file = join(folder, fileName);
  const reply = await fetch(url, { signal: stop.signal });
  if (!reply.ok || reply.body === null) throw new Error(`the download answered ${reply.status}`);
  await pipeline(Readable.fromWeb(reply.body), createWriteStream(file));
  say(`${fileName}, ${size} bytes`);
  return file;
}

/** The service verifies each new backup by itself; a second verification is asked for when that one is over. */
async function verify(api: ApiClient, backupId: string, showCurl: () => void): Promise<void> {
  const verified = async (): Promise<boolean> => {
    const { verificationStatus } = await api.backup(backupId);
    return (verificationStatus as { verified: boolean }).verified;
  };
  await api.settledWhen(verified, `${backupId} to be verified`);
  say('verified by the service itself (BACKUP_VERIFY=readable); once more on request:');
  showCurl();
  const asked = await api.post(`/api/admin/backups/${backupId}/verify`);
  if (asked.status !== 202) throw new Error(`verify: ${asked.status} ${JSON.stringify(asked.body)}`);
  const id = asked.body.verificationId;
  await api.settledWhen(async () => {
    const { verifications } = await api.backup(backupId);
    const mine = (verifications as Verification[]).find(({ verificationId }) => verificationId === id);
    if (mine?.status === 'failed') throw new Error(`the verification failed: ${mine.error?.message ?? ''}`);
    return mine?.status === 'completed';
  }, 'the verification to end');
  say(`${String(id)}: completed`);
}

async function command(stack: ServiceStack, args: readonly string[]): Promise<void> {
  say(`$ hazina ${args.join(' ')}`);
  const code = await runHazina(args, { environment: stack.environment, stdio: 'inherit', signal: stop.signal });
  if (code !== 0) throw new Error(`hazina ended with exit code ${code}`);
}
