import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import {
  DestinationRefused,
  guardedLookup,
  hostOf,
  isForbiddenHost,
  signatureOf,
  systemCode,
  type ResolveHost,
} from '#contracts';
import { harmless } from '../harmless.js';
import type { Hook, HookDeps, HookInput, Verdict } from '../hook.js';
import { judgeAnswer, mostAnswerBytes } from '../judge-answer.js';
import { secretsInUrl } from '../secrets-in.js';

type Call = Extract<Hook['does'], { readonly kind: 'http' }>;

/** So much of an answer that is no yes is told of. */
const toldBytes = 16 * 1024;
const late: Verdict = { kind: 'failed', reason: 'no answer in time', again: true };
/** They say nothing of the backup: too slow, too early, too often. */
const passing = new Set([408, 425, 429]);

/** Posts to a server: 2xx is a yes (unless its body is a veto), 4xx a no. No redirect is followed, and what was resolved and checked is what is connected to. */
export async function askServer(
  { url: secretUrl, secret }: Call,
  input: HookInput,
  { clock, signal, resolve }: Pick<HookDeps, 'clock' | 'signal'> & { readonly resolve?: ResolveHost },
  limit: AbortSignal,
): Promise<Verdict> {
  const url = URL.parse(secretUrl.reveal());
  if (url === null || isForbiddenHost(hostOf(url))) return never('its URL leads to no address that may be called');
  const body = JSON.stringify(input);
  const given = [secretUrl, ...secretsInUrl(url), ...(secret === null ? [] : [secret])];
  try {
    const reply = await new Promise<IncomingMessage>((answered, failed) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
          'User-Agent': 'Hazina',
          'X-Hazina-Event': input.event,
          ...(secret === null ? {} : { 'X-Hazina-Signature': signatureOf(body, clock.now(), secret) }),
        },
        signal: AbortSignal.any([signal, limit]),
        // A connection of its own: no proxy of an agent, no kept socket to an address that was never checked.
        agent: false,
        lookup: guardedLookup({ loopback: 'if-written' }, resolve),
      });
      request.once('response', answered).once('error', failed).end(body);
    });
    const text = await textOf(reply);
    if (limit.aborted) return late;
    const clean = (said: string): string => harmless(said, given);
    const status = reply.statusCode ?? 0;
    if (status < 200 || status >= 300) return refusalOf(status, clean(text.slice(0, toldBytes)));
    const isWhole = reply.complete && reply.readableEnded;
    return judgeAnswer({ text: isWhole ? text : null, byLine: false }, input, clean);
  } catch (error) {
    if (limit.aborted) return late;
    if (error instanceof DestinationRefused) return never(error.message);
    return { kind: 'failed', reason: `not reached (${systemCode(error) ?? 'no code'})`, again: true };
  }
}

function refusalOf(status: number, said: string): Verdict {
  const words = `it answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status >= 400 && status < 500 && !passing.has(status)) return { kind: 'no', reason: words };
  if (status >= 300 && status < 400) return never(`it redirects (${status}), which is not followed`);
  return { kind: 'failed', reason: words, again: true };
}

function never(reason: string): Verdict {
  return { kind: 'failed', reason, again: false };
}

/** So much of a reply as is read. One that breaks off has told its status. */
async function textOf(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  await new Promise<void>((resolve) => {
    reply.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > mostAnswerBytes) reply.destroy();
    });
    reply.once('error', () => undefined).once('close', resolve);
  });
  return Buffer.concat(chunks).toString('utf8');
}
