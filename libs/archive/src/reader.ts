import { AppError, messageOf } from '#contracts';
import { archiveError, type Verdict } from './archive-error.js';
import { magic } from './encode.js';
import { ItemCollector } from './item-collector.js';
import { Namespaces } from './namespaces.js';
import type { NamespaceState } from './namespace-state.js';
import {
  decodeBlockHeader,
  decodeCollection,
  decodeHeader,
  type ArchiveHeader,
  type ArchivePrelude,
} from './prelude-parts.js';
import type { ArchiveHandler, ArchiveReaderOptions, ArchiveSummary } from './reader-types.js';

const smallest = 5;
const largest = 16 * 1024 * 1024;
const terminatorLength = -1;

/**
 * A streaming parser of the mongodump archive. Bytes are pushed in pieces of any size; nothing but the item that straddles two pieces is kept, and without a
 * `documents` handler not even that. Throws `archive/<verdict>` at the first damage, at the latest from `end()`.
 */
export class ArchiveReader {
  readonly #handler: ArchiveHandler;
  readonly #options: ArchiveReaderOptions;
  readonly #namespaces = new Namespaces();
  readonly #item = new ItemCollector();
  readonly #blocks: [number, number, number][] = [];
  #state: 'magic' | 'header' | 'collections' | 'block' | 'documents' = 'magic';
  #header: ArchiveHeader | undefined;
  #collections: ReturnType<typeof decodeCollection>[] = [];
  #namespace: NamespaceState | undefined;
  #blockStart = 0;
  #blockIsEnd = false;
  /** Of a document that straddles pieces and that nobody wants: bytes still to come. */
  #skip = 0;
  #offset = 0;
  #documents = 0;
  #failure: AppError | undefined;

  constructor(handler: ArchiveHandler = {}, options: ArchiveReaderOptions = {}) {
    this.#handler = handler;
    this.#options = options;
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Documents seen so far. */
  get documents(): number {
    return this.#documents;
  }

  write(input: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    const chunk = Buffer.isBuffer(input) ? input : Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    try {
      let at = 0;
      while (at < chunk.length)
        at = this.#state === 'documents' ? this.#takeDocuments(chunk, at) : this.#takeItem(chunk, at);
      this.#offset += chunk.length;
    } catch (error) {
      throw (this.#failure = AppError.from(error, 'archive'));
    }
  }

  /** The verdict on the whole: throws, or tells what was read. */
  end(): ArchiveSummary {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#offset === 0) throw archiveError('empty', 0, 'there are no bytes at all');
    if (this.#state === 'magic') throw archiveError('truncated', this.#offset, 'it ends inside the first four bytes');
    if (this.#item.started || this.#skip > 0)
      throw this.#fail('truncated', this.#item.start, 'it ends in the middle of an item');
    if (this.#state !== 'block')
      throw this.#fail('truncated', this.#offset, 'it ends in the middle of the prelude or of a block');
    const open = this.#namespaces.missing(this.#options.expectNamespaces ?? []);
    if (open.length > 0) {
      throw archiveError(
        'missing-namespace-end',
        this.#offset,
        `it ends, but these never did: ${open.slice(0, 5).join(', ')}${open.length > 5 ? ', …' : ''}`,
      );
    }
    return this.#summary();
  }

  #summary(): ArchiveSummary {
    const header = this.#header;
    if (header === undefined) throw archiveError('truncated', this.#offset, 'it has no header');
    return {
      ...header,
      archiveBytes: this.#offset,
      namespaces: this.#namespaces.all.map(
        ({ db, collection, type, metadata, documents, bsonBytes, dataBlocks, crc }) => ({
          db,
          collection,
          type,
          metadata,
          documents,
          bsonBytes,
          dataBlocks,
          crc64: crc.value(),
        }),
      ),
      ...(this.#options.recordBlocks === true ? { blocks: this.#blocks } : {}),
    };
  }

  /** Magic, prelude documents and block headers: small items, collected whole. */
  #takeItem(chunk: Buffer, from: number): number {
    const item = this.#item;
    if (!item.started) item.begin(this.#offset + from);
    if (this.#state === 'magic') return this.#takeMagic(chunk, from);
    const at = item.fill(chunk, from, 4);
    if (item.filled < 4) return at;
    const length = item.length();
    if (length === terminatorLength) {
      item.clear();
      this.#terminator();
      return at;
    }
    if (length < smallest || length > largest)
      throw this.#fail('corrupt-structure', item.start, `an item cannot have ${length} bytes`);
    const next = item.fill(chunk, at, length);
    if (item.filled < length) return next;
    const bytes = item.take();
    if (bytes[length - 1] !== 0)
      throw this.#fail('corrupt-structure', item.start, 'a document does not end in a zero byte');
    this.#decoded(bytes, item.start);
    return next;
  }

  #takeMagic(chunk: Buffer, from: number): number {
    const at = this.#item.fill(chunk, from, 4);
    if (this.#item.filled < 4) return at;
    if (!this.#item.take().equals(magic))
      throw archiveError('not-an-archive', 0, 'it does not begin as a mongodump archive does');
    this.#state = 'header';
    return at;
  }

  #decoded(bytes: Buffer, start: number): void {
    try {
      if (this.#state === 'header') {
        this.#header = decodeHeader(bytes);
        this.#state = 'collections';
      } else if (this.#state === 'collections') this.#collections.push(decodeCollection(bytes));
      else this.#beginBlock(bytes, start);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw this.#fail('corrupt-structure', start, messageOf(error));
    }
  }

  #beginBlock(bytes: Buffer, start: number): void {
    const { db, collection, eof, crc } = decodeBlockHeader(bytes);
    let namespace: NamespaceState;
    try {
      namespace = this.#namespaces.find(db, collection, start);
    } catch (error) {
      throw this.#namespaces.allEnded
        ? this.#fail('trailing-data', start, `a block of ${db}.${collection} follows the whole archive`)
        : error;
    }
    if (namespace.ended) {
      throw this.#fail('corrupt-structure', start, `${namespace.name} goes on after its end`);
    }
    this.#namespace = namespace;
    this.#blockStart = start;
    this.#blockIsEnd = eof;
    this.#state = 'documents';
    if (!eof) {
      namespace.dataBlocks += 1;
      return;
    }
    if (namespace.crc.value() !== crc)
      throw archiveError('crc-mismatch', start, `the documents of ${namespace.name} are not those that were written`);
  }

  /** As many whole documents as the piece holds, in one run. */
  #takeDocuments(chunk: Buffer, from: number): number {
    if (this.#skip > 0) return this.#skipOn(chunk, from);
    if (this.#item.started) return this.#fillDocument(chunk, from);
    let at = from;
    let count = 0;
    while (at + 4 <= chunk.length) {
      const length = chunk.readInt32LE(at);
      if (length === terminatorLength) {
        this.#run(chunk, from, at, count);
        this.#terminator(at + 4);
        return at + 4;
      }
      this.#checkLength(length, this.#offset + at);
      if (at + length > chunk.length) break;
      if (chunk[at + length - 1] !== 0)
        throw this.#fail('corrupt-structure', this.#offset + at, 'a document does not end in a zero byte');
      at += length;
      count += 1;
    }
    this.#run(chunk, from, at, count);
    if (at === chunk.length) return at;
    this.#item.begin(this.#offset + at);
    return this.#fillDocument(chunk, at);
  }

  /** A document (or terminator) whose bytes come in several pieces. */
  #fillDocument(chunk: Buffer, from: number): number {
    const item = this.#item;
    const at = item.fill(chunk, from, 4);
    if (item.filled < 4) return at;
    const length = item.length();
    if (length === terminatorLength) {
      item.clear();
      this.#terminator(at);
      return at;
    }
    this.#checkLength(length, item.start);
    if (this.#handler.documents === undefined && item.filled === 4) {
      this.#namespace?.crc.update(item.bytes(), 0, 4);
      this.#count(1, length);
      this.#skip = length - 4;
      return at;
    }
    const next = item.fill(chunk, at, length);
    if (item.filled < length) return next;
    const document = item.take();
    if (document[length - 1] !== 0)
      throw this.#fail('corrupt-structure', item.start, 'a document does not end in a zero byte');
    this.#run(document, 0, length, 1);
    return next;
  }

  #skipOn(chunk: Buffer, from: number): number {
    const at = Math.min(from + this.#skip, chunk.length);
    this.#skip -= at - from;
    this.#namespace?.crc.update(chunk, from, at);
    if (this.#skip > 0) return at;
    if (chunk[at - 1] !== 0)
      throw this.#fail('corrupt-structure', this.#item.start, 'a document does not end in a zero byte');
    this.#item.clear();
    return at;
  }

  #checkLength(length: number, start: number): void {
    if (this.#blockIsEnd)
      throw this.#fail('corrupt-structure', start, `the end block of ${this.#namespace?.name ?? ''} holds documents`);
    if (length < smallest || length > largest)
      throw this.#fail('corrupt-structure', start, `a document cannot have ${length} bytes`);
  }

  #run(bytes: Buffer, from: number, to: number, count: number): void {
    const namespace = this.#namespace;
    if (count === 0 || namespace === undefined) return;
    namespace.crc.update(bytes, from, to);
    this.#count(count, to - from);
    this.#handler.documents?.(namespace, bytes.subarray(from, to), count);
  }

  #count(documents: number, bytes: number): void {
    this.#documents += documents;
    if (this.#namespace === undefined) return;
    this.#namespace.documents += documents;
    this.#namespace.bsonBytes += bytes;
  }

  #terminator(at = 0): void {
    if (this.#state === 'collections') {
      this.#namespaces.declare(this.#collections, 0);
      this.#state = 'block';
      if (this.#header !== undefined) this.#handler.prelude?.({ ...this.#header, collections: this.#collections });
      return;
    }
    const namespace = this.#namespace;
    if (this.#state !== 'documents' || namespace === undefined) {
      throw this.#fail('corrupt-structure', this.#item.start, 'a terminator stands where an item should begin');
    }
    this.#state = 'block';
    if (this.#blockIsEnd) {
      this.#namespaces.end(namespace);
      this.#handler.namespaceEnd?.(namespace);
    } else if (this.#options.recordBlocks === true) {
      this.#blocks.push([namespace.index, this.#blockStart, this.#offset + at - this.#blockStart]);
    }
    this.#namespace = undefined;
  }

  /** After the whole archive anything that is no complete valid block is trailing data. */
  #fail(verdict: Verdict, offset: number, what: string): AppError {
    const whole = this.#header !== undefined && this.#state !== 'collections' && this.#namespaces.allEnded;
    return archiveError(whole ? 'trailing-data' : verdict, offset, what);
  }
}

export type { ArchivePrelude };
