import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import {
  DestinationRefused,
  guardedLookup,
  hostOf,
  isForbiddenHost,
  messageOf,
  systemCode,
  type ResolveHost,
} from '#contracts';

/** A set of keys is some kilobytes. */
const mostBytes = 256 * 1024;

/**
 * The JSON at a URL; one attempt, within its time from the first byte to the last, no redirects (they lead where nobody configured), and never to where a cloud keeps
 * the credentials of a machine, whatever a name server says.
 */
export async function fetchKeySet(url: string, withinMs: number, resolve?: ResolveHost): Promise<unknown> {
  const signal = AbortSignal.timeout(withinMs);
  let response: IncomingMessage | undefined;
  try {
    response = await get(new URL(url), signal, resolve);
    if (response.statusCode === 200) return JSON.parse(await readText(response)) as unknown;
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${withinMs / 1000} s`, { cause: error });
    throw new Error(reasonOf(error), { cause: error });
  } finally {
    response?.destroy();
  }
  throw new Error('the answer is not 200');
}

function get(url: URL, signal: AbortSignal, resolve: ResolveHost | undefined): Promise<IncomingMessage> {
  if (isForbiddenHost(hostOf(url))) throw new DestinationRefused('forbidden');
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const lookup = guardedLookup({ loopback: 'anywhere' }, resolve);
  const headers = { accept: 'application/json', 'user-agent': 'Hazina' };
  return new Promise((done, reject) => {
    // A connection of its own: no kept socket to an address that was never checked.
    send(url, { signal, headers, lookup, agent: false }, done).once('error', reject).end();
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop ends the rest.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error(`the answer has more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  if (error instanceof DestinationRefused) return error.message;
  return systemCode(error) ?? messageOf(error);
}
