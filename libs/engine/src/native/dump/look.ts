import type { ClientSession } from 'mongodb';
import type { Connection, ServerDescription } from '../../connection/index.js';

/** A server that is looked at. */
export interface Look {
  readonly connection: Connection;
  readonly server: ServerDescription;
  /** For everything but the reading of collections. */
  readonly session: ClientSession;
}
