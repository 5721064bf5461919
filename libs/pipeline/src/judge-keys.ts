import { AppError, doubtful, found, saysUnasked, skipped, wrong, type Finding } from '#contracts';
import type { NamedKey } from '#crypto';
import type { KeyProof } from './check-keys.js';

/** What the proofs of all kept backups come to. */
export interface KeyVerdict {
  readonly backups: number;
  readonly opened: number;
  /** Ids of those that our keys do not open, newest first. */
  readonly closed: readonly string[];
  /** Ids of those that are damaged, so that no key opens them; newest first. */
  readonly damaged: readonly string[];
  /** Ids of those for which AWS KMS could not be asked: they may open when it answers; newest first. */
  readonly unasked: readonly string[];
  /** Ids of those that were sealed for the holder of a private key that is not here, which is no fault; newest first. */
  readonly sealedAway: readonly string[];
  /** Number of backups that have a slot of a key, by its id. */
  readonly uses: Readonly<Record<string, number>>;
}

export function judgeKeys(proofs: readonly KeyProof[]): KeyVerdict {
  const away = proofs.filter(isSealedAway);
  const failed = proofs.filter((proof) => proof.error !== null && !isSealedAway(proof));
  const uses: Record<string, number> = {};
  for (const { keyIds } of proofs) for (const keyId of keyIds) uses[keyId] = (uses[keyId] ?? 0) + 1;
  const ids = (of: readonly KeyProof[]) => of.map(({ backupId }) => backupId);
  return {
    backups: proofs.length,
    opened: proofs.length - failed.length - away.length,
    closed: ids(failed.filter(isClosed)),
    damaged: ids(failed.filter((proof) => !isClosed(proof) && !isUnasked(proof))),
    unasked: ids(failed.filter(isUnasked)),
    sealedAway: ids(away),
    uses,
  };
}

function isSealedAway({ error }: KeyProof): boolean {
  return error?.code === 'keys/write-only';
}

/** What keeps this process from proving anything of some backups: they were sealed for others. Undefined: nothing does. */
export function unprovenOfKeys(proofs: readonly KeyProof[]): AppError | undefined {
  const away = proofs.filter(isSealedAway);
  const [first] = away;
  if (first?.error === undefined || first.error === null) return undefined;
  return new AppError({
    code: 'keys/write-only',
    stage: 'keys',
    message: `${away.length} of ${proofs.length} backups are sealed for recipients, and their private keys are not here: their papers agree, and nobody here can open them`,
    hint: 'Run it where the private key is; this process writes, and is not meant to read',
    cause: first.error,
  });
}

function isClosed({ error }: KeyProof): boolean {
  return error !== null && !saysUnasked(error.code) && /^(keys\/|container\/(no-key|wrong-key)$)/.test(error.code);
}

function isUnasked({ error }: KeyProof): boolean {
  return error !== null && saysUnasked(error.code);
}

/** The error that a look at all backups ends with: that of a key before that of a damage before that of a KMS that does not answer; undefined when every one opens. */
export function failureOfKeys(proofs: readonly KeyProof[]): AppError | undefined {
  const failed = proofs.filter((proof) => proof.error !== null && !isSealedAway(proof));
  const first = failed.find(isClosed) ?? failed.find((proof) => !isUnasked(proof)) ?? failed[0];
  if (first?.error === undefined || first.error === null) return undefined;
  if (proofs.length === 1) return first.error;
  const { closed, damaged, unasked } = judgeKeys(proofs);
  const parts = [
    ...(closed.length === 0 ? [] : [`${closed.length} of ${proofs.length} backups do not open with the keys at hand`]),
    ...(damaged.length === 0 ? [] : [`${damaged.length} of ${proofs.length} are damaged`]),
    ...(unasked.length === 0
      ? []
      : [`${unasked.length} of ${proofs.length} could not be looked at, for AWS KMS could not be asked`]),
  ];
  return new AppError({
    code: first.error.code,
    stage: first.error.stage,
    message: `${parts.join(', ')}; the newest is ${first.backupId}: ${first.error.message}`,
    retry: first.error.retry,
    hint:
      closed.length > 0
        ? 'Add the missing key to BACKUP_ENCRYPTION_KEYS_RETIRED: without it these backups cannot be restored, by anybody'
        : (first.error.hint ?? 'hazina verify ID names the damage'),
    cause: first.error,
  });
}

/** Where the proofs are from. */
export interface ProvenPlace {
  /** There is no place with copies that was not looked at: a retired key that none of these needs may be called needless. Default true. */
  readonly isEverywhere?: boolean;
  /** Undefined: the primary store. */
  readonly destination?: string;
}

/** Keys at hand, and whether they open what is kept. `total`: of kept backups. */
export function keyProofFindings(
  proofs: readonly KeyProof[],
  keys: readonly NamedKey[],
  total: number,
  { isEverywhere = true, destination }: ProvenPlace = {},
): readonly Finding[] {
  const name = proofFindingName(destination);
  const failure = failureOfKeys(proofs);
  if (failure !== undefined) return [wrong(name, failure)];
  if (total === 0) return [nothingToOpen(destination)];
  if (proofs.length < total)
    return [
      doubtful(
        name,
        `${proofs.length} of ${total} kept backups were looked at in the time that there was: all of them open`,
        'hazina keys check looks at every one, or give doctor more --timeout',
      ),
    ];
  const { uses, opened, sealedAway } = judgeKeys(proofs);
  if (opened === 0)
    return [skipped(name, 'they are sealed for recipients, whose private keys are not here: this process only writes')];
  const retired = isEverywhere ? keys.filter(({ state }) => state === 'retired') : [];
  const idle = retired.filter(({ keyId }) => keyId !== null && uses[keyId] === undefined);
  const note = idle.map(({ keyId }) => `; no backup kept in this store needs the retired key ${keyId ?? ''}`).join('');
  const away =
    sealedAway.length === 0 ? '' : `; ${sealedAway.length} are sealed for recipients whose keys are not here`;
  const all = sealedAway.length === 0 ? `all ${total} kept backups` : `${opened} of ${total} kept backups`;
  return [found(name, `${all} open with the keys at hand${away}${note}`)];
}

/** Undefined: of the primary store. */
export function proofFindingName(destination: string | undefined): string {
  return destination === undefined ? 'backups open' : `backups open in ${destination}`;
}

function nothingToOpen(destination: string | undefined): Finding {
  const name = proofFindingName(destination);
  return destination === undefined
    ? skipped(name, 'there is no backup yet', 'Make one: hazina backup')
    : skipped(name, 'there is no copy', `Make one: hazina destinations copy ID --to ${destination}`);
}

/** The keys themselves, by id. */
export function keyFindings(keys: readonly NamedKey[]): readonly Finding[] {
  const active = keys.filter(({ state }) => state === 'active');
  const text = keys.map(({ keyId, form, state }) => `${keyId ?? 'no id yet'} (${form}, ${state})`).join(', ');
  if (active.length === 0)
    return [
      wrong(
        'keys',
        new AppError({
          code: 'keys/none-set',
          stage: 'keys',
          message: keys.length === 0 ? 'No key is set' : `Only retired keys are set: ${text}`,
          hint: 'Set BACKUP_ENCRYPTION_KEY; hazina keys generate makes one. Keep it apart from the backups: without it none can be opened',
        }),
      ),
    ];
  const twice = keys.find(({ keyId }, at) => keyId !== null && keys.findIndex((key) => key.keyId === keyId) < at);
  if (twice !== undefined)
    return [doubtful('keys', `${text}; one stands there twice`, `Take it out of ${twice.variable}`)];
  if (active.every(({ form }) => form === 'x25519-public'))
    return [found('keys', `${text}: write-only, new backups cannot be read here`)];
  const weak = keys.find(({ form, state }) => form === 'passphrase' && state === 'active');
  if (weak !== undefined)
    return [
      doubtful(
        'keys',
        `${text}: a passphrase is as strong as it is long and random`,
        'hazina keys generate makes a key of 256 bits; set it, and the passphrase in BACKUP_ENCRYPTION_KEYS_RETIRED',
      ),
    ];
  return [found('keys', text)];
}
