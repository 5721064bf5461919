import express, { type RequestHandler } from 'express';
import { AppError } from '#contracts';

export const mostBodyBytes = 64 * 1024;
/** No body of ours has more than two; what walks through a deep one, level by level on the stack, must not meet thousands. */
const mostLevels = 16;

/** JSON up to 64 KiB. A body of another type is refused instead of overlooked: the sender meant something by it. */
export function body(): RequestHandler[] {
  return [
    (request, _response, next) => {
      const hasBody =
        request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
      if (!hasBody || request.is('application/json') !== false) {
        next();
        return;
      }
      throw new AppError({
        code: 'request/invalid',
        stage: 'request',
        message: 'The body is not application/json',
        hint: 'Send Content-Type: application/json',
      });
    },
    express.json({ limit: mostBodyBytes, strict: true, type: 'application/json' }),
    (request, _response, next) => {
      if (isDeeper(request.body, mostLevels))
        throw new AppError({ code: 'request/invalid', stage: 'request', message: 'The body is nested too deeply' });
      next();
    },
  ];
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
