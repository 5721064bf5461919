import { AppError } from '#contracts';
import { describeId } from './left-out.js';
import { nameOf } from './names.js';
import type { InsertTarget } from './insert-target.js';
import type { RawField } from './raw-bson.js';
import type { WriteError } from './raw-command.js';
import { reason } from './server-reason.js';

export const keepLastHint =
  'A dump of a server that is written meanwhile may hold one document in two versions: --on-conflict keep-last (onConflict in the API) keeps the later one and lists what it leaves out. The target was left as it was';

export function refusedDocuments(target: InsertTarget, count: number, first: WriteError): AppError {
  const namespace = nameOf(target.final);
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `The target refused ${count} document${count === 1 ? '' : 's'} of ${namespace}: ${serverReason(target, first)}`,
    hint: 'The target was left as it was. Check that the target runs the version of the source, or leave this collection out with --exclude',
    details: { namespace, refused: count, serverCode: first.code },
  });
}

/** Not in the server's words: those may hold more of a document than its `_id`. */
export function duplicateIds(target: InsertTarget, count: number, id: RawField): AppError {
  const namespace = nameOf(target.final);
  const more = count === 1 ? '' : `, and ${count - 1} more like it`;
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `The archive holds two documents of ${namespace} with the _id ${describeId(id)}${more}`,
    hint: keepLastHint,
    details: { namespace, refused: count, index: '_id_' },
  });
}

export function shortReply(target: InsertTarget, sent: number, written: number): AppError {
  const namespace = nameOf(target.final);
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `The target wrote ${written} of ${sent} documents of ${namespace}, without saying why`,
    hint: 'Look into the log of the server. The target was left as it was',
    details: { namespace, sent, written },
  });
}

function serverReason(target: InsertTarget, error: WriteError): string {
  return reason({ temporary: target.collection, final: target.final.collection }, error.message);
}
