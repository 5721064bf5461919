import { refusedDocuments, shortReply } from './insert-errors.js';
import type { InsertTarget } from './insert-target.js';
import type { Batch } from './open-batch.js';
import {
  arrayField,
  composeDocument,
  documentField,
  documentsOfRun,
  hasEmptyTimestamp,
  idQuery,
  rawId,
} from './raw-bson.js';
import { runRawWrite } from './raw-command.js';

/** For servers older than 5.0.29, 6.0.17, 7.0.13: a `$literal` in a pipeline is the one way past the replacement. */
export async function restoreEmptyTimestamps(target: InsertTarget, batch: Batch): Promise<void> {
  const runs: Buffer[] = [];
  for (const document of batch.runs.flatMap((run) => [...documentsOfRun(run)])) {
    const id = hasEmptyTimestamp(document) ? rawId(document) : undefined;
    if (!id) continue;
    const literal = composeDocument([documentField('$literal', document)]);
    const stage = composeDocument([documentField('$replaceWith', literal)]);
    runs.push(composeDocument([idQuery(id), arrayField('u', [stage])]));
  }
  if (runs.length === 0) return;
  const command = {
    update: target.collection,
    ordered: false,
    bypassDocumentValidation: true,
    writeConcern: { w: 'majority' },
  };
  const reply = await runRawWrite(target.db, command, 'updates', { runs, count: runs.length });
  if (reply.writeErrors[0]) throw refusedDocuments(target, reply.writeErrors.length, reply.writeErrors[0]);
  if (reply.n !== runs.length) throw shortReply(target, runs.length, reply.n);
}
