import { messageOf, systemCode } from '#contracts';

/** A set of keys is some kilobytes. */
const mostBytes = 256 * 1024;

/** The JSON at a URL; one attempt, within its time from the first byte to the last, no redirects (they lead where nobody configured). */
export async function fetchKeySet(url: string, withinMs: number): Promise<unknown> {
  const signal = AbortSignal.timeout(withinMs);
  try {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
    if (response.status === 200) return JSON.parse(await readText(response)) as unknown;
    await response.body?.cancel();
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${withinMs / 1000} s`, { cause: error });
    throw new Error(reasonOf(error), { cause: error });
  }
  throw new Error('the answer is not 200');
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error(`the answer has more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch` says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  return systemCode(cause) ?? messageOf(cause ?? error);
}
