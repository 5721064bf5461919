import type { Topology } from '#contracts';
import type { Connection } from './connect.js';
import { translateMongoError, type Side } from './translate-error.js';

export interface ServerDescription {
  readonly version: string;
  /** Major and minor version. */
  readonly release: readonly [number, number];
  readonly topology: Topology;
  readonly maxBsonObjectSize: number;
  readonly maxMessageSizeBytes: number;
  readonly maxWriteBatchSize: number;
  readonly isFerretdb: boolean;
}

export async function describeServer(connection: Connection, side: Side): Promise<ServerDescription> {
  try {
    const admin = connection.db('admin');
    const [hello, build] = await Promise.all([admin.command({ hello: 1 }), admin.command({ buildInfo: 1 })]);
    const version = typeof build['version'] === 'string' ? build['version'] : '0.0.0';
    const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
    return {
      version,
      release: [major, minor],
      topology: hello['msg'] === 'isdbgrid' ? 'sharded' : hello['setName'] === undefined ? 'standalone' : 'replica-set',
      maxBsonObjectSize: numberOf(hello['maxBsonObjectSize'], 16 * 1024 * 1024),
      maxMessageSizeBytes: numberOf(hello['maxMessageSizeBytes'], 48_000_000),
      maxWriteBatchSize: numberOf(hello['maxWriteBatchSize'], 100_000),
      isFerretdb: build['ferretdb'] !== undefined,
    };
  } catch (error) {
    throw translateMongoError(error, side, 'probe');
  }
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value > 0 ? value : otherwise;
}
