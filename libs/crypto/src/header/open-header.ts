import { isDeepStrictEqual } from 'node:util';
import { AppError } from '#contracts';
import { headerBytes } from '../constants.js';
import { containerError } from '../container-error.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { ContainerHeader, HeaderRegion } from './header-types.js';
import { openSlots } from './open-slots.js';
import { bad, parseHeader } from './parse-header.js';

export interface OpenOptions {
  readonly ring: KeyRing;
  /** What the caller asked for: compared after the MAC, before the payload. */
  readonly expect: { readonly kind?: ContainerHeader['content']['kind']; readonly backupId?: string };
  /** Header sidecar of a key rotation. */
  readonly sidecar?: Buffer;
}

export interface ContainerWarning {
  readonly code: string;
  readonly message: string;
}

export interface OpenedHeader {
  readonly header: ContainerHeader;
  readonly dek: Buffer;
  readonly warnings: readonly ContainerWarning[];
}

/** Opens the header of a file by its first 4096 bytes (fewer when the file is shorter), or by its sidecar. */
export async function openHeader(first: Uint8Array, options: OpenOptions): Promise<OpenedHeader> {
  const opened =
    options.sidecar === undefined
      ? await openEmbedded(first, options.ring)
      : await openWithSidecar(first, options.sidecar, options.ring);
  const { kind, backupId } = options.expect;
  const { header } = opened;
  if (kind !== undefined && header.content.kind !== kind) {
    throw containerError(
      'container/not-the-one-asked-for',
      `It holds a ${header.content.kind} where a ${kind} was asked for`,
    );
  }
  if (backupId !== undefined && header.backupId !== backupId) {
    throw containerError('container/not-the-one-asked-for', `It belongs to ${header.backupId}, not to ${backupId}`);
  }
  return opened;
}

async function openEmbedded(first: Uint8Array, ring: KeyRing): Promise<OpenedHeader> {
  const region = parseHeader(first);
  return { header: region.header, dek: await openSlots(region, ring), warnings: [] };
}

/** The sidecar decides; when it fails in any way and the embedded header opens, that one is used, with a warning: a lost sidecar must not lose a backup. */
async function openWithSidecar(first: Uint8Array, sidecar: Buffer, ring: KeyRing): Promise<OpenedHeader> {
  if (first.byteLength < headerBytes) return openEmbedded(first, ring);
  try {
    return await openSidecar(first, sidecar, ring);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const embedded = await openEmbedded(first, ring).catch(() => undefined);
    if (embedded === undefined) throw error;
    return {
      ...embedded,
      warnings: [{ code: error.code, message: `The header sidecar was not used: ${error.message}` }],
    };
  }
}

async function openSidecar(first: Uint8Array, sidecar: Buffer, ring: KeyRing): Promise<OpenedHeader> {
  const region = parseSidecar(sidecar);
  const embedded = parseEmbedded(first);
  if (embedded !== undefined) compare(embedded, region);
  const dek = await openSlots(region, ring);
  if (embedded === undefined) {
    return {
      header: region.header,
      dek,
      warnings: [
        { code: 'container/bad-header', message: 'The header inside the file is damaged: the sidecar was used' },
      ],
    };
  }
  const embeddedDek = await dekOf(first, ring);
  if (embeddedDek !== undefined && !embeddedDek.equals(dek))
    throw bad('the sidecar opens to another data key than the file');
  return { header: region.header, dek, warnings: [] };
}

function parseSidecar(sidecar: Buffer): HeaderRegion {
  if (sidecar.length !== headerBytes) throw bad(`the sidecar has ${sidecar.length} bytes, not ${headerBytes}`);
  try {
    return parseHeader(sidecar);
  } catch (error) {
    // Of a sidecar a wrong magic is a bad header, not "no container".
    if (error instanceof AppError && error.code === 'container/not-a-container')
      throw bad('the sidecar does not begin as a header does');
    throw error;
  }
}

/** The embedded header, neither its padding nor its slots looked at; undefined when it cannot be parsed. */
function parseEmbedded(first: Uint8Array): HeaderRegion | undefined {
  try {
    return parseHeader(first, true);
  } catch {
    return undefined;
  }
}

function compare(embedded: HeaderRegion, sidecar: HeaderRegion): void {
  if (embedded.header.fileId !== sidecar.header.fileId) {
    throw containerError('container/foreign-header', 'The sidecar belongs to another file');
  }
  const { slots: _embedded, ...theirs } = embedded.value;
  const { slots: _sidecar, ...ours } = sidecar.value;
  if (!isDeepStrictEqual(theirs, ours)) throw bad('the sidecar says other things than the file');
}

async function dekOf(first: Uint8Array, ring: KeyRing): Promise<Buffer | undefined> {
  try {
    return await openSlots(parseHeader(first), ring);
  } catch {
    return undefined;
  }
}
