import { join } from 'node:path';
import { startServices } from '../services/start-services.js';
import { AdminApi } from './admin-api.js';
import { Bucket } from './bucket.js';
import { Catalogue } from './catalogue.js';
import { Choices } from './choices.js';
import { Driver } from './driver.js';
import { checkAll, checkLogs } from './final-checks.js';
import { createInstallation } from './installation.js';
import { Lag } from './lag.js';
import { Model } from './model/model.js';
import { judgeOrphans } from './model/process-rules.js';
import { help, readOptions, type Options } from './options.js';
import { endWithinMs, targets } from './plan.js';
import { processesWith } from './processes.js';
import { describeRun, describeViolations } from './report.js';
import { Sampler } from './sampler.js';
import { comeToRest, healAll } from './settle.js';
import { Source } from './sources.js';
import { Timeline } from './timeline.js';
import { ActiveFaults, type World } from './world.js';

// npm run test:endurance: a whole installation, used and broken at random, against a model of what was promised (docs/reliability.md).

const print = (text: string): void => void process.stdout.write(`${text}\n`);

let options: Options | null;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  process.exit(2);
}
if (options === null) print(help);
else process.exitCode = await run(options);

async function run({ seed, minutes, workers, keep }: Options): Promise<number> {
  print(`seed ${seed}, ${minutes} minutes, ${workers} workers`);
  const services = await startServices({ which: ['mongodb', 'redis', 's3'] });
  for (const [name, value] of Object.entries(services.env)) if (name.startsWith('TEST_')) process.env[name] = value;
  try {
    return await endure({ seed, minutes, workers, keep });
  } finally {
    await services.stop();
  }
}

async function endure({ seed, minutes, workers, keep }: Options): Promise<number> {
  const model = new Model((violation) => {
    print(`VIOLATION ${violation.text}`);
    timeline.note(`VIOLATION ${violation.rule}: ${violation.text}`, violation.backupId);
  });
  const installation = await createInstallation(workers, (violation) => model.tell(violation));
  const timeline = new Timeline(join(installation.folder, 'timeline.log'));
  print(`timeline and logs: ${installation.folder}`);
  const lag = new Lag();
  const world: World = {
    ...{ installation, model, timeline, busy: new Set(), faults: new ActiveFaults() },
    api: new AdminApi(installation, lag, (violation) => model.tell(violation)),
    bucket: new Bucket(installation.bucket, installation.prefix),
    catalogue: new Catalogue(installation.client.db(installation.catalog)),
    sources: new Map(
      targets.map((plan, at) => {
        const db = installation.client.db(installation.databaseOf(plan.name));
        return [plan.name, new Source(plan, db, new Choices(seed + 10 + at))];
      }),
    ),
  };
  const driver = new Driver(world, seed);
  const sampler = new Sampler(world);
  const say = (text: string): void => print(`${timeline.seconds.toFixed(0).padStart(5)} s  ${text}`);
  const progress = setInterval(() => say(summary(world, driver)), 10_000);
  try {
    for (const source of world.sources.values()) await source.fill();
    await Promise.all(installation.slots.map((slot) => slot.start()));
    await Promise.all(installation.slots.map((slot) => slot.ready()));
    say('everything runs');
    sampler.start();
    await driver.run(minutes);
    say('healing everything');
    const choices = new Choices(seed + 2);
    await healAll(world, choices);
    await comeToRest(world, say);
    await checkAll(world, choices, say);
    await sampler.stop();
    await sampler.look();
    for (const slot of installation.slots) if (slot.state !== 'down') await slot.end(endWithinMs);
    model.judge(judgeOrphans(processesWith(installation.mark)));
    checkLogs(world);
  } finally {
    clearInterval(progress);
    lag.stop();
    await sampler.stop();
    world.bucket.close();
    await installation.close(keep || model.violations.length > 0);
  }
  const { violations, checks, records, damaged } = model;
  const { count: requests, slowestMs } = world.api;
  const { looks, mostBytes: mostWorkerBytes } = sampler;
  print(
    `\n${describeRun({ ...{ seed, minutes, records, requests, slowestMs, looks, checks, mostWorkerBytes, violations }, done: driver.done, broken: driver.broken, damaged: damaged.size })}`,
  );
  if (violations.length === 0) return 0;
  print(
    `\n${describeViolations(violations, timeline)}\n\nThe run again: npm run test:endurance -- --seed ${seed} --minutes ${minutes}\nTimeline and logs: ${installation.folder}`,
  );
  return 1;
}

function summary({ model, faults, api }: World, { done, broken }: Driver): string {
  const states = Object.entries(Object.groupBy(model.records, ({ status }) => status));
  const total = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0);
  const backups = states.map(([status, some]) => `${some.length} ${status}`).join(', ');
  return `${total(done)} actions, ${api.count} requests, ${total(broken)} faults (${faults.count} now); backups: ${backups}; ${model.violations.length} violations`;
}
