/** A text without the user and password of any MongoDB URI in it. */
export function redact(text: string): string {
  return text.replaceAll(/(mongodb(?:\+srv)?:\/\/)[^\s"'@/]*(?:@[^\s"'@/]*)*@/gi, '$1[redacted]@');
}
