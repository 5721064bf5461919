/**
 * The last net under every line that is written, and under what others' programs say: what has the form of a secret never leaves, wherever it came from. Libraries quote
 * URIs in their errors, clients put tokens into places where they do not belong. Lines are JSON already: an escape is taken whole, or half
 * of an escaped quotation mark would end the text around it.
 */
const rules: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host, of databases, queues, mail servers and anything else
  [/([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s"'/@\\]+(?::[^\s"'/@\\]*)?@/gi, '$1[redacted]@'],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  // JSON Web Tokens
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[redacted]'],
  // Tickets and the signatures of presigned URLs
  [/\b(ticket|X-Amz-(?:Signature|Credential|Security-Token))=(?:\\.|[^&\s"'\\])+/gi, '$1=[redacted]'],
  // Keys in their own form (spec/container.md)
  [
    /\b(?:hex:[0-9a-f]{64}|base64:[A-Za-z0-9+/]{43}=|x25519-private:[A-Za-z0-9+/=_-]{40,}|pass:(?:\\.|[^\s"'\\]){12,})/gi,
    '[redacted]',
  ],
  [/\bscrypt\$\d+\$\d+\$\d+\$(?:\\.|[^\s"'\\])+/g, '[redacted]'],
];

export function scrub(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of rules) clean = clean.replace(pattern, replacement);
  return clean;
}
