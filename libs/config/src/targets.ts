import { isTargetName, type Secret } from '#contracts';
import { weekdays, type Blackout } from './blackout.js';
import { checkDump, dumpVariables } from './check-dump.js';
import type { EnvironmentReader, ReadFile } from './environment-reader.js';
import { noHooks, readHooks, type BoundHooks, type HooksConfig } from './hook-settings.js';
import { parseTargetsFile, type LocatedTargets } from './parse-targets-file.js';
import { compressionOver, readCompression, type CompressionConfig } from './read-compression.js';
import { readDrill, type DrillConfig } from './read-drill.js';
import { hasRule, readRetention, type RetentionConfig } from './read-retention.js';
import { checkPlacement, placementOf, type PlacementConfig } from './placement.js';
import { checkSchedule, isSound, mostJitterSeconds, readSchedule, type ScheduleConfig } from './read-schedule.js';
import { rateOver, readThrottle, type ThrottleConfig } from './read-throttle.js';
import { isAllBlackedOut } from './schedule-interval.js';
import { placeIn } from './target-place.js';
import type { ReadPreference, TargetsFile } from './targets-file.js';

/** One deployment to protect, without its URI: what the API may know. */
export interface TargetConfig extends ThrottleConfig {
  readonly name: string;
  readonly schedule: ScheduleConfig;
  /** Empty: the database in the URI's path, else all. */
  readonly databases: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly engine: 'auto' | 'mongodump' | 'native';
  readonly compression: CompressionConfig;
  readonly retention: RetentionConfig;
  /** Absent: what the URI says. */
  readonly readPreference?: ReadPreference;
  readonly drill: DrillConfig;
  /** With the oplog of a whole replica set; absent: without. */
  readonly oplog?: boolean;
  readonly hooks: HooksConfig;
  /** Names of the destinations that its backups are copied to, the nearest first. */
  readonly replicas: readonly string[];
  /** How they lie in the primary store; absent: as the environment says. */
  readonly placement?: PlacementConfig;
  /** The variable that holds its URI. */
  readonly uriVariable: string;
}

/** What the worker knows besides. */
export interface SourceConfig extends TargetConfig {
  readonly uri: Secret;
  readonly boundHooks: BoundHooks;
}

type Defaults = Omit<
  TargetConfig,
  'name' | 'databases' | 'include' | 'exclude' | 'uriVariable' | 'readPreference' | 'placement'
>;
type FileTarget = LocatedTargets['file']['targets'][number];

/** The targets of `BACKUP_TARGETS_FILE`, or the one of `MONGODB_URI`. Settings that a target leaves out are those of the file's `defaults`, else of the environment. */
export function readTargets(reader: EnvironmentReader, readFile: ReadFile): TargetConfig[] {
  const jitter = reader.integer('BACKUP_JITTER_SECONDS', 0, mostJitterSeconds) ?? 0;
  const defaults: Defaults = {
    schedule: withJitter(readSchedule(reader, 'BACKUP_SCHEDULE'), jitter),
    retention: readRetention(reader),
    engine: reader.oneOf('BACKUP_ENGINE', ['auto', 'mongodump', 'native']) ?? ('auto' as const),
    oplog: reader.boolean('BACKUP_OPLOG') ?? false,
    compression: readCompression(reader),
    ...readThrottle(reader),
    hooks: noHooks,
    drill: { schedule: readSchedule(reader, 'BACKUP_DRILL_SCHEDULE'), targetName: null, queries: [] },
    replicas: [],
  };
  const path = reader.text('BACKUP_TARGETS_FILE');
  if (path === undefined) return [single(reader, defaults)];
  const problem = (text: string): void => reader.problem(`BACKUP_TARGETS_FILE: ${text}`);
  const located = parseTargetsFile(path, readFile, problem);
  if (located === undefined) return [];
  const { file, at } = located;
  const { compression, compressionLevel } = file.defaults ?? {};
  const usual = compressionOver(defaults.compression, compression, compressionLevel);
  if (usual === undefined)
    problem(`${at(['defaults', 'compressionLevel'])}compressionLevel of defaults is too high for its codec`);
  const compressed = { ...defaults, compression: usual ?? defaults.compression };
  const seen = new Set<string>();
  const destinations = Object.keys(file.destinations ?? {});
  return file.targets.map((target, index) => {
    if (seen.has(target.name)) problem(`${at(['targets', index, 'name'])}the target ${target.name} stands there twice`);
    seen.add(target.name);
    const place = placeIn(located, index);
    const { name, uriVariable } = target;
    const replicas = target.replicas ?? file.defaults?.replicas ?? destinations;
    for (const [nth, replica] of replicas.entries())
      if (!destinations.includes(replica))
        problem(`${place('replicas', nth)}${name}: replicas: there is no destination ${replica}`);
    const settings = { ...over(file.defaults, target), name, uriVariable };
    checkPlacement(reader, { ...placementOf(settings), replicas }, (field, text) =>
      problem(`${place(field)}${field} of ${name} ${text}`),
    );
    const resolved = resolve({ ...settings, replicas: [...new Set(replicas)] }, compressed, place, problem);
    checkDump(resolved, (at, text) => problem(`${place(...at)}${at.join('.')} of ${name} ${text}`));
    return resolved;
  });
}

/** What a target says, over the file's `defaults`: one by one, also what `hooks` and `drill` hold. An empty list says something. A level belongs to its codec. */
function over(defaults: TargetsFile['defaults'], target: FileTarget) {
  const { compression: _codec, compressionLevel: _level, ...usual } = withoutUndefined(defaults ?? {});
  return {
    ...usual,
    ...withoutUndefined(target),
    hooks: { ...usual.hooks, ...withoutUndefined(target.hooks ?? {}) },
    drill: { ...usual.drill, ...withoutUndefined(target.drill ?? {}) },
  };
}

/** One target of the file, with what others said of all targets. */
function resolve(
  target: FileTarget,
  defaults: Defaults,
  place: (field: keyof FileTarget, ...more: readonly PropertyKey[]) => string,
  problem: (text: string) => void,
): TargetConfig {
  const { name, uriVariable, schedule, timezone, databases, include, exclude, engine, drill, ...more } = target;
  const { oplog, compression, compressionLevel, hooks, jitterSeconds, blackouts = [], replicas = [], ...others } = more;
  const { throttleBytesPerSecond, storeThrottleBytesPerSecond, readPreference, ...placed } = others;
  const { objectLock, storageClass, ...retention } = placed;
  const compressed = compressionOver(defaults.compression, compression, compressionLevel);
  if (compressed === undefined)
    problem(
      `${place('compressionLevel')}compressionLevel of ${name} is too high for ${compression ?? defaults.compression.codec}`,
    );
  const checked = checkSchedule(
    { cron: schedule ?? defaults.schedule.cron ?? 'off', timezone: timezone ?? defaults.schedule.timezone },
    { cron: `${place('schedule')}schedule of ${name}`, timezone: `${place('timezone')}timezone of ${name}` },
    problem,
  );
  const kept = { ...defaults.retention, ...withoutUndefined(retention) };
  // Without a rule of the file that of the environment is told of already.
  if (!hasRule(kept) && hasRule(defaults.retention))
    problem(
      `${place('retentionDays')}retentionDays of ${name} is 0, and no other rule keeps a backup: set one of keep…`,
    );
  return {
    name,
    uriVariable,
    replicas,
    placement: placementOf({ objectLock, storageClass }),
    databases: databases ?? [],
    include: include ?? [],
    exclude: exclude ?? [],
    engine: engine ?? defaults.engine,
    oplog: oplog ?? defaults.oplog ?? false,
    compression: compressed ?? defaults.compression,
    throttleBytesPerSecond: rateOver(defaults.throttleBytesPerSecond, throttleBytesPerSecond),
    storeThrottleBytesPerSecond: rateOver(defaults.storeThrottleBytesPerSecond, storeThrottleBytesPerSecond),
    drill: readDrill({ problem }, { name, at: (...path) => place('drill', ...path) }, drill ?? {}, defaults.drill),
    hooks: readHooks(hooks ?? {}, (path, text) =>
      problem(`${place('hooks', ...path)}hooks of ${name}: ${path.join('.')} ${text}`),
    ),
    schedule: withBlackouts(
      withJitter(checked, jitterSeconds ?? defaults.schedule.jitterSeconds ?? 0),
      blackouts.map(({ from, to, days }) => ({ from, to, days: days ?? weekdays })),
      () => problem(`${place('blackouts')}the blackouts of ${name} leave its schedule no time`),
    ),
    retention: kept,
    ...withoutUndefined({ readPreference }),
  };
}

function withJitter(schedule: ScheduleConfig, jitterSeconds: number): ScheduleConfig {
  return jitterSeconds === 0 ? schedule : { ...schedule, jitterSeconds };
}

function withBlackouts(schedule: ScheduleConfig, blackouts: readonly Blackout[], onNoTime: () => void): ScheduleConfig {
  if (blackouts.length === 0) return schedule;
  const shaped = { ...schedule, blackouts };
  if (isSound(schedule) && isAllBlackedOut(shaped)) onNoTime();
  return shaped;
}

function single(reader: EnvironmentReader, defaults: Defaults): TargetConfig {
  const name = reader.required('BACKUP_TARGET_NAME');
  if (!isTargetName(name)) {
    reader.problem(`BACKUP_TARGET_NAME must be 1 to 40 of a-z, 0-9 and "-", not beginning with "-"; not "${name}"`);
  }
  const target = { ...defaults, name, databases: [], include: [], exclude: [], uriVariable: 'MONGODB_URI' };
  checkDump(target, ([field], text) => reader.problem(`${dumpVariables[field] ?? field} ${text}`));
  return target;
}

function withoutUndefined<T extends object>(values: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>;
  }>;
}
