import { Injectable, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { AppError } from '#contracts';
import type { FieldError } from '../errors/problem.js';

/** Whitelist in: what a DTO does not name is refused, in bodies and queries alike (spec/api.md). */
@Injectable()
export class RequestPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => invalid(flatten(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && metadata.metatype !== undefined) {
      // No body at all is an empty one. An array would be checked item by item, and an empty array be an object without any field.
      const given = value ?? {};
      if (!isPlainObject(given)) throw invalid([{ field: '', message: 'the body must be a JSON object' }]);
      refuseNamesOfPrototypes(given);
      return super.transform(given, metadata);
    }
    if (metadata.type === 'query' && isPlainObject(value)) refuseNamesOfPrototypes(value);
    return super.transform(value, metadata);
  }
}

/** What class-validator says of a field, and of those inside of it. */
type Refusal = Pick<ValidationError, 'property' | 'constraints' | 'children'>;

export function invalid(errors: readonly FieldError[]): AppError {
  const names = errors.map(({ field }) => field).filter((field) => field !== '');
  return new AppError({
    code: 'request/invalid',
    stage: 'request',
    message: names.length === 0 ? 'The request is not valid' : `Not valid: ${[...new Set(names)].join(', ')}`,
    hint: '/docs shows what each route takes',
    details: { errors },
  });
}

function flatten(errors: readonly Refusal[], path = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field = path + error.property.slice(0, 100);
    const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message: message.slice(0, 300) }));
    return [...own, ...flatten(error.children ?? [], `${field}.`)];
  });
}

/** The libraries drop these in silence, or take them for known: each looks them up in an object of its own, which has them. Every other unknown field is told by them. */
function refuseNamesOfPrototypes(given: object): void {
  const names = Object.keys(given).filter((name) => name in Object.prototype || name === 'prototype');
  if (names.length > 0) throw invalid(names.map((field) => ({ field, message: `property ${field} should not exist` })));
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
