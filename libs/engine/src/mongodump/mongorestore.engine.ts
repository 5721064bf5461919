import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, cancelled } from '#contracts';
import type { LoadedNamespace, LoadEngine, LoadReport, LoadRequest, Rename } from '../engine.js';
import { findTool } from './find-tool.js';
import { writePrivateConfig, type PrivateConfig } from './private-config.js';
import { ToolProcess } from './tool-process.js';
import { withoutDatabase } from './tool-uri.js';

export interface MongorestoreOptions {
  readonly searchPath: string;
  readonly tmpDir: string;
  readonly killGraceMs?: number;
  /** The checks of the target, the same for every loader. */
  readonly plan: LoadEngine['plan'];
}

const notAllOrNothing =
  'mongorestore writes as it reads: a restore that breaks off in the middle leaves what it had written';

/** Loads by the official mongorestore, for those who want it. Its source must have been verified as a whole before. */
export function createMongorestoreEngine(options: MongorestoreOptions): LoadEngine {
  return {
    name: 'mongorestore',
    plan: async (request, contents, signal) => {
      await findTool(options.searchPath, 'mongorestore');
      const plan = await options.plan(request, contents, signal);
      return { ...plan, notes: [...plan.notes, notAllOrNothing] };
    },
    load: (request, source, signal) => load(request, source, options, signal),
  };
}

async function load(
  request: LoadRequest,
  source: Readable,
  options: MongorestoreOptions,
  signal: AbortSignal,
): Promise<LoadReport> {
  // It may fail before anybody reads from it: `feed` looks at that.
  source.on('error', () => undefined);
  const tool = await findTool(options.searchPath, 'mongorestore');
  const config = await writePrivateConfig(options.tmpDir, withoutDatabase(request.uri));
  const args = [
    config.argument,
    '--archive',
    '--stopOnError',
    '-j=4',
    '--numInsertionWorkersPerCollection=4',
    ...selectionArguments(request),
  ];
  const child = await startTool(tool.path, args, config, options);
  try {
    const exit = child.closed;
    const sourceError = await feed(source, child, signal);
    if (sourceError !== undefined) throw sourceError;
    return judge(child, await exit);
  } finally {
    await child.stop(options.killGraceMs ?? 5_000);
  }
}

async function startTool(
  path: string,
  args: readonly string[],
  config: PrivateConfig,
  { searchPath }: MongorestoreOptions,
): Promise<ToolProcess> {
  try {
    return new ToolProcess('mongorestore', path, args, { input: true, searchPath, config: config.descriptor });
  } finally {
    await config.close();
  }
}

/** Feeds the archive; returns the source's own error, which counts more than what the tool makes of it. */
async function feed(source: Readable, child: ToolProcess, signal: AbortSignal): Promise<AppError | undefined> {
  try {
    await pipeline(source, child.stdin, { signal });
    return undefined;
  } catch (error) {
    if (signal.aborted) return cancelled(signal, 'load');
    // The tool ended early and closed its input: its exit tells why.
    const cause = source.errored ?? error;
    return cause instanceof AppError ? cause : undefined;
  }
}

function judge(child: ToolProcess, exit: { code: number | null; signal: NodeJS.Signals | null }): LoadReport {
  const said = child.tail.text;
  const summary = /(\d+) document\(s\) restored successfully\. (\d+) document\(s\) failed to restore\./.exec(said);
  const failedDocuments = Number(summary?.[2] ?? 0);
  if (failedDocuments > 0)
    throw failed(
      `${failedDocuments} documents failed to restore, ${summary?.[1] ?? '0'} were restored: ${child.tail.lastLines(3)}`,
    );
  const bad = child.failure(exit);
  if (bad !== undefined) throw failed(bad.message, bad);
  if (summary === null) throw failed('mongorestore ended without saying how many documents it restored');
  return { outcome: 'restored', namespaces: namespacesOf(said), warnings: [notAllOrNothing] };
}

function namespacesOf(said: string): LoadedNamespace[] {
  return [...said.matchAll(/finished restoring `?([^`\s]+)`? \((\d+) documents?, (\d+) failures?\)/g)].map(
    ([, name = '', documents = '0']) => {
      const dot = name.indexOf('.');
      return {
        db: name.slice(0, dot),
        collection: name.slice(dot + 1),
        documents: Number(documents),
        indexes: 0,
        differences: [],
      };
    },
  );
}

function selectionArguments({ databases, include, exclude, rename, mode }: LoadRequest): string[] {
  const wholeDatabase = (name: string) => (/(^|[^\\])\./.test(name) ? name : `${name}.*`);
  return [
    ...[...databases, ...include].map((pattern) => `--nsInclude=${wholeDatabase(pattern)}`),
    ...exclude.map((pattern) => `--nsExclude=${wholeDatabase(pattern)}`),
    ...rename.flatMap(({ from, to }: Rename) => [`--nsFrom=${wholeDatabase(from)}`, `--nsTo=${wholeDatabase(to)}`]),
    ...(mode === 'replace' ? ['--drop'] : []),
  ];
}

function failed(message: string, cause?: unknown): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message,
    hint: 'The target holds what was written until then. The native engine (the default) leaves a target untouched when it fails',
    cause,
  });
}
