import { isBackupId } from '#contracts';
import { headerBytes } from '../constants.js';
import { containerError } from '../container-error.js';
import { checkSlot } from './check-slot.js';
import type { ContainerHeader, HeaderRegion } from './header-types.js';

export const magic = Buffer.from('HAZINA\0\x01', 'latin1');
export const suite = 'AES256-GCM-HKDF-1MB';
export const macOffset = 4064;
const jsonOffset = 12;
const longestJson = 4052;

/**
 * Parses a header region in the order of spec/container.md: size, magic, length, JSON, `v`, `suite`, field forms and padding, `content`. Needs no key, proves
 * nothing. `beforeComparison` (of an embedded header beside a sidecar): neither padding nor slots are looked at.
 */
export function parseHeader(bytes: Uint8Array, beforeComparison = false): HeaderRegion {
  const region = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headerBytes));
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
  const value = parseObject(region.subarray(jsonOffset, jsonOffset + length));
  for (const name of ['v', 'fileId', 'suite', 'content', 'createdAt', 'backupId', 'slots']) {
    if (!(name in value)) throw bad(`${name} is missing`);
  }
  if (value['v'] !== 1)
    throw containerError(
      'container/unsupported',
      `The container has version ${JSON.stringify(value['v'])}: this reader knows version 1`,
    );
  if (value['suite'] !== suite)
    throw containerError('container/unsupported', 'The container uses another cipher suite than this reader knows');
  checkForms(value, beforeComparison);
  if (!beforeComparison && region.subarray(jsonOffset + length, macOffset).some((byte) => byte !== 0))
    throw bad('its padding is not zero');
  checkContent(value['content']);
  return { header: value as unknown as ContainerHeader, value, bytes: region };
}

function parseObject(bytes: Buffer): Record<string, unknown> {
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

function checkForms(value: Record<string, unknown>, withoutSlots: boolean): void {
  const { fileId, content, createdAt, backupId, slots } = value;
  if (!matches(fileId, /^[0-9a-f]{32}$/)) throw bad('fileId is not 32 lower-case hex digits');
  if (!isObject(content) || typeof content['kind'] !== 'string' || typeof content['compression'] !== 'string')
    throw bad('content has a wrong form');
  if (!matches(createdAt, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)) throw bad('createdAt is no time');
  if (typeof backupId !== 'string' || !isBackupId(backupId)) throw bad('backupId is none');
  if (withoutSlots) return;
  if (!Array.isArray(slots) || slots.length < 1 || slots.length > 8) throw bad('slots is not an array of 1 to 8');
  for (const slot of slots as unknown[]) {
    const problem = isObject(slot) ? checkSlot(slot) : 'a slot is no object';
    if (problem !== undefined) throw bad(problem);
  }
}

function checkContent(content: unknown): void {
  const { kind, compression } = content as { kind: string; compression: string };
  if (!['mongodump-archive', 'manifest'].includes(kind) || !['none', 'gzip', 'zstd'].includes(compression)) {
    throw containerError(
      'container/unsupported',
      `The container holds ${JSON.stringify(kind)} compressed with ${JSON.stringify(compression)}: this reader knows neither or not both`,
    );
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

export function bad(what: string): ReturnType<typeof containerError> {
  return containerError('container/bad-header', `The header is damaged: ${what}`);
}
