import type { Redis } from 'ioredis';
import { AppError, doubtful, found, wrong, type Clock, type Finding, type Secret } from '#contracts';
import { RedisLink } from './redis-link.js';

/** What Redis (or Valkey) tells of itself; null: it does not tell. */
export interface RedisExam {
  readonly version: string;
  readonly evictionPolicy: string | null;
  readonly usedBytes: number | null;
  /** 0: no limit. */
  readonly maxBytes: number | null;
  readonly appendOnly: boolean | null;
  /** Snapshots are made by a rule (`save`); null: it does not tell. */
  readonly snapshots: boolean | null;
  /** Its last writing to disk failed, in its own word. */
  readonly failedWrite: 'append-only file' | 'snapshot' | null;
  readonly roundTripMs: number;
}

export interface RedisExamOptions {
  readonly redisUrl: Secret;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/** Looks at a server and writes nothing. Throws `queue/unavailable`, `config/invalid`. */
export async function examineRedis({ redisUrl, clock, deadlineMs }: RedisExamOptions): Promise<RedisExam> {
  const link = new RedisLink({ redisUrl, clock, deadlineMs, connectionName: 'hazina-doctor' });
  try {
    return await examineLink(link, deadlineMs);
  } finally {
    link.close();
  }
}

/** The same on a connection that is there. */
export async function examineLink(link: RedisLink, deadlineMs: number): Promise<RedisExam> {
  // The first one connects.
  await link.ping(deadlineMs);
  const roundTripMs = await link.ping(deadlineMs);
  const info = await link.run('tell of itself', () => link.client.info());
  const of = (field: string): string | null => new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
  const numberOf = (field: string): number | null => {
    const text = of(field);
    return text !== null && /^\d+$/.test(text) ? Number(text) : null;
  };
  const appendOnly = of('aof_enabled');
  return {
    version: of('valkey_version') ?? of('redis_version') ?? 'unknown',
    evictionPolicy: of('maxmemory_policy'),
    usedBytes: numberOf('used_memory'),
    maxBytes: numberOf('maxmemory'),
    appendOnly: appendOnly === null ? null : appendOnly === '1',
    snapshots: await snapshotRule(link),
    failedWrite:
      appendOnly === '1' && of('aof_last_write_status') === 'err'
        ? 'append-only file'
        : of('rdb_last_bgsave_status') === 'err'
          ? 'snapshot'
          : null,
    roundTripMs,
  };
}

/** Managed servers refuse CONFIG. */
async function snapshotRule(link: RedisLink): Promise<boolean | null> {
  try {
    const reply = await link.run('tell its settings', () => configOf(link.client));
    return reply === null ? null : reply !== '';
  } catch {
    return null;
  }
}

async function configOf(client: Redis): Promise<string | null> {
  const reply: unknown = await client.config('GET', 'save');
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : null;
}

/** What a look at Redis comes to, for people. */
export function redisFindings(exam: RedisExam): readonly Finding[] {
  return [versionFinding(exam), evictionFinding(exam), memoryFinding(exam), persistenceFinding(exam)].filter(
    (finding) => finding !== null,
  );
}

function versionFinding({ version, roundTripMs }: RedisExam): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const text = `version ${version}, ${roundTripMs.toFixed(1)} ms a round trip`;
  if (major > 6 || (major === 6 && minor >= 2) || Number.isNaN(major)) return found('redis', text);
  return doubtful('redis', text, 'The queue (BullMQ) asks for Redis 6.2 or later, or Valkey: upgrade it');
}

function evictionFinding({ evictionPolicy: policy }: RedisExam): Finding {
  const name = 'redis eviction';
  if (policy === 'noeviction') return found(name, 'maxmemory-policy is noeviction: no job is thrown away');
  if (policy === null)
    return doubtful(name, 'the server does not tell its maxmemory-policy', 'See to it that it is noeviction');
  return wrong(name, evicts(policy));
}

/** The error of a server that may throw jobs away. */
export function evicts(policy: string): AppError {
  return new AppError({
    code: 'queue/evicts',
    stage: 'queue',
    message: `Redis may throw jobs away when its memory is full: maxmemory-policy is ${policy}`,
    hint: 'Set maxmemory-policy to noeviction',
    details: { policy },
  });
}

const nearlyFull = 0.9;

function memoryFinding({ usedBytes, maxBytes }: RedisExam): Finding | null {
  if (usedBytes === null || maxBytes === null || maxBytes === 0) return null;
  const text = `${Math.round((100 * usedBytes) / maxBytes)} % of maxmemory are used`;
  if (usedBytes < nearlyFull * maxBytes) return found('redis memory', text);
  return doubtful('redis memory', text, 'Give it more memory: when it is full, no job can be added any more');
}

function persistenceFinding({ appendOnly, snapshots, failedWrite }: RedisExam): Finding {
  const name = 'redis persistence';
  if (failedWrite !== null)
    return wrong(
      name,
      new AppError({
        code: 'queue/unavailable',
        stage: 'queue',
        message: `The last writing of the ${failedWrite} failed: Redis refuses jobs until it succeeds`,
        hint: 'Look at its log and its disk',
      }),
    );
  if (appendOnly === true) return found(name, 'append-only file');
  if (snapshots === true)
    return found(name, 'snapshots: a crash loses the jobs since the last one, which are then made anew');
  return doubtful(
    name,
    snapshots === false
      ? 'none: after a restart waiting jobs are made anew from the catalogue, which takes up to a minute, and rate limits begin anew'
      : 'no append-only file; whether there are snapshots the server does not tell',
    'Set appendonly yes. No backup, schedule or record is lost without',
  );
}
