import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { ApiConfig } from '#config';
import { parseJson, type Clock, type Random } from '#contracts';
import { API_CONFIG, CLOCK, RANDOM } from '../core/tokens.js';

const ticket = z.strictObject({
  backupId: z.string(),
  /** Key in the store, relative to its prefix. */
  key: z.string(),
  size: z.int().min(0),
  sha256: z.string(),
  fileName: z.string(),
  /** Seconds since 1970. */
  expires: z.int(),
});
export type Ticket = z.output<typeof ticket>;

const longestTicket = 2_000;
const what = {
  code: 'internal/unexpected',
  stage: 'request',
  what: 'a ticket of our own',
  hint: 'Ask for the download again',
} as const;

/**
 * Permissions to read one file for a few minutes: signed, so that they need no memory, and the file is served while the catalogue is
 * down. All replicas sign with the same key, which is derived from JWT_SECRET; where there is only a public key, each process has one of
 * its own (several replicas then need a store that gives URLs itself, or sticky sessions).
 */
@Injectable()
export class Tickets {
  readonly #key: Buffer;

  constructor(
    @Inject(API_CONFIG) config: ApiConfig,
    @Inject(RANDOM) random: Random,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const { key } = config.jwt;
    const secret = key.kind === 'secret' ? Buffer.from(key.secret.reveal()) : random.bytes(32);
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'hazina/download-ticket/1', 32));
  }

  sign(content: Ticket): string {
    const body = Buffer.from(JSON.stringify(content)).toString('base64url');
    return `${body}.${this.#mac(body)}`;
  }

  /** Null: forged, damaged or out of date. */
  open(text: string): Ticket | null {
    const [body = '', mac = '', ...rest] = text.length > longestTicket ? [] : text.split('.');
    // As texts: base64 in another spelling is another ticket.
    const given = Buffer.from(mac);
    const wanted = Buffer.from(this.#mac(body));
    if (rest.length > 0 || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
    const content = parseJson(ticket, Buffer.from(body, 'base64url'), what);
    return content.expires * 1000 > this.clock.now().getTime() ? content : null;
  }

  #mac(body: string): string {
    return createHmac('sha256', this.#key).update(body).digest('base64url');
  }
}
