import { databaseOf, mongodumpArguments } from '#contracts';
import type { DumpRequest } from '../engine.js';

/** Arguments for mongodump, or why it cannot serve the request. */
export function dumpArguments(request: DumpRequest): { args: string[] } | { reason: string } {
  const pathDatabase = databaseOf(request.uri.reveal());
  return mongodumpArguments({ ...request, pathDatabase, oplog: request.oplog === true });
}
