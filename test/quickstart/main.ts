import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { startServices } from '../services/start-services.js';
import { compareDatabases } from '../support/compare-databases.js';
import { runHazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// npm run quickstart: the main job on real services, shown step by step. Exits 0 only when the restored database equals the original.

const documents = 20_000;
const started = Date.now();
const bold = (text: string): string => (process.stdout.isTTY ? `\u001B[1m${text}\u001B[0m` : text);
const step = (text: string): void => void process.stdout.write(`\n${bold(text)}\n`);
const say = (text: string): void => void process.stdout.write(`  ${text}\n`);

step('1. Real services: a MongoDB server and an S3 store');
const services = await startServices({ which: ['mongodb', 's3'], log: say });
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
try {
  process.exitCode = await tour(services.mongodbUri, services.env, () => services.createBucket('hazina-quickstart'));
} finally {
  await services.stop();
}

async function tour(
  uri: string,
  servicesEnvironment: Record<string, string>,
  createBucket: () => Promise<string>,
): Promise<number> {
  const client = await MongoClient.connect(uri);
  try {
    step('2. A sample database: clinic');
    const made = await fillSampleDatabase(client.db('clinic'), documents);
    say(
      `${made.collections} collections, ${made.documents.toLocaleString('en-US')} documents, ${made.indexes} indexes`,
    );

    const environment = {
      ...servicesEnvironment,
      S3_BACKUP_BUCKET: await createBucket(),
      MONGODB_URI: withDatabase(uri, 'clinic'),
      TARGET_URI: uri,
      BACKUP_TARGET_NAME: 'clinic',
      BACKUP_ENCRYPTION_KEY: `hex:${randomBytes(32).toString('hex')}`,
    };
    const steps: [string, string[]][] = [
      ['3. Back it up: one compressed, encrypted stream into the bucket', ['backup', '--label', 'quickstart']],
      ['4. List what lies in the bucket', ['list']],
      ['5. Prove that it is good', ['verify', '--latest']],
      [
        '6. Restore it beside the original',
        ['restore', '--latest', '--to-env', 'TARGET_URI', '--rename', 'clinic=clinic_restored'],
      ],
    ];
    for (const [title, args] of steps) {
      step(title);
      say(`$ hazina ${args.join(' ')}`);
      const code = await runHazina(args, { environment, stdio: 'inherit', signal: stop.signal });
      if (code !== 0) {
        say(`hazina ended with exit code ${code}`);
        return 1;
      }
    }

    step('7. Compare every document and index');
    const comparison = await compareDatabases({ uri, db: 'clinic' }, { uri, db: 'clinic_restored' });
    for (const difference of comparison.differences) say(`DIFFERENT: ${difference}`);
    if (comparison.differences.length > 0 || comparison.documents !== made.documents) return 1;
    say(
      `${comparison.collections} collections, ${comparison.documents.toLocaleString('en-US')} documents byte for byte, ${comparison.indexes} indexes: equal`,
    );
    say(`Done in ${((Date.now() - started) / 1000).toFixed(1)} s. README.md tells how to back up your own server.`);
    return 0;
  } finally {
    await client.close();
  }
}

function withDatabase(uri: string, database: string): string {
  const url = new URL(uri);
  url.pathname = `/${database}`;
  return url.toString();
}
