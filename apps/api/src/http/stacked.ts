import { applyDecorators } from '@nestjs/common';

/** As if they stood above one another: the last one is applied first, and messages keep their order. */
export function stacked(...decorators: readonly PropertyDecorator[]): PropertyDecorator {
  return applyDecorators(...[...decorators].reverse());
}
