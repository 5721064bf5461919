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

/** What a front end asks for: lists by all filters and sorts, one record, statistics of all and of one target, targets, restores. */
function mix(backupIds: readonly string[]): readonly ((turn: number) => string)[] {
  const now = Date.now();
  const before = (days: number): string => new Date(now - days * dayMs).toISOString();
  const target = (turn: number): string => targetNames[turn % targetNames.length] ?? '';
  const list = (query: Record<string, string>): string =>
    `backups?${new URLSearchParams({ ...onePage, ...query }).toString()}`;
  return [
    () => list({}),
    (turn) => `backups/${backupIds[turn % backupIds.length] ?? ''}`,
    () => 'backups/stats',
    (turn) => list({ target: target(turn) }),
    () => 'targets',
    () => list({ status: 'failed', from: before(30) }),
    (turn) => `backups/${backupIds[(turn * 7) % backupIds.length] ?? ''}`,
    () => 'restores?limit=20',
    (turn) => list({ sortBy: 'size', page: String(1 + (turn % 20)) }),
    (turn) => `backups/stats?target=${target(turn)}`,
    (turn) => list({ trigger: 'manual', sortBy: 'completedAt', from: before(90 + (turn % 30)) }),
    () => list({ status: 'completed', sortBy: 'startedAt', sortOrder: 'asc' }),
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
