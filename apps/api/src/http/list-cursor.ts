import { hash } from 'node:crypto';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { Response } from 'express';
import { z } from 'zod';
import type { After } from '#catalog';
import { MayBeAbsent } from './may-be-absent.js';
import type { Plain } from './plain.js';
import { mostPages } from './query-fields.js';
import { stacked } from './stacked.js';
import { invalid } from './validation.pipe.js';

// Page numbers count from the beginning of a list that grows there: a record that is inserted moves all others. A cursor names the record that a page begins after.

const form = /^[A-Za-z0-9_-]{1,500}$/;
const written = z.strictObject({ list: z.string(), id: z.string().min(1).max(200), value: z.unknown() });
const time = z.iso.datetime().transform((text) => new Date(text));
/** What records are sorted by, where it is no time. */
const notTimes: Readonly<Record<string, z.ZodType<After['value']>>> = {
  size: z.int().nonnegative().nullable(),
  status: z.string().max(100),
};

/** `cursor` of a list. */
export const CursorField = (): PropertyDecorator =>
  stacked(
    ApiPropertyOptional({
      pattern: form.source,
      description:
        'From the `Link` of the page before (rel="next"), with the same filters and order: goes on behind its last record, whatever was added or removed meanwhile. `page` then only numbers the reply',
    }),
    MayBeAbsent(),
    Matches(form, { message: 'cursor must be one that a Link header held' }),
  );

/** What makes a list: its path, filters and order. The same cursor means nothing in another one. */
export type ListQuery = Readonly<Record<string, unknown>> & { readonly page: number; readonly limit: number };

/** A page, and the value of its `Link`. */
export interface Listed<T> {
  readonly page: Plain<T>;
  readonly next: string | null;
}

/** Sends a page with its `Link`. */
export function sendPage<T>({ page, next }: Listed<T>, response: Response): Plain<T> {
  if (next !== null) response.setHeader('Link', next);
  return page;
}

/** The record that the page begins after; undefined without a cursor. Throws `request/invalid` for one that is not of this list. */
export function readCursor(
  path: string,
  query: ListQuery & { readonly cursor?: string | undefined },
): After | undefined {
  if (query.cursor === undefined) return undefined;
  const place = parse(query.cursor);
  const value = (notTimes[String(query['sortBy'])] ?? time.nullable()).safeParse(place?.value);
  if (place?.list !== nameOf(path, query) || !value.success)
    throw invalid([{ field: 'cursor', message: 'cursor must come from a list with the same filters and order' }]);
  return { id: place.id, value: value.data };
}

interface Found<R> {
  readonly data: readonly R[];
  readonly total: number;
}

/** What of a list was found, as it is sent: each record as it is shown, and the `Link` behind its last one (RFC 8288), when the page is full. */
export function listed<R, D>(
  path: string,
  query: ListQuery,
  { data, total }: Found<R>,
  show: (record: R) => D,
  placeOf: (record: R) => After,
) {
  const { page, limit } = query;
  const last = data.length < limit ? undefined : data.at(-1);
  return {
    page: { data: data.map(show), pagination: { page, limit, total, totalPages: Math.ceil(total / limit) } },
    next: last === undefined ? null : nextLink(path, query, placeOf(last)),
  };
}

function nextLink(path: string, query: ListQuery, { id, value }: After): string {
  const cursor = Buffer.from(JSON.stringify({ list: nameOf(path, query), id, value })).toString('base64url');
  const page = Math.min(query.page + 1, mostPages);
  const next = new URLSearchParams(entriesOf({ ...query, page, cursor }));
  return `<${path}?${next.toString()}>; rel="next"`;
}

function parse(cursor: string): z.output<typeof written> | undefined {
  try {
    return written.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

function nameOf(path: string, { page: _page, limit: _limit, cursor: _cursor, ...list }: ListQuery): string {
  return hash('sha256', JSON.stringify([path.replace(/^.*\/api\//, ''), entriesOf(list).sort()])).slice(0, 16);
}

function entriesOf(query: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(query).flatMap(([name, value]) => {
    if (value instanceof Date) return [[name, value.toISOString()]];
    return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [];
  });
}
