import { ValidateIf } from 'class-validator';

/** A field that may be left out, and is checked whenever it is given: `null` is a wrong value here, not a missing one, as it would be under `IsOptional`. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);
