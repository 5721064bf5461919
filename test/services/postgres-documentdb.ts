import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aptInstall, aptSettings, debianMirror } from './apt-install.js';
import { temporaryFolder, type Cache, type Environment } from './cache.js';
import { withLock } from './file-lock.js';
import { findSystemProgram } from './find-program.js';
import { announced, type Log } from './log.js';
import { outputOf, runCommand } from './run-command.js';
import { ServiceError } from './service-error.js';

const instead = 'TEST_MONGODB_URI';
/** Raise the last number when the recipe below changes: an older installation is then left alone and a new one made. */
const recipe = 'postgresql-18-documentdb-1';
const stampName = 'hazina-complete.json';

export interface PostgresInstallation {
  /** A small Debian system of its own, entered by chroot. */
  readonly root: string;
  /** PostgreSQL's programs, as seen from inside. */
  readonly bin: string;
  /** Of the packages. */
  readonly versions: { readonly postgresql: string; readonly documentdb: string };
}

/** PostgreSQL 18 with the DocumentDB extension from Debian's unstable suite, in a folder of the cache. */
export async function installPostgres(cache: Cache, env: Environment, log: Log): Promise<PostgresInstallation> {
  const root = join(cache.root, recipe);
  const found = readInstallation(root);
  if (found !== undefined) return found;
  return withLock(cache, `install-${recipe}`, log, async () => {
    const meanwhile = readInstallation(root);
    if (meanwhile !== undefined) return meanwhile;
    if (process.platform !== 'linux' || process.getuid?.() !== 0) {
      throw new ServiceError(
        'PostgreSQL with DocumentDB goes into a system folder of its own (debootstrap, chroot), which needs root on Linux',
        `Run as root, put a mongod on the PATH, or set ${instead}`,
      );
    }
    if (findSystemProgram('debootstrap', env) === undefined) {
      await aptInstall(cache, 'debootstrap', instead, env, log);
    }
    await announced(log, 'installing PostgreSQL 18 with DocumentDB, once, about a minute and 600 MB', () =>
      build(cache, root),
    );
    const built = readInstallation(root);
    if (built === undefined) throw new ServiceError(`The installation in ${root} is not complete`);
    return built;
  });
}

async function build(cache: Cache, root: string): Promise<void> {
  const isolated = await isolation();
  const building = temporaryFolder(cache, 'postgres');
  const logFile = join(cache.logs, `install-${recipe}.log`);
  try {
    await prepare(building);
    const script = join(building, 'hazina-install.sh');
    writeFileSync(script, installScript);
    const mirror = await debianMirror();
    await runCommand({
      command: isolated.command,
      args: [...isolated.args, script],
      env: {
        ROOT: building,
        MIRROR: mirror ?? '',
        DEBIAN_FRONTEND: 'noninteractive',
        LC_ALL: 'C',
        PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      },
      logFile,
      what: 'Installing PostgreSQL with DocumentDB',
      hint: `Is the package mirror reachable, and may this user mount and chroot? Otherwise set ${instead}`,
    });
    writeFileSync(join(building, stampName), JSON.stringify(await packageVersions(building)));
    await removeTree(root);
    renameSync(building, root);
  } finally {
    await removeTree(building);
  }
}

/** What dpkg and apt of the new system must know before their first run. */
async function prepare(root: string): Promise<void> {
  const files = {
    'etc/dpkg/dpkg.cfg.d/hazina':
      'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n',
    'etc/postgresql-common/createcluster.conf': 'create_main_cluster = false\n',
    'etc/apt/apt.conf.d/99hazina': `${await aptSettings()}Acquire::Languages "none";\n`,
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

const installScript = `set -eu
debootstrap --variant=minbase sid "$ROOT" $MIRROR
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
  mkdir -p "$ROOT/etc/ssl/certs"
  cp /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/"
fi
mountpoint -q "$ROOT/proc" || mount -t proc proc "$ROOT/proc"
chroot "$ROOT" apt-get update
chroot "$ROOT" apt-get install -y --no-install-recommends postgresql-18-documentdb
chroot "$ROOT" apt-get clean
rm -rf "$ROOT"/var/lib/apt/lists/*
`;

/**
 * A mount and process namespace of its own, killed with us: no mount and no process stays behind, even after a
 * SIGKILL in the middle. The packages cannot be set up without /proc, so a user who may not mount need not begin.
 */
async function isolation(): Promise<{ command: string; args: string[] }> {
  const args = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child'];
  try {
    await outputOf('setpriv', [...args, '--mount-proc', 'true']);
    return { command: 'setpriv', args: [...args, 'sh'] };
  } catch (error) {
    throw new ServiceError(
      'Installing PostgreSQL with DocumentDB needs the right to mount (CAP_SYS_ADMIN), which this root does not have',
      `In a container allow it (--privileged), put a mongod on the PATH, or set ${instead}`,
      error,
    );
  }
}

async function packageVersions(root: string): Promise<PostgresInstallation['versions']> {
  const query = ['-W', '-f', '${source:Upstream-Version} '];
  const packages = ['postgresql-18', 'postgresql-18-documentdb'];
  const [postgresql = '', documentdb = ''] = (await outputOf('chroot', [root, 'dpkg-query', ...query, ...packages]))
    .trim()
    .split(' ');
  return { postgresql, documentdb };
}

/** The stamp is written last: without it an installation is half done. */
function readInstallation(root: string): PostgresInstallation | undefined {
  const stamp = join(root, stampName);
  if (!existsSync(stamp)) return undefined;
  const versions = JSON.parse(readFileSync(stamp, 'utf8')) as PostgresInstallation['versions'];
  return { root, bin: '/usr/lib/postgresql/18/bin', versions };
}

/** Never across a mount point, should something be mounted there after all. */
async function removeTree(folder: string): Promise<void> {
  await outputOf('rm', ['-rf', '--one-file-system', folder]);
}
