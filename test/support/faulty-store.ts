import { Readable } from 'node:stream';
import { AppError } from '#contracts';
import {
  DelegatingStore,
  type ByteRange,
  type ObjectEntry,
  type ObjectHead,
  type OpenUpload,
  type PutBytesOptions,
  type PutOptions,
  type PutResult,
} from '#storage';
import type { Gate } from './gate.js';

export type FaultyMethod =
  'put' | 'putBytes' | 'head' | 'get' | 'getBytes' | 'list' | 'listFolders' | 'delete' | 'listUploads' | 'abortUpload';

/** What goes wrong with a call. */
export type StoreFault =
  /** It fails, and nothing was done. */
  | { readonly kind: 'fail'; readonly error?: Error }
  /** It is done, and its reply is lost. */
  | { readonly kind: 'lose-reply'; readonly error?: Error }
  /** It waits at the gate; an abort of its signal ends the wait. A gate that nobody opens is a call that hangs. */
  | { readonly kind: 'wait'; readonly gate: Gate }
  /** A stream that is read or written breaks after so many bytes; without an error it ends as if all were well. */
  | { readonly kind: 'cut'; readonly after: number; readonly error?: Error }
  /** The reply is changed: another size, another version, other bytes. */
  | {
      readonly kind: 'lie';
      readonly size?: number;
      readonly etag?: string;
      readonly bytes?: (bytes: Buffer) => Buffer;
    };

export interface FaultRule {
  /** Default: any key. */
  readonly key?: RegExp;
  /** Matching calls that pass before the fault begins. Default 0. */
  readonly skip?: number;
  /** Calls that it strikes. Default: every one. */
  readonly times?: number;
}

interface Rule extends FaultRule {
  readonly method: FaultyMethod;
  readonly fault: StoreFault;
  seen: number;
  struck: number;
}

/** What a rule has done so far. */
export interface RuleReport {
  readonly struck: number;
  /** Takes the rule away. */
  end(): void;
}

export const storeBroke = new AppError({
  code: 'store/unreachable',
  stage: 'store',
  retry: 'retry',
  message: 'the store failed as told',
  hint: 'none',
});

/** A store that fails on command: rules by method and key, each for as many calls as the test says. The first rule that fits a call strikes it. */
export class FaultyStore extends DelegatingStore {
  readonly #rules: Rule[] = [];
  /** Every call that reached this store, in order: `put a/b`. */
  readonly calls: string[] = [];

  on(method: FaultyMethod, fault: StoreFault, options: FaultRule = {}): RuleReport {
    const rule: Rule = { ...options, method, fault, seen: 0, struck: 0 };
    this.#rules.push(rule);
    return {
      get struck() {
        return rule.struck;
      },
      end: () => void this.#rules.splice(this.#rules.indexOf(rule), 1),
    };
  }

  override put(key: string, body: Readable, options: PutOptions): Promise<PutResult> {
    const fault = this.#strike('put', key);
    const source = fault?.kind === 'cut' ? cut(body, fault) : body;
    return around(fault, options.signal, () => this.inner.put(key, source, options), lieOfPut).catch(
      (error: unknown) => {
        // The contract of a put: whatever fails, its source is let go.
        body.destroy();
        throw error;
      },
    );
  }

  override putBytes(key: string, bytes: Uint8Array, options: PutBytesOptions = {}): Promise<PutResult> {
    const fault = this.#strike('putBytes', key);
    return around(fault, options.signal, () => this.inner.putBytes(key, bytes, options), lieOfPut);
  }

  override head(key: string, signal?: AbortSignal): Promise<ObjectHead | null> {
    return around(
      this.#strike('head', key),
      signal,
      () => this.inner.head(key, signal),
      (head, { size, etag }) =>
        head === null ? null : { ...head, bytes: size ?? head.bytes, etag: etag ?? head.etag },
    );
  }

  override async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    const fault = this.#strike('get', key);
    const body = await around(
      fault,
      signal,
      () => this.inner.get(key, range, signal),
      (stream, { bytes }) => (bytes === undefined ? stream : changed(stream, bytes)),
    );
    return fault?.kind === 'cut' ? cut(body, fault) : body;
  }

  override getBytes(key: string, maxBytes: number, signal?: AbortSignal): Promise<{ bytes: Buffer; etag: string }> {
    const fault = this.#strike('getBytes', key);
    return around(
      fault,
      signal,
      () => this.inner.getBytes(key, maxBytes, signal),
      (found, { bytes, etag }) => ({
        bytes: bytes?.(found.bytes) ?? found.bytes,
        etag: etag ?? found.etag,
      }),
    );
  }

  override list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectEntry> {
    return listing(this.#strike('list', prefix), signal, this.inner.list(prefix, signal));
  }

  override listFolders(prefix: string, signal?: AbortSignal): AsyncIterable<string> {
    return listing(this.#strike('listFolders', prefix), signal, this.inner.listFolders(prefix, signal));
  }

  override listUploads(prefix: string, signal?: AbortSignal): AsyncIterable<OpenUpload> {
    return listing(this.#strike('listUploads', prefix), signal, this.inner.listUploads(prefix, signal));
  }

  override delete(key: string, signal?: AbortSignal): Promise<void> {
    return around(this.#strike('delete', key), signal, () => this.inner.delete(key, signal));
  }

  override abortUpload(upload: OpenUpload, signal?: AbortSignal): Promise<void> {
    return around(this.#strike('abortUpload', upload.key), signal, () => this.inner.abortUpload(upload, signal));
  }

  #strike(method: FaultyMethod, key: string): StoreFault | undefined {
    this.calls.push(`${method} ${key}`);
    for (const rule of this.#rules) {
      if (rule.method !== method || rule.key?.test(key) === false) continue;
      rule.seen += 1;
      if (rule.seen <= (rule.skip ?? 0) || rule.struck >= (rule.times ?? Infinity)) continue;
      rule.struck += 1;
      return rule.fault;
    }
    return undefined;
  }
}

type Lie = StoreFault & { kind: 'lie' };

async function around<T>(
  fault: StoreFault | undefined,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
  lie: (result: T, told: Lie) => T = (result) => result,
): Promise<T> {
  if (fault?.kind === 'fail') throw fault.error ?? storeBroke;
  if (fault?.kind === 'wait') await fault.gate.pass(signal);
  const result = await call();
  if (fault?.kind === 'lose-reply') throw fault.error ?? storeBroke;
  return fault?.kind === 'lie' ? lie(result, fault) : result;
}

/** A listing that fails does so after its first entry: half of it has been given. */
async function* listing<T>(
  fault: StoreFault | undefined,
  signal: AbortSignal | undefined,
  entries: AsyncIterable<T>,
): AsyncGenerator<T> {
  if (fault?.kind === 'wait') await fault.gate.pass(signal);
  let given = 0;
  for await (const entry of entries) {
    if (fault?.kind === 'cut' && given >= fault.after) {
      if (fault.error === undefined) return;
      throw fault.error;
    }
    yield entry;
    given += 1;
    if (fault?.kind === 'fail') throw fault.error ?? storeBroke;
  }
  if (fault?.kind === 'fail') throw fault.error ?? storeBroke;
}

function lieOfPut(result: PutResult, { size, etag }: Lie): PutResult {
  return { bytes: size ?? result.bytes, etag: etag ?? result.etag };
}

function cut(body: Readable, { after, error }: { readonly after: number; readonly error?: Error }): Readable {
  const pieces = async function* (): AsyncGenerator<Buffer> {
    let room = after;
    for await (const chunk of body) {
      const piece = (chunk as Buffer).subarray(0, room);
      room -= piece.length;
      if (piece.length > 0) yield piece;
      if (room > 0) continue;
      if (error !== undefined) throw error;
      return;
    }
  };
  return Readable.from(pieces(), { objectMode: false });
}

function changed(body: Readable, change: (bytes: Buffer) => Buffer): Readable {
  const whole = async function* (): AsyncGenerator<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    yield change(Buffer.concat(chunks));
  };
  return Readable.from(whole(), { objectMode: false });
}
