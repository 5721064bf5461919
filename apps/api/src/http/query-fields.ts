import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsDate, IsIn, IsInt, Max, Min } from 'class-validator';
import { dayOrTime } from './day-or-time.js';
import { MayBeAbsent } from './may-be-absent.js';
import { Instant, WholeNumber } from './query-values.js';
import { stacked } from './stacked.js';

// Fields that lists have in common: what is checked, and the same bounds in the OpenAPI document.

const wrongTime = { message: '$property must be a day (2026-11-23) or a time with its zone (2026-11-23T02:00:00Z)' };

interface NumberBounds {
  readonly maximum: number;
  readonly default?: number;
  readonly description?: string;
}

/** A whole number from 1. */
export const NumberField = (bounds: NumberBounds): PropertyDecorator =>
  stacked(
    ApiPropertyOptional({ type: 'integer', minimum: 1, ...bounds }),
    MayBeAbsent(),
    WholeNumber(),
    IsInt(),
    Min(1),
    Max(bounds.maximum),
  );

export const mostPages = 1_000_000;

export const PageField = (): PropertyDecorator => NumberField({ maximum: mostPages, default: 1 });

/** How many on a page. */
export const LimitField = (bounds = { maximum: 100, default: 20 }): PropertyDecorator => NumberField(bounds);

/** One end of a span of time: a day counts from its first instant, or to its last. */
export const TimeField = (
  edge: 'start' | 'end',
  texts: { readonly description: string; readonly example: string },
): PropertyDecorator =>
  stacked(
    ApiPropertyOptional({ type: String, pattern: dayOrTime, ...texts }),
    MayBeAbsent(),
    Instant(edge),
    IsDate(wrongTime),
  );

export const SortOrderField = (description?: string): PropertyDecorator =>
  stacked(
    ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc', ...(description !== undefined && { description }) }),
    MayBeAbsent(),
    IsIn(['asc', 'desc']),
  );
