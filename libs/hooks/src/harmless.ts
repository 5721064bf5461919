import { scrub, type Secret } from '#contracts';

/** Of what a hook said so much is told. */
const mostCharacters = 500;
/** Shorter ones stand in every text. */
const leastSecret = 4;

/** The end of what a program or a server said, on one line: without control characters, without secrets of a known form, and without those that it was given. */
export function harmless(text: string, given: readonly Secret[]): string {
  const hidden = given.map((secret) => secret.reveal()).filter((secret) => secret.length >= leastSecret);
  // The longest first: one may be a part of another.
  hidden.sort((a, b) => b.length - a.length);
  let clean = text;
  for (const secret of hidden) clean = clean.replaceAll(secret, '[redacted]');
  const oneLine = scrub(clean.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')).trim();
  return oneLine.length > mostCharacters ? `…${oneLine.slice(1 - mostCharacters)}` : oneLine;
}
