import { createHash } from 'node:crypto';
import { BSON, type Document } from 'mongodb';

interface Version {
  /** Null: it was not there. */
  readonly hash: string | null;
  readonly from: number;
  to: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

const shown = 5;

export function hashOf(document: Document): string {
  return createHash('sha256')
    .update(BSON.EJSON.stringify(document, { relaxed: false }))
    .digest('base64');
}

/**
 * Every version that every document of a source ever had, and when it may have stood there: from the moment in which its write was sent until the next write
 * was answered. A backup reads each document at some moment of its run (there is no snapshot), so it must hold one of the versions of that span.
 */
export class SourceHistory {
  readonly #documents = new Map<string, Version[]>();

  /** `key` names collection and document; null: it was removed. */
  wrote(key: string, document: Document | null, { from, to }: Span): void {
    const versions = this.#documents.get(key) ?? [{ hash: null, from: -Infinity, to: Infinity }];
    const last = versions.at(-1);
    if (last !== undefined) last.to = to;
    versions.push({ hash: document === null ? null : hashOf(document), from, to: Infinity });
    this.#documents.set(key, versions);
  }

  /** What a restore gave, by key, against what may have been read in that span; in words, none when it fits. */
  compare(found: ReadonlyMap<string, string>, span: Span): string[] {
    const wrong: string[] = [];
    for (const [key, versions] of this.#documents) {
      const hash = found.get(key) ?? null;
      if (versions.some((version) => version.hash === hash && version.from <= span.to && version.to >= span.from))
        continue;
      wrong.push(hash === null ? `${key} is missing` : `${key} is not as it was then`);
    }
    for (const key of found.keys()) if (!this.#documents.has(key)) wrong.push(`${key} was never there`);
    if (wrong.length <= shown) return wrong;
    return [...wrong.slice(0, shown), `and ${wrong.length - shown} more`];
  }
}
