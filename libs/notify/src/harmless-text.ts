/** A text for people, on one line: without control characters, and without the credentials of any URL in it. */
export function harmlessLine(text: string, maxLength = 1_000): string {
  const oneLine = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const safe = oneLine.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, '$1[redacted]@');
  return safe.length > maxLength ? `${safe.slice(0, maxLength - 1)}…` : safe;
}
