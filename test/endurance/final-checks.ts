import { readFileSync, existsSync } from 'node:fs';
import { Redis } from 'ioredis';
import { hazina } from '../support/run-hazina.js';
import { ask, pickRecord } from './actions/action.js';
import { restore } from './actions/restore.js';
import { judgeServiceRestores } from './actions/service-restore.js';
import { runCleanup } from './actions/upkeep.js';
import { readSightings, sightingsKey } from './bucket.js';
import type { Choices } from './choices.js';
import { falseAlarms, misjudged, unexplained, withoutCause } from './model/rest-rules.js';
import type { Violation } from './model/rules.js';
import { findSecrets } from './model/secret-rules.js';
import { checkStore } from './model/store-rules.js';
import { comeToRest, insist } from './settle.js';
import { redisText } from './redis-text.js';
import type { World } from './world.js';

const restoredSamples = 4;
const longAgoMs = 24 * 3_600_000;

type Say = (text: string) => void;

/** Everything that can be told when all is at rest: each record, each object, each word. */
export async function checkAll(world: World, choices: Choices, say: Say): Promise<void> {
  say('looking at what was restored');
  await judgeServiceRestores(world);
  say('verifying every backup once more');
  await verifyEach(world, choices, say);
  say('sweeping');
  const reports = await sweep(world, choices, say);
  const { model, catalogue, bucket, installation } = world;
  const records = await catalogue.records();
  model.records = records;
  const byId = new Map(records.map((record) => [record.backupId, record]));
  const tasks = await catalogue.tasks();
  model.judge(withoutCause(records, tasks));
  model.judge(unexplained(records));
  model.judge(falseAlarms(tasks, model.damaged));
  model.judge(misjudged(records, model.damaged));
  model.judge(model.promises.check(byId, Date.now()));
  model.judge(records.flatMap((record) => model.marks.check(record)));

  say(`reading ${(await bucket.keys()).length} objects`);
  const plain: string[] = [];
  const store = await bucket.view((key, text) => plain.push(`${key} ${text}`));
  model.judge(checkStore({ records: byId, store, damaged: model.damaged, reports }));
  const { secrets } = installation;
  model.judge(findSecrets('a plain object of the store', plain.join('\n'), secrets));
  model.judge(findSecrets('the catalogue', await catalogue.text(), secrets));
  model.judge(findSecrets('Redis', await textOfRedis(installation.redisUrl), secrets));
  await sameAtBoth(world, choices);

  say('hazina verify --all');
  await verifyByCommand(world);
  for (let sample = 0; sample < restoredSamples; sample += 1) {
    const record = pickRecord(
      world,
      choices,
      ['completed'],
      ({ backupId }) => sample % 2 === 0 || model.damaged.has(backupId),
    );
    if (record !== undefined) await restore(world, record);
  }
}

/** Of the processes that have ended: what they wrote. */
export function checkLogs({ installation, model }: World): void {
  for (const { name, logFile } of installation.slots)
    if (existsSync(logFile))
      model.judge(findSecrets(`the log of ${name}`, readFileSync(logFile, 'utf8'), installation.secrets));
}

async function verifyEach(world: World, choices: Choices, say: Say): Promise<void> {
  for (const { backupId, status } of await world.catalogue.records()) {
    if (status !== 'completed') continue;
    const path = `/api/admin/backups/${backupId}/verify`;
    const wish = { role: 'operator', method: 'POST', path, body: { level: 'readable' }, about: backupId } as const;
    await insist(async () => {
      const answer = await ask(world, choices, { ...wish, expected: [202, 404, 409, 410] });
      return answer !== undefined && answer.status < 500 && answer.status !== 429 ? answer : undefined;
    }, `a verification of ${backupId}`);
  }
  await comeToRest(world, say);
}

/** Twice: what the first sees, the second may remove. In between the sweeper's memory is made a day older, for an attempt with a lease is left alone for long. */
async function sweep(world: World, choices: Choices, say: Say): Promise<readonly string[]> {
  const { bucket } = world;
  const clean = (dryRun: boolean) => insist(() => runCleanup(world, choices, { dryRun }), 'a cleanup');
  await clean(false);
  const memory = await bucket.get(sightingsKey);
  if (memory !== null) {
    const sightings = readSightings(memory);
    for (const sighting of sightings.sightings)
      sighting.firstSeen = new Date(Date.parse(sighting.firstSeen) - longAgoMs).toISOString();
    await bucket.put(sightingsKey, Buffer.from(JSON.stringify(sightings)));
  }
  await clean(false);
  const { reports } = await clean(true);
  for (const report of reports) world.timeline.note(`cleanup says: ${report}`);
  await comeToRest(world, say);
  return reports;
}

async function textOfRedis(url: string): Promise<string> {
  const client = new Redis(url);
  try {
    return await redisText(client);
  } finally {
    client.disconnect();
  }
}

/** Both replicas show every backup as the catalogue has it. */
async function sameAtBoth(world: World, choices: Choices): Promise<void> {
  const { api, model } = world;
  for (const slot of api.replicas)
    for (const { backupId, status, target } of model.records) {
      if (choices.chance(0.5)) continue;
      const answer = await api.ask(slot, 'viewer', 'GET', `/api/admin/backups/${backupId}`);
      const shown = answer?.status === 200 ? (answer.body['status'] as string) : `a reply ${answer?.status ?? 'none'}`;
      if (shown === status) continue;
      const text = `${slot.name} shows ${backupId} of ${target} as ${shown}, it is ${status}`;
      model.tell({ rule: 'promise', text, backupId });
    }
}

async function verifyByCommand({ installation, model, timeline }: World): Promise<void> {
  const run = await hazina(['verify', '--all', '--json'], installation.cli);
  timeline.note(`hazina verify --all: exit ${run.code}`);
  const { results } = JSON.parse(run.stdout) as {
    results: { backupId: string; ok: boolean; error: { message: string } | null }[];
  };
  const ids = new Set(results.map(({ backupId }) => backupId));
  const completed = model.records.filter(({ status }) => status === 'completed').map(({ backupId }) => backupId);
  model.judge([
    ...results
      .filter(({ backupId, ok }) => ok === model.damaged.has(backupId))
      .map(({ backupId, ok, error }): Violation => {
        if (ok) return { rule: 'untouched', text: `hazina verify finds nothing wrong with ${backupId}`, backupId };
        return { rule: 'complete', text: `hazina verify ${backupId}: ${error?.message ?? ''}`, backupId };
      }),
    ...completed
      .filter((backupId) => !ids.has(backupId))
      .map((backupId): Violation => ({
        rule: 'complete',
        text: `hazina verify --all does not know ${backupId}`,
        backupId,
      })),
  ]);
}
