import type { AppError } from '#contracts';
import type { KeyWrapper } from '../providers/key-services.js';
import { scryptKey } from '../derive.js';
import { misplaced, type GivenKey, type GivenKeys } from './given-keys.js';
import { KeyRing } from './key-ring.js';
import type { OperatorKey } from './operator-key.js';
import { parseKey } from './parse-key.js';
import { recipientIdOf } from './x25519-key.js';

/** A header has room for so many slots. */
const mostKeys = 8;

/**
 * The ring of an operator's keys. A retired public key is one that backups are no longer sealed for: a rotation takes its slots away.
 * `warn` is told what is doubtful about their form. A passphrase of several lines only opens (`unfitToSeal` says why). A key of a wrong form, or in a wrong place, is `keys/refused`. `kms` is
 * asked for keys in AWS KMS.
 */
export function keyRingOf(given: GivenKeys, warn: (warning: string) => void, kms?: KeyWrapper): KeyRing {
  const parse = ({ variable, text }: GivenKey): OperatorKey => {
    const { key, warnings } = parseKey(text, variable);
    for (const warning of warnings) warn(warning);
    return key;
  };
  const opening = (one: GivenKey): OperatorKey => {
    const key = parse(one);
    if (key.opens) return key;
    throw misplaced(
      one.variable,
      'holds a public key, which opens nothing',
      'Public keys belong into BACKUP_RECIPIENTS; the private half is what opens',
    );
  };
  const own = given.current === undefined ? [] : [opening(given.current)];
  const current = own.filter(({ seals }) => seals);
  const onlyOpening = own.filter(({ seals }) => !seals);
  const unfitToSeal =
    given.current === undefined || onlyOpening.length === 0 ? undefined : severalLines(given.current.variable);
  if (unfitToSeal !== undefined) warn(unfitToSeal.message);
  for (const one of given.recipients ?? []) {
    const key = parse(one);
    // A key in AWS KMS is no secret of ours either: who may use it is decided there.
    if (key.opens && key.kind !== 'aws-kms')
      throw misplaced(
        one.variable,
        'holds a secret key that opens, and neither a public one nor one in AWS KMS',
        'A public key begins with x25519-public: (hazina keys generate --recipient makes a pair), one in AWS KMS with aws-kms:',
      );
    // The holder's own, or one that stands there twice, needs no second slot.
    if (!current.some((other) => isSameKey(other, key))) current.push(key);
  }
  if (current.length > mostKeys)
    throw misplaced(
      'BACKUP_RECIPIENTS',
      `and BACKUP_ENCRYPTION_KEY name ${current.length} keys: a file has room for ${mostKeys}`,
      'Name fewer recipients',
    );
  const retired = [...onlyOpening, ...given.retired.map(parse)];
  return new KeyRing({ current, retired, unfitToSeal }, scryptKey, kms);
}

function severalLines(variable: string): AppError {
  return misplaced(
    variable,
    'is a passphrase with line breaks or other control characters inside: it opens what was sealed with it, and seals nothing new',
    'If these are several keys, one stays here and the others go into BACKUP_ENCRYPTION_KEYS_RETIRED, one a line. If backups were sealed with it as it is, it goes there as a JSON string ("first line\\nsecond line") beside a new key here (hazina keys generate), and hazina keys rotate brings them to that',
  );
}

function isSameKey(a: OperatorKey, b: OperatorKey): boolean {
  const [one, other] = [a.material(), b.material()];
  if (one.kind === 'aws-kms' && other.kind === 'aws-kms') return one.keyArn === other.keyArn;
  return 'publicKey' in one && 'publicKey' in other && recipientIdOf(one.publicKey) === recipientIdOf(other.publicKey);
}
