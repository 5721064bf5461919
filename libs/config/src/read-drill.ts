import { z } from 'zod';
import { drillFilter, parseExpectation, restoreTargetPattern, type DrillQuery } from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';
import { checkSchedule, type ScheduleConfig } from './read-schedule.js';

const longestName = 100;

/** How backups of a target are proven by being restored. */
export interface DrillConfig {
  readonly schedule: ScheduleConfig;
  /** Name of the scratch target; null: the first one. */
  readonly targetName: string | null;
  readonly queries: readonly DrillQuery[];
}

/** `drill` of a target in the targets file. */
export const drillSettings = z.strictObject({
  schedule: z.string().optional().describe('Cron of the drills; off: none. Default: BACKUP_DRILL_SCHEDULE'),
  timezone: z.string().optional().describe('IANA time zone of that schedule'),
  target: z
    .string()
    .regex(restoreTargetPattern, 'must be a name of RESTORE_TARGETS')
    .optional()
    .describe('Name of a scratch target of RESTORE_TARGETS. Default: the first'),
  queries: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(longestName),
        collection: z.string().regex(/^[^.]+\.[\s\S]+$/, 'must be a database and a collection, such as clinic.visits'),
        /** JSON text, or the same written as YAML. */
        query: z.union([z.string(), z.record(z.string(), z.unknown())]),
        expect: z.union([z.string(), z.int().min(0)]),
      }),
    )
    .max(100)
    .optional()
    .describe('Counted in what was restored: each must find as many documents as it expects'),
});

/** What a target says of its drills (`at`: where something of that stands in the file); what it leaves out is that of the environment. */
export function readDrill(
  reader: Pick<EnvironmentReader, 'problem'>,
  { name: target, at }: { readonly name: string; readonly at: (...path: readonly PropertyKey[]) => string },
  { schedule, timezone, target: targetName, queries = [] }: z.output<typeof drillSettings>,
  defaults: DrillConfig,
): DrillConfig {
  const what = `drill of ${target}`;
  const isOwn = schedule !== undefined || timezone !== undefined;
  return {
    schedule: isOwn
      ? checkSchedule(
          { cron: schedule ?? defaults.schedule.cron ?? 'off', timezone: timezone ?? defaults.schedule.timezone },
          { cron: `${at('schedule')}${what}: schedule`, timezone: `${at('timezone')}${what}: timezone` },
          (text) => reader.problem(text),
        )
      : defaults.schedule,
    targetName: targetName ?? defaults.targetName,
    queries: queries.flatMap((query, index) => {
      const read = readQuery(query);
      if (!('wrong' in read)) return [read];
      reader.problem(`${at('queries', index, read.field)}${what}: the query "${query.name}": ${read.wrong}`);
      return [];
    }),
  };
}

type QuerySettings = NonNullable<z.output<typeof drillSettings>['queries']>[number];

interface WrongQuery {
  readonly field: 'expect' | 'query';
  readonly wrong: string;
}

/** The query, or what is wrong with it. */
function readQuery({ name, collection, query, expect }: QuerySettings): DrillQuery | WrongQuery {
  const expected = parseExpectation(String(expect));
  if (expected === null)
    return {
      field: 'expect',
      wrong: `expect must be a count, a range such as 10..20, or like "> 0"; not "${expect}"`,
    };
  const text = typeof query === 'string' ? query : JSON.stringify(query);
  try {
    drillFilter(text, new Date(0));
  } catch (error) {
    // A parser's own message repeats the text.
    const wrong =
      error instanceof SyntaxError ? 'query is no JSON' : `query: ${error instanceof Error ? error.message : ''}`;
    return { field: 'query', wrong };
  }
  const dot = collection.indexOf('.');
  return {
    name,
    database: collection.slice(0, dot),
    collection: collection.slice(dot + 1),
    query: text,
    expect: expected,
  };
}

/** Drills that could never be made: nobody would hear of them otherwise. */
export function checkDrills(
  reader: Pick<EnvironmentReader, 'problem'>,
  targets: readonly { readonly name: string; readonly drill: DrillConfig }[],
  restoreTargets: readonly { readonly name: string; readonly scratch: boolean }[],
  place: (target: string, ...path: readonly PropertyKey[]) => string,
): void {
  const scratch = restoreTargets.filter((target) => target.scratch).map(({ name }) => name);
  for (const { name, drill } of targets) {
    if (drill.targetName !== null && !scratch.includes(drill.targetName))
      reader.problem(
        `${place(name, 'drill', 'target')}drill of ${name}: ${drill.targetName} is no scratch target of RESTORE_TARGETS`,
      );
    else if (drill.schedule.cron !== null && scratch.length === 0)
      reader.problem(
        `${place(name, 'drill', 'schedule')}drills of ${name} are scheduled (BACKUP_DRILL_SCHEDULE), and RESTORE_TARGETS has no scratch target: set RESTORE_TARGET_<NAME>_SCRATCH=true where new databases harm nobody`,
      );
  }
}
