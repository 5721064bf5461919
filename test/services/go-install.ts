import { chmodSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, type Cache, type Environment } from './cache.js';
import { withLock } from './file-lock.js';
import { findProgram, isExecutable } from './find-program.js';
import { announced, type Log } from './log.js';
import { runCommand } from './run-command.js';
import { ServiceError } from './service-error.js';

export interface GoProgram {
  /** Name of the program that the package makes, for instance `ferretdb`. */
  readonly name: string;
  readonly packagePath: string;
  /** With its `v`. */
  readonly version: string;
  /** About how long it takes, for the message. */
  readonly seconds: number;
  /** The variables that make it unnecessary, for the message of a failure. */
  readonly instead: string;
}

/** The program in the cache, installed by `go install` when it is not there. */
export async function goInstall(cache: Cache, program: GoProgram, env: Environment, log: Log): Promise<string> {
  const { name, version, packagePath, instead } = program;
  const installed = join(cache.bin, `${name}-${version}`);
  if (isExecutable(installed)) return installed;
  return withLock(cache, `install-${name}`, log, async () => {
    if (isExecutable(installed)) return installed;
    const go = findProgram('go', env, ['/usr/local/go/bin']);
    if (go === undefined) {
      throw new ServiceError(
        `${name} ${version} must be installed, but no go was found on the PATH or in /usr/local/go/bin`,
        `Install Go 1.26 or later, or set ${instead}`,
      );
    }
    const building = temporaryFolder(cache, name);
    try {
      await announced(log, `installing ${name} ${version} by go install, once, about ${program.seconds} s`, () =>
        runCommand({
          command: go,
          args: ['install', `${packagePath}@${version}`],
          // Without cgo no C compiler is needed.
          env: { GOBIN: building, CGO_ENABLED: '0' },
          logFile: join(cache.logs, `install-${name}.log`),
          what: `go install ${packagePath}@${version}`,
          hint: `Is the Go module proxy reachable, and go recent enough? Otherwise set ${instead}`,
        }),
      );
      chmodSync(join(building, name), 0o755);
      // The complete program appears under its name at once, or not at all.
      renameSync(join(building, name), installed);
    } finally {
      rmSync(building, { recursive: true, force: true });
    }
    return installed;
  });
}
