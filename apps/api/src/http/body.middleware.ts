import type { Request, RequestHandler } from 'express';
import { AppError } from '#contracts';

export const mostBodyBytes = 64 * 1024;
/** No body of ours has more than two; what walks through a deep one, level by level on the stack, must not meet thousands. */
const mostLevels = 16;
const sendJson =
  'Send an object or a list as JSON in UTF-8; the OpenAPI document (/docs-json) has an example for each route';

/**
 * JSON in UTF-8 up to 64 KiB, not compressed. A body of another type is refused instead of overlooked: the sender meant something by it. One that is too large is
 * refused at its first byte beyond, or by its length before the first: who sends it gets the answer without having to send the rest.
 */
export function body(): RequestHandler {
  return (request, _response, next) => {
    const length = Number(request.headers['content-length'] ?? 0);
    if (request.headers['transfer-encoding'] === undefined && length === 0) {
      next();
      return;
    }
    checkForm(request);
    if (length > mostBodyBytes) throw tooLarge();
    readBody(request)
      .then((bytes) => {
        request.body = parse(bytes);
        next();
      }, next)
      .catch(next);
  };
}

function checkForm(request: Request): void {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  const charset = /charset\s*=\s*"?([^\s;"]*)/i.exec(type)?.[1] ?? 'utf-8';
  if (request.is('application/json') === false || !/^utf-?8$/i.test(charset))
    throw malformed('The body is not application/json in UTF-8', 'Send Content-Type: application/json');
  if (encoding !== 'identity') throw malformed('The body is compressed', 'Send it as it is: it is small');
}

/** Stops at the first byte too many; what still comes is thrown away by Node after the reply. */
export function readBody(request: Request): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const settle = (how: () => void): void => {
      request.off('data', take).off('end', whole).off('close', broken).off('error', broken);
      how();
    };
    const take = (part: Buffer): void => {
      bytes += part.length;
      parts.push(part);
      if (bytes > mostBodyBytes) settle(() => reject(tooLarge()));
    };
    const whole = (): void => settle(() => resolve(Buffer.concat(parts)));
    const broken = (): void =>
      settle(() => reject(malformed('The body broke off', 'Send it again, whole: Content-Length told of more')));
    request.on('data', take).on('end', whole).on('close', broken).on('error', broken);
    // Errors after the reply are nobody's.
    request.on('error', () => undefined);
  });
}

function parse(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    // The parser's own words quote what was sent.
    throw malformed('The body is not JSON', sendJson);
  }
  // Of these two the forms of a request are made; `null` would be taken for no body.
  if (typeof value !== 'object' || value === null) throw malformed('The body is no JSON object', sendJson);
  if (isDeeper(value, mostLevels))
    throw malformed('The body is nested too deeply', `No body of this API has more than ${mostLevels} levels`);
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  let items = [value];
  for (let level = 0; level <= levels; level += 1) {
    items = items.flatMap((item) =>
      typeof item === 'object' && item !== null ? (Object.values(item) as unknown[]) : [],
    );
    if (items.length === 0) return false;
  }
  return true;
}

function malformed(message: string, hint: string): AppError {
  return new AppError({ code: 'request/invalid', stage: 'request', message, hint });
}

function tooLarge(): AppError {
  const message = `The body has more than the ${mostBodyBytes / 1024} KiB that are taken`;
  const hint = 'Send less: no body of this API is that large';
  return new AppError({ code: 'request/too-large', stage: 'request', message, hint });
}
