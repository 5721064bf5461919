/**
 * The names of the secrets that stand in a text, whole or by half: as they are, percent-encoded, in hex, as numbers, or in base64 at any offset; of a key also
 * its bytes, in the same forms. A text of bytes is given as latin1.
 */
export function findSecrets(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

/** Half of a shorter one may stand anywhere by chance. */
const shortestHalved = 32;

function formsOf(secret: string): string[] {
  const whole = [Buffer.from(secret), ...keyBytes(secret)];
  const parts = whole.flatMap((bytes) => {
    const half = Math.floor(bytes.length / 2);
    return secret.length < shortestHalved ? [bytes] : [bytes, bytes.subarray(0, half), bytes.subarray(half)];
  });
  return [encodeURIComponent(secret), ...parts.flatMap(formsOfBytes)];
}

/** A key of 32 bytes in hex or base64 is as much given away by its bytes. */
function keyBytes(secret: string): Buffer[] {
  if (/^[0-9a-f]{64}$/i.test(secret)) return [Buffer.from(secret, 'hex')];
  return /^[A-Za-z0-9+/_-]{43,}=*$/.test(secret) ? [Buffer.from(secret, 'base64').subarray(0, 32)] : [];
}

function formsOfBytes(bytes: Buffer): string[] {
  // The characters of base64 that depend on nothing but the secret, for each of the three ways that it may lie in a longer text.
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(offset === 0 ? 0 : offset + 1, encoded.length - 4);
  });
  const hex = bytes.toString('hex');
  // How JSON gives a Buffer.
  return [bytes.toString('latin1'), hex, hex.toUpperCase(), bytes.join(','), ...base64, ...base64.map(urlSafe)];
}

function urlSafe(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_');
}
