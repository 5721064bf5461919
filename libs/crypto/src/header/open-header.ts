import { containerError } from '../container-error.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { ContainerHeader, ReadHeader, UnlockedHeader } from './header-types.js';
import { openSlots } from './open-slots.js';
import { unlockWithSidecar } from './open-sidecar.js';
import { parseHeader } from './parse-header.js';

export interface OpenOptions {
  readonly ring: KeyRing;
  /** What the caller asked for: compared after the MAC, before the payload. */
  readonly expect: { readonly kind?: ContainerHeader['content']['kind']; readonly backupId?: string };
  /** Header sidecar of a key rotation. */
  readonly sidecar?: Buffer;
}

/** Opens the header of a file by its first 4096 bytes (fewer when the file is shorter), or by its sidecar. */
export async function unlockHeader(first: Uint8Array, options: OpenOptions): Promise<UnlockedHeader> {
  const unlocked =
    options.sidecar === undefined
      ? await unlockEmbedded(first, options.ring)
      : await unlockWithSidecar(first, options.sidecar, options.ring);
  try {
    compareWithRequest(unlocked.header, options.expect);
  } catch (error) {
    unlocked.dek.fill(0);
    throw error;
  }
  return unlocked;
}

/** `unlockHeader` for callers that want to know what the header says, not the data key. */
export async function openHeader(first: Uint8Array, options: OpenOptions): Promise<ReadHeader> {
  const { dek, ...read } = await unlockHeader(first, options);
  dek.fill(0);
  return read;
}

async function unlockEmbedded(first: Uint8Array, ring: KeyRing): Promise<UnlockedHeader> {
  const region = parseHeader(first);
  return { header: region.header, from: 'file', dek: await openSlots(region, ring), warnings: [] };
}

function compareWithRequest(header: ContainerHeader, { kind, backupId }: OpenOptions['expect']): void {
  if (kind !== undefined && header.content.kind !== kind) {
    throw containerError(
      'container/not-the-one-asked-for',
      `It holds a ${header.content.kind} where a ${kind} was asked for`,
    );
  }
  if (backupId !== undefined && header.backupId !== backupId) {
    throw containerError('container/not-the-one-asked-for', `It belongs to ${header.backupId}, not to ${backupId}`);
  }
}
