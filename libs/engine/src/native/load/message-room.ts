import { createRequire } from 'node:module';

// The second place that reaches into the driver (raw-command.ts is the first). It puts a message together by `ByteUtils.concat`, twice: the documents are
// copied into a section, and the section into the message. For batches of megabytes those copies are most of the memory of a restore, and of its garbage.
// A section that is announced here has room before it, where the rest of the message is written instead: the batch's own buffer becomes the message.
// Every other call goes to the driver's own function; when a new driver puts messages together in another way, its copies are back and nothing else changes.

/** Room for what the driver writes before a section: head of the message, and the command with session, cluster time and the like. */
export const messageRoom = 4 << 10;

type Concat = (list: readonly Uint8Array[]) => Uint8Array;

/** Announced sections with the buffers in which they lie. */
const sections = new WeakMap<Uint8Array, Buffer>();
let installed = false;

/** A view on `buffer` from `messageRoom` to `end`. Its message is written over what stands before, so it can be sent once at a time. */
export function announceSection(buffer: Buffer, end: number): Buffer {
  if (!installed) install();
  const section = buffer.subarray(messageRoom, end);
  sections.set(section, buffer);
  return section;
}

function install(): void {
  installed = true;
  const utils = byteUtils();
  if (utils === null) return;
  const concat = utils.concat.bind(utils);
  utils.concat = (list) => joinInPlace(list) ?? concat(list);
}

function byteUtils(): { concat: Concat } | null {
  try {
    const module: unknown = createRequire(import.meta.url)('mongodb/lib/bson.js');
    if (typeof module !== 'object' || module === null || !('ByteUtils' in module)) return null;
    const utils = module.ByteUtils;
    if (typeof utils !== 'object' || utils === null || !('concat' in utils)) return null;
    return typeof utils.concat === 'function' ? (utils as { concat: Concat }) : null;
  } catch {
    return null;
  }
}

/** The list as one piece of memory, when it ends in an announced section and the rest fits before it. */
function joinInPlace(list: readonly Uint8Array[]): Uint8Array | undefined {
  const section = list.at(-1);
  const buffer = section && sections.get(section);
  if (section === undefined || buffer === undefined) return undefined;
  if (list.length === 1) return section;
  const before = list.slice(0, -1);
  let at = messageRoom - before.reduce((sum, { length }) => sum + length, 0);
  if (at < 0) return undefined;
  const message = buffer.subarray(at, messageRoom + section.length);
  for (const part of before) {
    buffer.set(part, at);
    at += part.length;
  }
  return message;
}
