import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { AppError, type Clock } from '#contracts';
import type { Identity } from './identity.js';

export const freshTokenKey = 'hazina:fresh-token';
/** Sensitive acts ask for a token that was made so lately: whoever found an old one cannot do harm for good. */
export const freshTokenSeconds = 900;

export const FreshToken = (): MethodDecorator =>
  applyDecorators(SetMetadata(freshTokenKey, true), ApiExtension('x-token-age-seconds', freshTokenSeconds));

/** Throws `token/too-old`. */
export function checkFresh({ issuedAt }: Identity, clock: Clock): void {
  const age = (clock.now().getTime() - issuedAt.getTime()) / 1000;
  if (age <= freshTokenSeconds) return;
  throw new AppError({
    code: 'token/too-old',
    stage: 'request',
    message: `This needs a token that is younger than ${freshTokenSeconds / 60} minutes; this one is ${Math.floor(age / 60)} minutes old`,
    hint: 'Log in again, or make a new token (hazina token create), and send the request once more',
  });
}
