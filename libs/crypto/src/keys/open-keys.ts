import { Secret } from '#contracts';
import { lazyServices } from '../providers/lazy-services.js';
import type { KeyServices } from '../providers/key-services.js';
import type { GivenKey, GivenKeys } from './given-keys.js';
import { keyRingOf } from './key-ring-of.js';
import type { KeyRing } from './key-ring.js';

export interface OpenedKeys {
  /** The keys with their texts, wherever these are kept. */
  readonly given: GivenKeys;
  readonly ring: KeyRing;
}

type ReadSecret = (name: string, variable: string) => Promise<Secret>;

const secretPrefix = 'aws-secret:';

/**
 * The ring of an operator's keys, from wherever they are kept: a variable or a file (read by the configuration), AWS Secrets Manager (`aws-secret:` and a
 * name; fetched now), or AWS KMS (`aws-kms:` and an ARN; asked whenever a data key is wrapped or unwrapped). Called again it reads everything anew. Throws
 * `keys/refused`, `keys/secret-…`, and `run/cancelled` when `signal` ends it.
 */
export async function openKeys(
  given: GivenKeys,
  warn: (warning: string) => void,
  services: KeyServices = lazyServices(given.aws ?? {}),
  signal?: AbortSignal,
): Promise<OpenedKeys> {
  const read: ReadSecret = (name, variable) => services.secrets.read(name, variable, signal);
  const [current, retired, recipients] = await Promise.all([
    given.current === undefined ? [] : textsOf(given.current, read),
    allTextsOf(given.retired, read),
    allTextsOf(given.recipients ?? [], read),
  ]);
  const texts: GivenKeys = { ...given, current: current[0], retired: [...current.slice(1), ...retired], recipients };
  return { given: texts, ring: keyRingOf(texts, warn, services.kms) };
}

async function allTextsOf(keys: readonly GivenKey[], read: ReadSecret): Promise<GivenKey[]> {
  return (await Promise.all(keys.map((key) => textsOf(key, read)))).flat();
}

/** One key a line, and empty lines are none, as in a file; of a current key the further lines are its forerunners, which open and no longer seal. */
async function textsOf(key: GivenKey, read: ReadSecret): Promise<GivenKey[]> {
  const { variable, text } = key;
  const value = text.reveal();
  if (!value.startsWith(secretPrefix)) return [key];
  const kept = await read(value.slice(secretPrefix.length), variable);
  const lines = kept.reveal().split(/\r?\n/);
  const filled = lines.flatMap((line, at) => (line === '' ? [] : [{ line, at }]));
  // Of nothing but line breaks the first line is the key that is refused.
  return (filled.length === 0 ? [{ line: '', at: 0 }] : filled).map(({ line, at }, _, all) => ({
    variable: `${variable} (AWS Secrets Manager${all.length > 1 ? `, line ${at + 1}` : ''})`,
    text: new Secret(line),
  }));
}
