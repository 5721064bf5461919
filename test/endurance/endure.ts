import { join } from 'node:path';
import { onInterrupt } from '../services/interrupt.js';
import { AdminApi } from './admin-api.js';
import { Bucket } from './bucket.js';
import { Catalogue } from './catalogue.js';
import { Choices } from './choices.js';
import { Driver } from './driver.js';
import { checkAll, checkLogs } from './final-checks.js';
import { createInstallation, type Installation } from './installation.js';
import { Lag } from '../support/lag.js';
import { Model } from './model/model.js';
import { judgeOrphans } from './model/process-rules.js';
import type { Violation } from './model/rules.js';
import type { Options } from './options.js';
import { endWithinMs, targets } from './plan.js';
import { processesWith } from './processes.js';
import { describeRun, describeViolations } from './report.js';
import { tooLittle, workOf, type Work } from './model/work-rules.js';
import { Sampler } from './sampler.js';
import { comeToRest, healAll } from './settle.js';
import { Source } from './sources.js';
import { Timeline } from './timeline.js';
import { ActiveFaults, type World } from './world.js';

type Print = (text: string) => void;

/** One run, from the empty installation to its end; the exit code. */
export async function endure(options: Options, print: Print): Promise<number> {
  const { seed, minutes, workers, keep } = options;
  const steps = new Map<Violation, readonly string[]>();
  const model = new Model((violation) => {
    steps.set(violation, timeline.leadingTo(violation.backupId));
    print(`VIOLATION ${violation.text}`);
    timeline.note(`VIOLATION ${violation.rule}: ${violation.text}`, violation.backupId);
  });
  const installation = await createInstallation(workers, (violation) => model.tell(violation));
  const interrupt = onInterrupt(
    () => installation.close(true),
    () => installation.kill(),
    print,
  );
  const timeline = new Timeline(join(installation.folder, 'timeline.log'));
  print(`timeline and logs: ${installation.folder}`);
  const lag = new Lag();
  const world = worldOf(installation, { seed, model, timeline, lag });
  const driver = new Driver(world, seed);
  const sampler = new Sampler(world);
  const say = (text: string): void => print(`${timeline.seconds.toFixed(0).padStart(5)} s  ${text}`);
  const progress = setInterval(() => say(summary(world, driver)), 10_000);
  let work: Work;
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
    work = workOf(model.records, await world.catalogue.tasks());
    model.judge(tooLittle(work, minutes));
    for (const slot of installation.slots) if (slot.state !== 'down') await slot.end(endWithinMs);
    model.judge(judgeOrphans(processesWith(installation.mark)));
    checkLogs(world);
  } finally {
    clearInterval(progress);
    lag.stop();
    await sampler.stop();
    world.bucket.close();
    await installation.close(keep || model.violations.length > 0);
    interrupt.remove();
  }
  const { violations, checks, records } = model;
  const counted = { done: driver.done, broken: driver.broken, damaged: model.damaged.size, looks: sampler.looks };
  const measured = { requests: world.api.count, slowestMs: world.api.slowestMs, mostWorkerBytes: sampler.mostBytes };
  print(`\n${describeRun({ seed, minutes, work, records, checks, violations, ...counted, ...measured })}`);
  if (violations.length === 0) return 0;
  print(`\n${describeViolations(violations, steps)}\n`);
  print(`The run again: npm run test:endurance -- --seed ${seed} --minutes ${minutes} --workers ${workers}`);
  print(`Timeline and logs: ${installation.folder}`);
  return 1;
}

function worldOf(
  installation: Installation,
  parts: { readonly seed: number; readonly model: Model; readonly timeline: Timeline; readonly lag: Lag },
): World {
  const { seed, model, timeline, lag } = parts;
  const sources = targets.map((plan, at): [string, Source] => {
    const db = installation.client.db(installation.databaseOf(plan.name));
    return [plan.name, new Source(plan, db, new Choices(seed + 10 + at))];
  });
  return {
    ...{ installation, model, timeline, busy: new Set(), faults: new ActiveFaults(), restores: [] },
    api: new AdminApi(installation, lag, (violation) => model.tell(violation)),
    bucket: new Bucket(installation.bucket, installation.prefix),
    catalogue: new Catalogue(installation.client.db(installation.catalog)),
    sources: new Map(sources),
  };
}

function summary({ model, faults, api }: World, { done, broken }: Driver): string {
  const states = Object.entries(Object.groupBy(model.records, ({ status }) => status));
  const total = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0);
  const backups = states.map(([status, some]) => `${some.length} ${status}`).join(', ');
  return `${total(done)} actions, ${api.count} requests, ${total(broken)} faults (${faults.count} now); backups: ${backups}; ${model.violations.length} violations`;
}
