import { buffer } from 'node:stream/consumers';
import type { ContainerHeader, ContainerWarning } from './header/header-types.js';
import type { OpenOptions } from './header/open-header.js';
import { parseHeader } from './header/parse-header.js';
import { OpenStream } from './payload/open-stream.js';

/** Opens a file as it passes: sealed bytes in, plaintext out. */
export function createOpenStream(options: OpenOptions): OpenStream {
  return new OpenStream(options);
}

/** Opens a small file that is in memory. */
export async function openAll(
  bytes: Buffer,
  options: OpenOptions,
): Promise<{ plaintext: Buffer; header: ContainerHeader; warnings: readonly ContainerWarning[] }> {
  const stream = new OpenStream(options);
  stream.end(bytes);
  const plaintext = await buffer(stream);
  const { header, warnings } = await stream.opened;
  return { plaintext, header, warnings };
}

/** What the header says, without a key: nothing of it is proven. The errors are those of a reader up to the slots. */
export function inspectHeader(first: Uint8Array): ContainerHeader {
  return parseHeader(first).header;
}
