import { Crc64 } from './crc64.js';
import type { PreludeCollection } from './encode.js';

export type ArchivedType = PreludeCollection['type'];

/** What is known of a namespace while its archive is read. */
export class NamespaceState {
  documents = 0;
  bsonBytes = 0;
  dataBlocks = 0;
  ended = false;
  readonly crc = new Crc64();

  constructor(
    readonly index: number,
    readonly db: string,
    readonly collection: string,
    readonly type: ArchivedType,
    /** JSON text of the prelude; null for namespaces that have no entry there (users, roles, oplog). */
    readonly metadata: string | null,
  ) {}

  get name(): string {
    return `${this.db}.${this.collection}`;
  }
}

/** Namespaces that stand in an archive without an entry in the prelude (facts of the format, 1.3). */
export function needsNoEntry(db: string, collection: string): boolean {
  if (db === '') return collection === 'oplog';
  if (db === 'admin' && /^system\.(users|roles|version)$/.test(collection)) return true;
  return /^\$admin\.system\.(users|roles|version)$/.test(collection);
}
