import { spawn } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { AppError, systemCode } from '#contracts';

export interface Tool {
  readonly path: string;
  /** `100.12.0`, or the text of a build that reports no version. */
  readonly version: string;
}

const versionTimeoutMs = 5_000;

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
  const output = await askVersion(path, name);
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
  let notExecutable: string | undefined;
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, name);
    try {
      if (!(await stat(path)).isFile()) continue;
      await access(path, constants.X_OK);
      return path;
    } catch (error) {
      if (systemCode(error) === 'EACCES') notExecutable ??= path;
    }
  }
  if (notExecutable !== undefined) throw cannotRun(name, notExecutable, 'it is not executable');
  return undefined;
}

function askVersion(path: string, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, ['--version'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {},
      timeout: versionTimeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(0, 4096)));
    child.once('error', (error) =>
      reject(cannotRun(name, path, `it cannot be started (${systemCode(error) ?? 'unknown'})`, error)),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(cannotRun(name, path, `--version ended with ${signal ?? `exit code ${code ?? 'none'}`}`));
    });
  });
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
