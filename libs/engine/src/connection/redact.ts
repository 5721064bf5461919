/**
 * A text without the user and password of any MongoDB URI in it. Everything up to the last `@` of the word goes: a password that was not
 * percent-encoded may hold any character.
 */
export function redact(text: string): string {
  return text.replaceAll(/(mongodb(?:\+srv)?:\/\/)\S*@/gi, '$1[redacted]@');
}
