import { makeToken } from '../test/support/api-client.js';
import { targetNames } from './catalog-documents.js';

export interface LoadRequest {
  readonly method: 'GET';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RequestOptions {
  readonly jwtSecret: string;
  /** Records to ask for one by one. */
  readonly backupIds: readonly string[];
}

const dayMs = 86_400_000;
const onePage = { page: '1', limit: '20' };

/**
 * What a front end asks for: pages of lists by filters, newest first, single records, statistics of all and of one target, targets, restores. Sorting by
 * another field is left to `--catalog`: what it costs is the server's, and differs between servers by orders of magnitude.
 */
function mix(backupIds: readonly string[]): readonly ((turn: number) => string)[] {
  const now = Date.now();
  const before = (days: number): string => new Date(now - days * dayMs).toISOString();
  const target = (turn: number): string => targetNames[turn % targetNames.length] ?? '';
  const record = (turn: number): string => `backups/${backupIds[turn % backupIds.length] ?? ''}`;
  const list = (query: Record<string, string>): string =>
    `backups?${new URLSearchParams({ ...onePage, ...query }).toString()}`;
  return [
    () => list({}),
    record,
    () => 'backups/stats',
    (turn) => list({ target: target(turn) }),
    () => 'targets',
    () => list({ status: 'failed', from: before(30) }),
    (turn) => record(turn * 7),
    () => 'restores?limit=20',
    (turn) => list({ page: String(1 + (turn % 10)) }),
    (turn) => `backups/stats?target=${target(turn)}`,
    (turn) => list({ trigger: 'manual', from: before(90 + (turn % 30)) }),
    (turn) => list({ status: 'completed', target: target(turn) }),
  ];
}

/** So many requests of one client, by one token; another number begins elsewhere in the mix, and asks for other things. */
export function requestsOf(client: number, count: number, options: RequestOptions): readonly LoadRequest[] {
  const headers = { authorization: `Bearer ${makeToken(options.jwtSecret, 'viewer', `load-${client}`)}` };
  const paths = mix(options.backupIds);
  return Array.from({ length: count }, (_, index) => {
    const turn = client + index;
    const path = paths[turn % paths.length]?.(client * 31 + index) ?? '';
    return { method: 'GET', path: `/api/admin/${path}`, headers };
  });
}
