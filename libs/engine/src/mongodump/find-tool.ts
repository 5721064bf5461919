import { access, constants, open, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { AppError, messageOf, systemCode } from '#contracts';
import { ToolProcess } from './tool-process.js';

export interface Tool {
  readonly path: string;
  /** `100.12.0`, or the text of a build that reports no version. */
  readonly version: string;
}

const versionTimeoutMs = 3_000;

/** Finds one of the official tools on a search path and asks for its version. Throws `engine/not-found`, `engine/unsupported`, `engine/failed`. */
export async function findTool(searchPath: string, name: 'mongodump' | 'mongorestore'): Promise<Tool> {
  const path = await locate(searchPath, name);
  if (path === undefined) {
    throw new AppError({
      code: 'engine/not-found',
      stage: 'probe',
      message: `${name} was not found on the PATH`,
      hint: 'Install the MongoDB Database Tools, or use the native engine, which needs no tools (--engine native)',
    });
  }
  const output = await askVersion(path, name, searchPath);
  const version = /version:\s*(\S+)/.exec(output)?.[1];
  if (version === undefined) throw cannotRun(name, path, 'it does not tell its version');
  // A build without a version stamp says so in words; a number must be of the line that we know.
  if (/^\d+\./.test(version) && !version.startsWith('100.')) {
    throw new AppError({
      code: 'engine/unsupported',
      stage: 'probe',
      message: `${path} is version ${version}: 100.x is supported`,
      hint: 'Install the MongoDB Database Tools 100.x, or use --engine native',
    });
  }
  return { path, version };
}

async function locate(searchPath: string, name: string): Promise<string | undefined> {
  let unfit: AppError | undefined;
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, name);
    try {
      if (!(await stat(path)).isFile()) continue;
      await access(path, constants.X_OK);
      if (await isProgram(path)) return path;
      unfit ??= cannotRun(name, path, 'it is no program');
    } catch (error) {
      if (systemCode(error) === 'EACCES') unfit ??= cannotRun(name, path, 'it is not executable, or not readable');
    }
  }
  if (unfit !== undefined) throw unfit;
  return undefined;
}

/** How programs begin: ELF, Mach-O (thin and universal), Windows, and scripts that name their interpreter. */
const beginnings = ['7f454c46', 'cffaedfe', 'feedfacf', 'cafebabe', '4d5a', '2321'];

/** Any other file that may be executed would be taken for a shell script. */
async function isProgram(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const first = buffer.toString('hex', 0, bytesRead);
    return beginnings.some((beginning) => first.startsWith(beginning));
  } finally {
    await file.close();
  }
}

async function askVersion(path: string, name: string, searchPath: string): Promise<string> {
  const start = () => ToolProcess.start(name, path, ['--version'], { input: false, searchPath, stage: 'probe' });
  try {
    return await outputOf(start());
  } catch (error) {
    throw cannotRun(name, path, messageOf(error), error);
  }
}

async function outputOf(child: ToolProcess): Promise<string> {
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(0, 4096)));
  child.stdout.on('error', () => undefined);
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    void child.stop(0);
  }, versionTimeoutMs);
  try {
    const failure = child.failure(await child.closed);
    if (late.signal.aborted) throw new Error(`it did not tell its version within ${versionTimeoutMs / 1000} s`);
    if (failure !== undefined) throw failure;
    return output;
  } finally {
    clearTimeout(timer);
  }
}

function cannotRun(name: string, path: string, why: string, cause?: unknown): AppError {
  return new AppError({
    code: 'engine/failed',
    stage: 'probe',
    message: `${path} cannot be used: ${why}`,
    hint: `Install ${name} anew for this machine, or use --engine native`,
    cause,
  });
}
