import type { Document } from 'mongodb';
import { readArchive, type ArchiveSummary } from '#archive';
import { AppError, Secret } from '#contracts';
import {
  createNativeDumpEngine,
  type DumpProbe,
  type DumpRequest,
  type DumpResult,
  type NativeDumpOptions,
} from '#engine';
import { startFakeMongod, type FakeCollection, type FakeMongod, type FakeMongodOptions } from './fake-mongod.js';

// Native dumps of a server that says what a test tells it to.

export interface FakeDump {
  readonly server: FakeMongod;
  readonly probe: (request?: Partial<DumpRequest>) => Promise<DumpProbe>;
  /** Comes back when the engine has let go of everything, also when it fails. */
  readonly dump: (
    request?: Partial<DumpRequest>,
    cancel?: AbortController,
  ) => Promise<{ readonly archive: ArchiveSummary; readonly result: DumpResult }>;
}

const open: FakeMongod[] = [];

export async function closeFakes(): Promise<void> {
  for (const server of open.splice(0)) await server.close();
}

export async function startFakeDump(
  fake: FakeMongodOptions,
  options: Partial<NativeDumpOptions> = {},
): Promise<FakeDump> {
  const server = await startFakeMongod(fake);
  open.push(server);
  const engine = createNativeDumpEngine({ engineVersion: '1.2.3', ...options });
  // The member of a replica set is known by another name than this port: only the port is to be used.
  const uri = new Secret(`${server.uri}?directConnection=true`);
  const full = (request: Partial<DumpRequest>) => ({ uri, databases: [], include: [], exclude: [], ...request });
  const never = new AbortController();
  return {
    server,
    probe: (request = {}) => engine.probe(full(request), never.signal),
    dump: async (request = {}, { signal } = never) => {
      const probe = await engine.probe(full(request), signal);
      const dump = await engine.dump(full(request), probe, signal);
      try {
        const archive = await readArchive(dump.stream);
        return { archive, result: await dump.result };
      } finally {
        await dump.result.catch(() => undefined);
      }
    },
  };
}

export const people: FakeCollection = { db: 'shop', name: 'people', batches: [[{ _id: 1 }, { _id: 2 }], [{ _id: 3 }]] };
export const orders: FakeCollection = { db: 'shop', name: 'orders', batches: [[{ _id: 'a' }]] };

export function refuse(code: number, errmsg = 'no'): Document {
  return { ok: 0, code, errmsg, codeName: 'X' };
}

/** `db.collection: documents`, sorted. */
export function shape({ namespaces }: ArchiveSummary): string[] {
  return namespaces.map(({ db, collection, documents }) => `${db}.${collection}: ${documents}`).sort();
}

/** The reads of collections, in order. */
export function finds({ commands }: FakeMongod): Document[] {
  return commands.filter((command) => 'find' in command && command['limit'] !== 1);
}

/** The AppError that it fails with. */
export async function failure(work: Promise<unknown>): Promise<AppError> {
  const outcome: unknown = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (outcome instanceof AppError) return outcome;
  throw new Error(`no AppError: ${String(outcome)}`);
}
