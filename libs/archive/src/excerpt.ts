import { messageOf } from '#contracts';
import { archiveError } from './archive-error.js';
import { encodeNamespaceHeader, magic, terminator } from './encode.js';
import { ItemCollector } from './item-collector.js';
import { needsNoEntry } from './namespace-state.js';
import { decodeBlockHeader, decodeCollection, decodeHeader, type BlockHeader } from './prelude-parts.js';

const largest = 16 * 1024 * 1024;

/** A namespace that an excerpt holds, as an index of the archive knows it. */
export interface ExcerptNamespace {
  readonly db: string;
  readonly collection: string;
  /** Unsigned CRC-64/XZ of its documents. */
  readonly crc64: bigint;
}

/** A stretch of data blocks of one namespace: `[offset, offset + bytes)` of the archive. */
export interface ExcerptBlock {
  readonly namespace: ExcerptNamespace;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Makes a small archive of a large one: the header and the prelude's entries of the chosen namespaces byte for byte, their data blocks byte for byte in
 * their order, and end blocks with the checksums of the index, so that a reader proves the documents of each as it would in the whole archive. Entries of
 * other namespaces are left out: with them it would look as if those were empty. Throws `archive/…` when the bytes are not what the index says.
 */
export class ArchiveExcerpt {
  readonly #emit: (chunk: Buffer) => void;
  readonly #blocks: readonly ExcerptBlock[];
  readonly #left = new Map<ExcerptNamespace, number>();
  readonly #wanted: ReadonlyMap<string, ExcerptNamespace>;
  readonly #item = new ItemCollector();
  readonly #listed = new Set<ExcerptNamespace>();
  #state: 'magic' | 'header' | 'collections' | 'blocks' = 'magic';
  #preludeAt = 0;
  #next = 0;
  #header: BlockHeader | undefined;

  /** Blocks in order of offset. */
  constructor(chosen: readonly ExcerptNamespace[], blocks: readonly ExcerptBlock[], emit: (chunk: Buffer) => void) {
    this.#emit = emit;
    this.#blocks = blocks;
    this.#wanted = new Map(chosen.map((namespace) => [keyOf(namespace), namespace]));
    for (const namespace of chosen) this.#left.set(namespace, 0);
    for (const { namespace } of blocks) this.#left.set(namespace, (this.#left.get(namespace) ?? 0) + 1);
  }

  /** The prelude was read to its end. */
  get hasPrelude(): boolean {
    return this.#state === 'blocks';
  }

  /** Archive bytes that begin at `offset`. Pieces come in order; what is in none of them is never needed. */
  take(offset: number, bytes: Buffer): void {
    if (!this.hasPrelude) this.#takePrelude(offset, bytes);
    if (this.hasPrelude) this.#takeBlocks(offset, bytes);
  }

  /** After the last piece: the ends of namespaces that have none yet. */
  end(): void {
    if (!this.hasPrelude) throw archiveError('truncated', this.#preludeAt, 'it ends in the middle of the prelude');
    const block = this.#blocks[this.#next];
    if (block !== undefined)
      throw archiveError('truncated', block.offset, `a block of ${nameOf(block.namespace)} is not there`);
    for (const namespace of this.#left.keys()) this.#endNamespace(namespace, namespace.collection);
  }

  #takePrelude(offset: number, bytes: Buffer): void {
    if (offset > this.#preludeAt)
      throw archiveError('truncated', this.#preludeAt, 'the index begins blocks before the prelude ends');
    const item = this.#item;
    for (let at = this.#preludeAt - offset; at < bytes.length && !this.hasPrelude;) {
      if (!item.started) item.begin(offset + at);
      const from = at;
      at = item.fill(bytes, at, 4);
      if (item.filled >= 4) {
        const length = this.#lengthOf(item);
        at = item.fill(bytes, at, length);
        if (item.filled === length) this.#takeItem(item.take(), item.start);
      }
      this.#preludeAt += at - from;
    }
  }

  /** Magic and terminator are items of four bytes. */
  #lengthOf(item: ItemCollector): number {
    const length = item.length();
    if (this.#state === 'magic' || length === -1) return 4;
    if (length >= 5 && length <= largest) return length;
    throw archiveError('corrupt-structure', item.start, `an item cannot have ${length} bytes`);
  }

  #takeItem(bytes: Buffer, start: number): void {
    if (this.#state === 'magic') {
      if (!bytes.equals(magic))
        throw archiveError('not-an-archive', 0, 'it does not begin as a mongodump archive does');
      this.#state = 'header';
    } else if (bytes.length === 4) {
      if (this.#state === 'header') throw archiveError('corrupt-structure', start, 'it has no header');
      this.#refuseUnlisted(start);
      this.#state = 'blocks';
    } else if (this.#state === 'header') {
      decodedAt(start, () => decodeHeader(bytes));
      this.#state = 'collections';
    } else {
      const namespace = this.#wanted.get(keyOf(decodedAt(start, () => decodeCollection(bytes))));
      if (namespace === undefined) return;
      this.#listed.add(namespace);
    }
    this.#emit(Buffer.from(bytes));
  }

  #refuseUnlisted(start: number): void {
    const unlisted = [...this.#wanted.values()].filter(
      (namespace) => !this.#listed.has(namespace) && !needsNoEntry(namespace.db, namespace.collection),
    );
    if (unlisted[0] !== undefined)
      throw archiveError('corrupt-structure', start, `the prelude does not list ${nameOf(unlisted[0])}`);
  }

  #takeBlocks(offset: number, bytes: Buffer): void {
    const end = offset + bytes.length;
    for (let block = this.#blocks[this.#next]; block !== undefined; block = this.#blocks[this.#next]) {
      const blockEnd = block.offset + block.bytes;
      if (block.offset >= end) return;
      const part = bytes.subarray(Math.max(block.offset - offset, 0), blockEnd - offset);
      if (block.offset < offset && this.#header === undefined && !this.#item.started)
        throw archiveError(
          'truncated',
          block.offset,
          `the beginning of a block of ${nameOf(block.namespace)} is missing`,
        );
      if (this.#header === undefined) this.#readHeader(block, part);
      this.#emit(part);
      if (blockEnd > end) return;
      this.#endBlock(block);
    }
  }

  /** The name that stands in the block: that of a time series may be `system.buckets.X`. */
  #readHeader({ namespace, offset }: ExcerptBlock, part: Buffer): void {
    const item = this.#item;
    if (!item.started) item.begin(offset);
    const at = item.fill(part, 0, 4);
    if (item.filled < 4) return;
    const length = this.#lengthOf(item);
    if (length === 4) throw archiveError('corrupt-structure', offset, 'a terminator stands where a block should begin');
    item.fill(part, at, length);
    if (item.filled < length) return;
    const header = decodedAt(offset, () => decodeBlockHeader(item.take()));
    const fits =
      header.db === namespace.db &&
      [namespace.collection, `system.buckets.${namespace.collection}`].includes(header.collection);
    if (!fits || header.eof)
      throw archiveError('corrupt-structure', offset, `no block of ${nameOf(namespace)} begins where the index says`);
    this.#header = header;
  }

  #endBlock({ namespace, offset }: ExcerptBlock): void {
    const header = this.#header;
    if (header === undefined)
      throw archiveError('corrupt-structure', offset, `a block of ${nameOf(namespace)} has no header`);
    this.#header = undefined;
    this.#next += 1;
    const left = (this.#left.get(namespace) ?? 0) - 1;
    this.#left.set(namespace, left);
    if (left === 0) this.#endNamespace(namespace, header.collection);
  }

  #endNamespace(namespace: ExcerptNamespace, collection: string): void {
    this.#emit(encodeNamespaceHeader({ db: namespace.db, collection, eof: true, crc: namespace.crc64 }));
    this.#emit(terminator);
    this.#left.delete(namespace);
  }
}

function decodedAt<T>(offset: number, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw archiveError('corrupt-structure', offset, messageOf(error));
  }
}

function keyOf({ db, collection }: { readonly db: string; readonly collection: string }): string {
  return `${db}\0${collection}`;
}

function nameOf({ db, collection }: ExcerptNamespace): string {
  return `${db}.${collection}`;
}
