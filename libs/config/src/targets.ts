import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { isTargetName, type Secret } from '#contracts';
import { unreadableCode, type EnvironmentReader, type ReadFile } from './environment-reader.js';
import { mostKept, mostRetentionDays, readRetention, type RetentionConfig } from './read-retention.js';
import { drillSettings, readDrill, type DrillConfig } from './read-drill.js';
import { checkSchedule, readSchedule, type ScheduleConfig } from './read-schedule.js';

/** One deployment to protect, without its URI: what the API may know. */
export interface TargetConfig {
  readonly name: string;
  readonly schedule: ScheduleConfig;
  /** Empty: the database in the URI's path, else all. */
  readonly databases: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly engine: 'auto' | 'mongodump' | 'native';
  readonly retention: RetentionConfig;
  readonly drill: DrillConfig;
  /** The variable that holds its URI. */
  readonly uriVariable: string;
}

/** What the worker knows besides. */
export interface SourceConfig extends TargetConfig {
  readonly uri: Secret;
}

const count = z.int().min(0).max(mostKept).optional();
const names = z.array(z.string().min(1)).optional();
const targetsFile = z.strictObject({
  targets: z
    .array(
      z.strictObject({
        name: z.string().refine(isTargetName, 'must be 1 to 40 of a-z, 0-9 and "-", not beginning with "-"'),
        uriVariable: z
          .string()
          .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of a variable, such as CLINIC_MONGODB_URI'),
        databases: names,
        include: names,
        exclude: names,
        schedule: z.string().optional(),
        timezone: z.string().optional(),
        engine: z.enum(['auto', 'mongodump', 'native']).optional(),
        drill: drillSettings.optional(),
        retentionDays: z.int().min(1).max(mostRetentionDays).optional(),
        keepLast: count,
        keepHourly: count,
        keepDaily: count,
        keepWeekly: count,
        keepMonthly: count,
        keepYearly: count,
        minKeep: z.int().min(1).max(mostKept).optional(),
      }),
    )
    .min(1),
});

/** The targets of `BACKUP_TARGETS_FILE`, or the one of `MONGODB_URI`. Settings that a target leaves out are those of the environment. */
export function readTargets(reader: EnvironmentReader, readFile: ReadFile): TargetConfig[] {
  const defaults = {
    schedule: readSchedule(reader, 'BACKUP_SCHEDULE'),
    retention: readRetention(reader),
    engine: reader.oneOf('BACKUP_ENGINE', ['auto', 'mongodump', 'native']) ?? ('auto' as const),
    drill: { schedule: readSchedule(reader, 'BACKUP_DRILL_SCHEDULE'), targetName: null, queries: [] },
  };
  const path = reader.text('BACKUP_TARGETS_FILE');
  if (path === undefined) return [single(reader, defaults)];
  const file = parseFile(path, readFile, (text) => reader.problem(`BACKUP_TARGETS_FILE: ${text}`));
  const seen = new Set<string>();
  return (file?.targets ?? []).map((target) => {
    if (seen.has(target.name)) reader.problem(`BACKUP_TARGETS_FILE: the target ${target.name} stands there twice`);
    seen.add(target.name);
    const { name, uriVariable, schedule, timezone, databases, include, exclude, engine, drill, ...retention } = target;
    return {
      name,
      uriVariable,
      databases: databases ?? [],
      include: include ?? [],
      exclude: exclude ?? [],
      engine: engine ?? defaults.engine,
      drill: readDrill(reader, name, drill, defaults.drill),
      schedule: checkSchedule(
        { cron: schedule ?? defaults.schedule.cron ?? 'off', timezone: timezone ?? defaults.schedule.timezone },
        { cron: `BACKUP_TARGETS_FILE: schedule of ${name}`, timezone: `BACKUP_TARGETS_FILE: timezone of ${name}` },
        (text) => reader.problem(text),
      ),
      retention: { ...defaults.retention, ...withoutUndefined(retention) },
    };
  });
}

function single(
  reader: EnvironmentReader,
  defaults: Pick<TargetConfig, 'schedule' | 'retention' | 'engine' | 'drill'>,
): TargetConfig {
  const name = reader.required('BACKUP_TARGET_NAME');
  if (!isTargetName(name)) {
    reader.problem(`BACKUP_TARGET_NAME must be 1 to 40 of a-z, 0-9 and "-", not beginning with "-"; not "${name}"`);
  }
  return { ...defaults, name, databases: [], include: [], exclude: [], uriVariable: 'MONGODB_URI' };
}

function parseFile(
  path: string,
  readFile: ReadFile,
  problem: (text: string) => void,
): z.output<typeof targetsFile> | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFile(path));
  } catch (error) {
    problem(`the file ${path} cannot be read (${unreadableCode(error)})`);
    return undefined;
  }
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    // The parser's own message repeats the line, which may hold what should not stand there.
    const line = (error as { linePos?: readonly { line: number }[] }).linePos?.[0]?.line;
    problem(`the file ${path} is no YAML${line === undefined ? '' : ` (line ${line})`}`);
    return undefined;
  }
  const result = targetsFile.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) problem(`${path}: ${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  return undefined;
}

function withoutUndefined<T extends object>(values: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>;
  }>;
}
