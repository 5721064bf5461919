import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { startServices } from '../test/services/start-services.js';
import { projectRoot } from '../test/support/run-hazina.js';
import { fillSampleDatabase } from '../test/support/sample-data.js';
import {
  backupContestants,
  hazina,
  onPath,
  partContestants,
  restoreContestants,
  verifyContestants,
  type Contestant,
  type Places,
} from './contestants.js';
import { measure, type Measurement } from './measure.js';
import { describeRound, type Result, type Round } from './report.js';
import { runCatalogBench } from './catalog.js';
import { demandLoad, runLoadBench } from './load.js';
import { loadPage } from './load-page.js';
import { runEndlessStream } from './endless-stream.js';
import { demandGoals, runRestoreBench } from './restores.js';

const help = `npm run bench -- [--size 1GB] [--runs 3]     against what people write today, on the test server
npm run bench -- --restores [--size 1GB] [--runs 3]  restores by the service, whole and in part, against mongorestore
npm run bench -- --stream [--size 70GiB]     the pipeline fed from a generated stream: flat memory, no limit met
npm run bench -- --catalog [--records 100000]  the catalogue's queries against the bare driver, and their plans
npm run bench -- --load [--records 100000]     200 clients and 200 listeners on one API, against a single client
Results: a table, and bench/results/*.local.json, which git ignores; with --keep also bench/results/*.json, to be committed`;

const { values } = parseArgs({
  options: {
    size: { type: 'string' },
    runs: { type: 'string', default: '3' },
    stream: { type: 'boolean' },
    catalog: { type: 'boolean' },
    load: { type: 'boolean' },
    restores: { type: 'boolean' },
    records: { type: 'string', default: '100000' },
    keep: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);

if (values.help === true) process.stdout.write(`${help}\n`);
else if (values.stream === true) save('stream', await runEndlessStream(parseSize(values.size ?? '70GiB'), say));
else if (values.restores === true) {
  const result = await runRestoreBench(parseSize(values.size ?? '1GB'), Number(values.runs), say);
  save('restores', result);
  demandGoals(result);
} else if (values.catalog === true) save('catalog', await runCatalogBench(Number(values.records), say));
else if (values.load === true) await measureLoad(Number(values.records));
else save('peers', await comparePeers(parseSize(values.size ?? '1GB'), Number(values.runs)));

async function comparePeers(size: number, runs: number): Promise<unknown> {
  const services = await startServices({ which: ['mongodb'], log: say });
  const folder = mkdtempSync(join(process.env['BENCH_DIRECTORY'] ?? tmpdir(), 'hazina-bench-'));
  try {
    const places: Places = { uri: services.mongodbUri, database: 'bench', folder };
    const bytes = await fill(places, size);
    const environment = {
      MONGODB_URI: places.uri,
      BACKUP_ENCRYPTION_KEY: `hex:${randomBytes(32).toString('hex')}`,
      RESTIC_PASSWORD: randomBytes(16).toString('hex'),
    };
    if (onPath('age-keygen')) execFileSync('age-keygen', ['-o', join(folder, 'age.key')], { stdio: 'ignore' });

    const backup = backupContestants(places);
    const rounds: Round[] = [{ title: 'Backup', bytes, results: await race(backup.contestants, runs, environment) }];
    await measure(`BACKUP_DIRECTORY=${folder}/hazina ${hazina} verify --latest`, environment);
    const drop = `node ${join(projectRoot, 'dist/bench/drop-database.js')} ${places.uri}`;
    const restore = restoreContestants(places, drop);
    if (onPath('mongorestore')) await extractPlain(places, environment);
    rounds.push({ title: 'Restore', bytes, results: await race(restore.contestants, runs, environment) });
    rounds.push({ title: 'Part', bytes, results: await race(partContestants(places, drop), runs, environment) });
    rounds.push({ title: 'Verify', bytes, results: await race(verifyContestants(places), runs, environment) });

    for (const round of rounds) process.stdout.write(`\n${describeRound(round)}\n`);
    for (const line of [...backup.missing, ...restore.missing]) process.stdout.write(`left out: ${line}\n`);
    return { bytes, runs, rounds };
  } finally {
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill({ uri, database }: Places, size: number): Promise<number> {
  say(`making a database of ${size / 1e6} MB …`);
  const client = await MongoClient.connect(uri);
  try {
    const averageDocument = 790;
    const { documents } = await fillSampleDatabase(client.db(database), Math.ceil(size / averageDocument));
    // What a restore of a part is asked for.
    await client
      .db(database)
      .collection('small')
      .insertMany(Array.from({ length: 1000 }, (_, n) => ({ n })));
    const { dataSize } = await client.db(database).stats();
    say(`${documents} documents`);
    return Number(dataSize);
  } finally {
    await client.close();
  }
}

async function extractPlain({ folder }: Places, environment: Record<string, string>): Promise<void> {
  const [id = ''] = execFileSync('bash', ['-c', `BACKUP_DIRECTORY=${folder}/hazina ${hazina} list | tail -1`], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  }).split(' ');
  await measure(`BACKUP_DIRECTORY=${folder}/hazina ${hazina} extract ${id} -o ${folder}/plain.archive`, environment);
}

/** Each contestant once, then each once more: what the machine does meanwhile meets all of them. */
async function race(
  contestants: readonly Contestant[],
  runs: number,
  environment: Record<string, string>,
): Promise<Result[]> {
  const measured = new Map<string, Measurement[]>(contestants.map(({ name }) => [name, []]));
  for (let run = 1; run <= runs; run += 1) {
    for (const { name, command, prepare } of contestants) {
      if (prepare !== undefined) await measure(prepare, environment);
      const result = await measure(command, environment);
      measured.get(name)?.push(result);
      say(`run ${run}: ${name} ${result.seconds.toFixed(2)} s`);
    }
  }
  return contestants.map(({ name }) => ({ name, runs: measured.get(name) ?? [] }));
}

function save(name: string, result: unknown): void {
  const folder = join(projectRoot, 'bench/results');
  mkdirSync(folder, { recursive: true });
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, memoryBytes: totalmem(), node: process.version };
  const text = `${JSON.stringify({ measuredAt: new Date().toISOString(), machine, result }, null, 2)}\n`;
  for (const file of [`${name}.local.json`, ...(values.keep === true ? [`${name}.json`] : [])]) {
    writeFileSync(join(folder, file), text);
    say(`result: ${join(folder, file)}`);
  }
}

/** Kept whether or not it is what was promised; the page is that of a whole catalogue. */
async function measureLoad(records: number): Promise<void> {
  const result = await runLoadBench(records, say);
  save('load', result);
  if (values.keep === true && records >= 100_000)
    writeFileSync(join(projectRoot, 'bench/results/load.md'), loadPage(result, new Date()));
  demandLoad(result);
}

function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|KiB|MiB|GiB)?$/.exec(text) ?? [];
  const factors: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  const factor = factors[unit === '' ? 'B' : unit];
  if (number === '' || factor === undefined) throw new Error(`--size ${text}: write it like 1GB or 70GiB`);
  return Math.round(Number(number) * factor);
}
