import type { Readable } from 'node:stream';
import type { MongoClient } from 'mongodb';
import { systemClock, systemRandom, type Clock, type Random, type Secret } from '#contracts';
import type { ArchiveContents, LoadEngine, LoadPlan, LoadReport, LoadRequest } from '../../engine.js';
import { connect } from '../../connection/index.js';
import type { Lease } from './lease-watch.js';
import { defaultTuning, type LoadTuning } from './load-documents.js';
import { LoadRun } from './load-run.js';
import { planLoad } from './plan-load.js';
import { putBackAbandoned } from './put-back.js';
import { describeTarget } from './target-check.js';
import { onTarget } from './target-errors.js';

export interface NativeLoadOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** How long the plan of a restore must stand still before another one takes it over; default 120,000 and a beat every 20,000 (docs/DESIGN.md). */
  readonly leaseMs?: number;
  readonly beatMs?: number;
  readonly tuning?: Partial<LoadTuning>;
  /** How to reach the target; tests listen to the commands of the client that they make. */
  readonly connect?: (uri: Secret) => Promise<MongoClient>;
}

const defaultLease: Lease = { leaseMs: 120_000, beatMs: 20_000 };

/** Loads an archive through the driver, whatever engine made it. Needs `readWrite` and `dbAdmin` on every database that is written. */
export function createNativeLoadEngine(options: NativeLoadOptions = {}): LoadEngine {
  const lease: Lease = {
    leaseMs: options.leaseMs ?? defaultLease.leaseMs,
    beatMs: options.beatMs ?? defaultLease.beatMs,
  };
  const open = options.connect ?? (async (uri: Secret) => (await connect(uri, 'target')).client);
  const withTarget = async <T>(request: LoadRequest, work: (client: MongoClient) => Promise<T>): Promise<T> => {
    const client = await open(request.uri);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  };
  return {
    name: 'native',
    plan: (request, contents, signal, listener): Promise<LoadPlan> =>
      withTarget(request, (client) => onTarget('plan', () => planLoad(client, request, contents, signal, listener))),
    putBack: (request: LoadRequest, contents: ArchiveContents, signal: AbortSignal) =>
      withTarget(request, (client) =>
        onTarget('plan', () =>
          putBackAbandoned({ client, lease, signal, clock: options.clock ?? systemClock }, request, contents),
        ),
      ),
    load: (request: LoadRequest, source: Readable, signal: AbortSignal): Promise<LoadReport> =>
      withSource(source, () =>
        withTarget(request, async (client) => {
          const target = await onTarget('plan', () => describeTarget(client));
          const run = new LoadRun({
            client,
            target,
            request,
            lease,
            signal,
            tuning: { ...defaultTuning, ...options.tuning },
            clock: options.clock ?? systemClock,
            random: options.random ?? systemRandom,
          });
          return run.run(source);
        }),
      ),
  };
}

/** The source is closed however the load ends, also when it never began to read. */
async function withSource<T>(source: Readable, work: () => Promise<T>): Promise<T> {
  // An error between two reads has no reader yet: it stays in the stream and comes out with the next read.
  source.on('error', ignore);
  try {
    return await work();
  } finally {
    source.destroy();
  }
}

function ignore(): void {
  // The reader sees it.
}
