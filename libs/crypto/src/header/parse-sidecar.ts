import { isDeepStrictEqual } from 'node:util';
import { AppError } from '#contracts';
import { headerBytes } from '../constants.js';
import { containerError } from '../container-error.js';
import type { ContainerWarning, HeaderRegion } from './header-types.js';
import { bad, parseEmbeddedFields, parseHeader } from './parse-header.js';

/**
 * Parses a sidecar and compares it with the embedded header that it replaces: all fields but `slots` are equal, as parsed values. An embedded header that
 * cannot be parsed is a warning. Needs no key, proves nothing.
 */
export function parseSidecar(
  first: Uint8Array,
  sidecar: Uint8Array,
): { region: HeaderRegion; warnings: readonly ContainerWarning[] } {
  // What is too short for a header is no sealed file, whatever lies beside it.
  if (first.byteLength < headerBytes) parseHeader(first);
  if (sidecar.byteLength !== headerBytes) throw bad(`the sidecar does not have ${headerBytes} bytes`);
  const region = parseRegion(sidecar);
  const embedded = embeddedFields(first);
  if (embedded === undefined) {
    const message = 'The header inside the file is damaged: the sidecar was used';
    return { region, warnings: [{ code: 'container/bad-header', message }] };
  }
  if (embedded['fileId'] !== region.header.fileId)
    throw containerError('container/foreign-header', 'The sidecar belongs to another file');
  if (!isDeepStrictEqual(withoutSlots(embedded), withoutSlots(region.value)))
    throw bad('the sidecar says other things than the file');
  return { region, warnings: [] };
}

function parseRegion(sidecar: Uint8Array): HeaderRegion {
  try {
    return parseHeader(sidecar);
  } catch (error) {
    // Of a sidecar a wrong magic is a bad header, not "no container".
    if (error instanceof AppError && error.code === 'container/not-a-container')
      throw bad('the sidecar does not begin as a header does');
    throw error;
  }
}

function embeddedFields(first: Uint8Array): HeaderRegion['value'] | undefined {
  try {
    return parseEmbeddedFields(first);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function withoutSlots({ slots: _slots, ...others }: HeaderRegion['value']): Record<string, unknown> {
  return others;
}
