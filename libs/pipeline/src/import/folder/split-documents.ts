import { archiveError, checkBson } from '#archive';
import { messageOf } from '#contracts';

const smallest = 5;
/** As in an archive: entries of an oplog that are larger cannot stand in one. */
const largest = 16 * 1024 * 1024;

/**
 * The documents of a .bson file in runs of whole ones, each checked through and through: a folder has no checksums. Holds no more than one piece and one document;
 * a length that cannot be is refused before anything is kept for it.
 */
export async function* splitDocuments(pieces: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let wanted = 4;
  let offset = 0;
  for await (const piece of pieces) {
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes < wanted) continue;
    const bytes = held.length === 1 ? piece : Buffer.concat(held, heldBytes);
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      const length = left < 4 ? undefined : lengthOf(bytes, at, offset, name);
      wanted = length ?? 4;
      if (left < wanted) break;
      check(bytes, at, at + wanted, offset, name);
      at += wanted;
    }
    if (at > 0) yield bytes.subarray(0, at);
    held = at < bytes.length ? [bytes.subarray(at)] : [];
    heldBytes = bytes.length - at;
    offset += at;
  }
  if (heldBytes > 0) throw archiveError('truncated', offset, `${name} ends in the middle of a document`);
}

function lengthOf(bytes: Buffer, at: number, offset: number, name: string): number {
  const length = bytes.readInt32LE(at);
  if (length >= smallest && length <= largest) return length;
  throw archiveError('corrupt-structure', offset + at, `in ${name} a document cannot have ${length} bytes`);
}

function check(bytes: Buffer, from: number, to: number, offset: number, name: string): void {
  try {
    checkBson(bytes, from, to);
  } catch (error) {
    throw archiveError(
      'corrupt-structure',
      offset + from,
      `${name} holds no whole BSON there: ${messageOf(error)}`,
      error,
    );
  }
}
