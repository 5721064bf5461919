import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from './instance.js';
import type { PostgresInstallation } from './postgres-documentdb.js';
import { outputOf } from './run-command.js';
import { ServiceError } from './service-error.js';
import type { PostgresState } from './service-state.js';
import { spawnService, startOnFreePort, waitUntilReady } from './spawn-service.js';

const bin = '/usr/lib/postgresql/18/bin';

/** The data is thrown away with the instance: nothing needs to survive a power cut. */
const settings = `
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
cron.log_run = off
cron.log_statement = off
# The extension connects to "localhost", which may be ::1.
listen_addresses = '127.0.0.1,::1'
unix_socket_directories = '/tmp'
# Every FerretDB process keeps a pool of connections.
max_connections = 300
shared_buffers = 256MB
# /dev/shm of the installation's folder is closed to others than root.
dynamic_shared_memory_type = mmap
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
checkpoint_timeout = 30min
# DocumentDB keeps its unique indexes as exclusion constraints: two inserts of the same key wait for each other until the look for deadlocks, and while one such
# pair a second is taken apart, a fleet that inserts the same slot or the next entry of the audit log makes a queue that only grows. MongoDB has no such wait.
deadlock_timeout = 50ms
`;

/** A new, empty PostgreSQL with the DocumentDB extension. */
export async function startPostgres(instance: Instance, installation: PostgresInstallation): Promise<PostgresState> {
  const { root } = installation;
  return startOnFreePort(instance, async (port, started) => {
    // Seen from inside the installation's folder, which is the server's whole world.
    const home = `/srv/${instance.id}-${port}`;
    const data = `${home}/data`;
    await outputOf('chroot', [root, 'install', '-d', '-o', 'postgres', '-m', '0700', home]);
    const initdb = ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
    await outputOf('chroot', [...asPostgres(root), `${bin}/initdb`, ...initdb]);
    appendFileSync(join(root, data, 'postgresql.conf'), `${settings}port = ${port}\n`);
    const postgres = spawnService(instance, {
      service: 'mongodb',
      name: `postgres-${port}`,
      // chroot replaces itself: the process that we record is the server.
      command: 'chroot',
      args: [...asPostgres(root), `${bin}/postgres`, '-D', data],
      dataFolder: join(root, home),
      // Fast, then immediate shutdown.
      stopSignals: ['SIGINT', 'SIGQUIT', 'SIGKILL'],
    });
    started(postgres);
    const state = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres', root };
    await waitUntilReady(postgres, async () => {
      await outputOf('chroot', [...asPostgres(root), `${bin}/pg_isready`, '-q', '-h', state.host, '-p', String(port)]);
      return true;
    });
    await psql(state, 'create extension documentdb cascade');
    return state;
  });
}

/** Runs SQL through psql and returns its rows, one per line, fields separated by `|`. The SQL does not show in argv. */
export async function psql(postgres: PostgresState, sql: string): Promise<string> {
  const { host, port, user, database, root } = postgres;
  const where = ['-h', host, '-p', String(port), '-U', user, '-d', database];
  const how = ['--no-psqlrc', '--no-align', '--tuples-only', '--quiet', '--set=ON_ERROR_STOP=1'];
  const child = spawn('chroot', [...asPostgres(root), `${bin}/psql`, ...where, ...how], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const [output, errors]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A psql that ends early has said why on its standard error.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${sql}\n;\n`);
  if ((await code) !== 0) throw new ServiceError(`psql failed: ${errors.join('').trim()}`);
  return output.join('').trim();
}

function asPostgres(root: string): string[] {
  return ['--userspec=postgres', root];
}
