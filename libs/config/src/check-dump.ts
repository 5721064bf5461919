import { databaseOf, isDatabaseName, mongodumpArguments, whyNoPattern, type DumpChoice, type Secret } from '#contracts';

// What every backup of a target would be refused for, told before the first is tried.

interface DumpSettings extends Omit<DumpChoice, 'pathDatabase' | 'oplog'> {
  readonly engine: 'auto' | 'mongodump' | 'native';
  readonly oplog?: boolean;
}

type Problem = (path: readonly [keyof DumpSettings, ...PropertyKey[]], text: string) => void;

/** The names of what the file does not say. */
export const dumpVariables: Readonly<Record<string, string>> = { oplog: 'BACKUP_OPLOG', engine: 'BACKUP_ENGINE' };

/** As far as it can be known without the URI. */
export function checkDump(settings: DumpSettings, problem: Problem): void {
  for (const [index, name] of settings.databases.entries())
    if (!isDatabaseName(name))
      problem(
        ['databases', index],
        'must be the name of a database: up to 63 bytes, and none of / \\ . " $ and blanks',
      );
  for (const { path, why } of badPatterns(settings)) problem(path, `is no namespace pattern: ${why}`);
  if (isJudgedWithoutUri(settings)) checkEngine(settings, undefined, problem);
}

/** What is left to be known of a URI: the database in its path. */
export function checkDumpOf(settings: DumpSettings, uri: Secret, problem: Problem): void {
  if (!isJudgedWithoutUri(settings)) checkEngine(settings, databaseOf(uri.reveal()), problem);
}

/** Databases that were chosen go before the one in a path; to an oplog patterns and a native engine are as wrong whatever the path. */
function isJudgedWithoutUri({ databases, include, exclude, engine, oplog }: DumpSettings): boolean {
  return databases.length > 0 || (oplog === true && (engine === 'native' || include.length + exclude.length > 0));
}

function checkEngine(settings: DumpSettings, pathDatabase: string | undefined, problem: Problem): void {
  const { engine, oplog = false } = settings;
  if (oplog && engine === 'native') problem(['oplog'], 'needs mongodump: the native engine dumps no oplog');
  // `auto` falls back to the native engine, which can do all but an oplog.
  const isMongodump = engine === 'mongodump' || (oplog && engine === 'auto');
  if (!isMongodump || badPatterns(settings).length > 0) return;
  const found = mongodumpArguments({ ...settings, oplog, pathDatabase });
  if ('reason' in found) problem([oplog ? 'oplog' : 'engine'], `asks mongodump for what it cannot do: ${found.reason}`);
}

function badPatterns(settings: DumpSettings) {
  return (['include', 'exclude'] as const).flatMap((field) =>
    settings[field].flatMap((text, index) => {
      const why = whyNoPattern(text);
      return why === undefined ? [] : [{ path: [field, index] as const, why }];
    }),
  );
}
