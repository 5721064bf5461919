import { isBackupId, isTimestamp } from '#contracts';
import { headerBytes } from '../constants.js';
import { containerError } from '../container-error.js';
import { checkSlot } from './check-slot.js';
import type { ContainerHeader, HeaderRegion } from './header-types.js';

export const magic = Buffer.from('HAZINA\0\x01', 'latin1');
export const suite = 'AES256-GCM-HKDF-1MB';
export const macOffset = 4064;
const jsonOffset = 12;
const longestJson = 4052;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Parses a header region in the order of spec/container.md: size, magic, length, JSON, `v`, `suite`, field forms, padding, `content` values. Needs no key,
 * proves nothing.
 */
export function parseHeader(bytes: Uint8Array): HeaderRegion {
  // A copy: what is parsed here is what the MAC is computed of later, whatever becomes of the caller's bytes.
  const region = Buffer.from(bytes.subarray(0, headerBytes));
  const { value, end } = parseKnownVersion(region);
  checkForms(value);
  checkSlots(value);
  if (region.subarray(end, macOffset).some((byte) => byte !== 0)) throw bad('its padding is not zero');
  checkContent(value['content'] as { kind: string; compression: string });
  return { header: value as unknown as ContainerHeader, value, bytes: region };
}

/** The fields of an embedded header beside a sidecar, for the comparison: neither its slots nor its padding nor its MAC are looked at. */
export function parseEmbeddedFields(bytes: Uint8Array): Fields {
  const { value } = parseKnownVersion(Buffer.from(bytes.subarray(0, headerBytes)));
  checkForms(value);
  return value;
}

/** Up to `suite`: what a header of any version has. One of another version is not judged any further. */
function parseKnownVersion(region: Buffer): { value: Fields; end: number } {
  if (region.length < headerBytes) {
    throw containerError(
      'container/not-a-container',
      `It has ${region.length} bytes: a sealed file has at least ${headerBytes}`,
    );
  }
  if (!region.subarray(0, magic.length).equals(magic)) {
    throw containerError('container/not-a-container', 'Its first bytes are not those of a sealed file');
  }
  const length = region.readUInt32BE(8);
  if (length < 2 || length > longestJson) throw bad(`the length of its JSON is ${length}`);
  const end = jsonOffset + length;
  const value = parseObject(region.subarray(jsonOffset, end));
  const version = required(value, 'v');
  if (version !== 1) {
    const named = typeof version === 'number' ? `version ${version}` : 'another version';
    throw containerError('container/unsupported', `The container has ${named}: this reader knows version 1`);
  }
  if (required(value, 'suite') !== suite)
    throw containerError('container/unsupported', 'The container uses another cipher suite than this reader knows');
  return { value, end };
}

function parseObject(bytes: Buffer): Fields {
  let value: unknown;
  try {
    // A byte-order mark is no JSON: the decoder must not drop it.
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw bad('its JSON cannot be read');
  }
  if (!isObject(value)) throw bad('its JSON is no object');
  return value;
}

function required(value: Fields, name: string): unknown {
  if (!Object.hasOwn(value, name)) throw bad(`${name} is missing`);
  return value[name];
}

function checkForms(value: Fields): void {
  const [fileId, content] = [required(value, 'fileId'), required(value, 'content')];
  const [createdAt, backupId] = [required(value, 'createdAt'), required(value, 'backupId')];
  if (typeof fileId !== 'string' || !/^[0-9a-f]{32}$/.test(fileId)) throw bad('fileId is not 32 lower-case hex digits');
  if (!isObject(content) || typeof content['kind'] !== 'string' || typeof content['compression'] !== 'string')
    throw bad('content has a wrong form');
  if (typeof createdAt !== 'string' || !isTimestamp(createdAt)) throw bad('createdAt is no time');
  if (typeof backupId !== 'string' || !isBackupId(backupId)) throw bad('backupId is none');
}

function checkSlots(value: Fields): void {
  const slots = required(value, 'slots');
  if (!Array.isArray(slots) || slots.length < 1 || slots.length > 8) throw bad('slots is not an array of 1 to 8');
  for (const slot of slots as unknown[]) {
    const problem = isObject(slot) ? checkSlot(slot) : 'a slot is no object';
    if (problem !== undefined) throw bad(problem);
  }
}

function checkContent({ kind, compression }: { kind: string; compression: string }): void {
  if (!['mongodump-archive', 'manifest'].includes(kind))
    throw containerError('container/unsupported', 'The container holds something that this reader does not know');
  if (!['none', 'gzip', 'zstd'].includes(compression))
    throw containerError(
      'container/unsupported',
      'The container is compressed in a way that this reader does not know',
    );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function bad(what: string): ReturnType<typeof containerError> {
  return containerError('container/bad-header', `The header is damaged: ${what}`);
}
