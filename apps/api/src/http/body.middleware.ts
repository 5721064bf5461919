import express, { type RequestHandler } from 'express';
import { AppError } from '#contracts';

export const mostBodyBytes = 64 * 1024;

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
  ];
}
