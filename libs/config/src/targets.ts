import { isTargetName, type Secret } from '#contracts';
import { weekdays, type Blackout } from './blackout.js';
import type { EnvironmentReader, ReadFile } from './environment-reader.js';
import { parseTargetsFile } from './parse-targets-file.js';
import { readDrill, type DrillConfig } from './read-drill.js';
import { readRetention, type RetentionConfig } from './read-retention.js';
import { checkSchedule, isSound, readSchedule, type ScheduleConfig } from './read-schedule.js';
import { isAllBlackedOut } from './schedule-interval.js';
import type { ReadPreference } from './targets-file.js';

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
  /** Its own; absent: that of the process. */
  readonly throttleBytesPerSecond?: number;
  /** Absent: what the URI says. */
  readonly readPreference?: ReadPreference;
  readonly drill: DrillConfig;
  /** With the oplog of a whole replica set; absent: without. */
  readonly oplog?: boolean;
  /** The variable that holds its URI. */
  readonly uriVariable: string;
}

/** What the worker knows besides. */
export interface SourceConfig extends TargetConfig {
  readonly uri: Secret;
}

/** The targets of `BACKUP_TARGETS_FILE`, or the one of `MONGODB_URI`. Settings that a target leaves out are those of the environment. */
export function readTargets(reader: EnvironmentReader, readFile: ReadFile): TargetConfig[] {
  const defaults = {
    schedule: readSchedule(reader, 'BACKUP_SCHEDULE'),
    retention: readRetention(reader),
    engine: reader.oneOf('BACKUP_ENGINE', ['auto', 'mongodump', 'native']) ?? ('auto' as const),
    oplog: reader.boolean('BACKUP_OPLOG') ?? false,
    drill: { schedule: readSchedule(reader, 'BACKUP_DRILL_SCHEDULE'), targetName: null, queries: [] },
  };
  const path = reader.text('BACKUP_TARGETS_FILE');
  if (path === undefined) return [single(reader, defaults)];
  const problem = (text: string): void => reader.problem(`BACKUP_TARGETS_FILE: ${text}`);
  const located = parseTargetsFile(path, readFile, problem);
  if (located === undefined) return [];
  const { file, at } = located;
  const seen = new Set<string>();
  return file.targets.map((target, index) => {
    const own = (field: string): string => at(['targets', index, field]);
    if (seen.has(target.name)) problem(`${own('name')}the target ${target.name} stands there twice`);
    seen.add(target.name);
    const { name, uriVariable, schedule, timezone, databases, include, exclude, engine, drill, ...more } = target;
    const { throttleBytesPerSecond, readPreference, oplog, blackouts = [], ...retention } = more;
    return {
      name,
      uriVariable,
      databases: databases ?? [],
      include: include ?? [],
      exclude: exclude ?? [],
      engine: engine ?? defaults.engine,
      oplog: oplog ?? defaults.oplog,
      drill: readDrill({ problem }, { name, at: own('drill') }, drill, defaults.drill),
      schedule: withBlackouts(
        checkSchedule(
          { cron: schedule ?? defaults.schedule.cron ?? 'off', timezone: timezone ?? defaults.schedule.timezone },
          { cron: `${own('schedule')}schedule of ${name}`, timezone: `${own('timezone')}timezone of ${name}` },
          problem,
        ),
        blackouts.map(({ from, to, days }) => ({ from, to, days: days ?? weekdays })),
        () => problem(`${own('blackouts')}the blackouts of ${name} leave its schedule no time`),
      ),
      retention: { ...defaults.retention, ...withoutUndefined(retention) },
      ...withoutUndefined({ throttleBytesPerSecond, readPreference }),
    };
  });
}

function withBlackouts(schedule: ScheduleConfig, blackouts: readonly Blackout[], onNoTime: () => void): ScheduleConfig {
  if (blackouts.length === 0) return schedule;
  const shaped = { ...schedule, blackouts };
  if (isSound(schedule) && isAllBlackedOut(shaped)) onNoTime();
  return shaped;
}

function single(
  reader: EnvironmentReader,
  defaults: Pick<TargetConfig, 'schedule' | 'retention' | 'engine' | 'oplog' | 'drill'>,
): TargetConfig {
  const name = reader.required('BACKUP_TARGET_NAME');
  if (!isTargetName(name)) {
    reader.problem(`BACKUP_TARGET_NAME must be 1 to 40 of a-z, 0-9 and "-", not beginning with "-"; not "${name}"`);
  }
  return { ...defaults, name, databases: [], include: [], exclude: [], uriVariable: 'MONGODB_URI' };
}

function withoutUndefined<T extends object>(values: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>;
  }>;
}
