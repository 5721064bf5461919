/** The names of the secrets that stand in a text: as they are, percent-encoded, in hex, or in base64 at any offset. */
export function findSecrets(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // The characters of base64 that depend on nothing but the secret, for each of the three ways that it may lie in a longer text.
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(offset === 0 ? 0 : offset + 1, encoded.length - 4);
  });
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...base64, ...base64.map(urlSafe)];
}

function urlSafe(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_');
}
