import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { idempotencyHeader, IdempotencyInterceptor } from './idempotency.interceptor.js';

/** A route that makes something, and makes it once for each `Idempotency-Key`. */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: idempotencyHeader,
      required: false,
      description:
        'Any text of the client (a UUID, say): for 24 hours the same request with it is answered the same (with Idempotent-Replayed: true) and makes nothing new. 422 for another request with it, 409 while the first is under way. A request that failed may be tried again.',
      schema: { type: 'string', pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]{0,253}[\\x21-\\x7e])?$' },
      example: '5f0c9a1e-2b7d-4c38-96a1-b2c3d4e5f607',
    }),
  );
