import { lockAsks, type DoctorConfig, type StoreConfig } from '#config';
import { AppError, found, skipped, wrong, type Finding, type StoreIdentity } from '#contracts';
import { nameKeys, openKeys, type NamedKey } from '#crypto';
import { checkKeys, keyFindings, keyProofFindings, listBackups, readStoreIdentity, type KeyProof } from '#pipeline';
import {
  checkStore,
  createStore,
  lockFindings,
  roomFinding,
  storeFindings,
  type LockAsk,
  type ObjectStore,
} from '#storage';
import { quotaFinding } from '../quota.js';
import { lookAt, type LookContext } from './look.js';

export const late = {
  code: 'store/unreachable',
  hint: 'Can this machine reach the store? --timeout waits longer',
} as const;
/** The checks of a store are ten, and one of them moves 18 MB each way. */
const storeTimes = 3;
/** A probe that came too late still removes what it wrote. */
const tidyMs = 2_000;

export interface StoreLook {
  readonly keys: readonly Finding[];
  readonly findings: readonly Finding[];
  /** Null: it has none yet. Undefined: nobody knows. */
  readonly storeId: string | null | undefined;
}

/** The store, the keys, and whether the keys open what lies in the store. */
export async function lookAtStoreAndKeys(config: DoctorConfig, context: LookContext): Promise<StoreLook> {
  if (config.store === undefined) {
    const { keys } = await lookAtKeys(config, null, context);
    const why = 'its configuration cannot be used';
    return { keys, findings: [skipped('store', why), skipped('backups open', why)], storeId: undefined };
  }
  const store = await createStore(patient(config.store, context));
  const probing = probe(store, lockAsks(config.store, config.sources), context);
  try {
    const { identity, problem } = await identityOf(store, context);
    const { keys, named } = await lookAtKeys(config, identity?.kdfSalt ?? null, context);
    const [proofs, room, quota, probed] = await Promise.all([
      lookAtBackups(store, config, named, context),
      lookAtRoom(store, config, context),
      lookAtQuota(store, config, context),
      probing.findings,
    ]);
    const storeId = problem === undefined ? (identity?.storeId ?? null) : undefined;
    return { keys, findings: [...probed, ...(problem ?? []), ...room, ...quota, ...locks(config), ...proofs], storeId };
  } finally {
    await probing.tidy();
    await store.close();
  }
}

/** A doctor has less patience than a backup: what is wrong shall be told in time. */
export function patient(store: StoreConfig, { limitMs }: LookContext): StoreConfig & { maxAttempts?: number } {
  return store.kind === 's3' ? { ...store, ...{ maxAttempts: 2, socketTimeoutMs: limitMs } } : store;
}

function probe(
  store: ObjectStore,
  asks: readonly LockAsk[],
  context: LookContext,
): { findings: Promise<readonly Finding[]>; tidy(): Promise<void> } {
  let checking: Promise<unknown> = Promise.resolve();
  const findings = lookAt('store', { ...late, times: storeTimes }, context, async (signal) => {
    const { clock, random } = context;
    const check = checkStore(store, { clock, random, signal, asks });
    checking = check.catch(() => undefined);
    return storeFindings(store, await check);
  });
  // Ctrl-C is told by the looks that are waited for first.
  findings.catch(() => undefined);
  return {
    findings,
    async tidy() {
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise((resolve) => (timer = setTimeout(resolve, tidyMs)));
      await Promise.race([checking, enough]);
      clearTimeout(timer);
    },
  };
}

async function identityOf(
  store: ObjectStore,
  context: LookContext,
): Promise<{ identity: StoreIdentity | null; problem?: readonly Finding[] }> {
  let identity: StoreIdentity | null = null;
  const problem = await lookAt('store identity', late, context, async (signal) => {
    identity = await readStoreIdentity(store, signal);
    return [];
  });
  return problem.length === 0 ? { identity } : { identity: null, problem };
}

async function lookAtKeys(
  { keys }: DoctorConfig,
  kdfSalt: string | null,
  context: LookContext,
): Promise<{ keys: readonly Finding[]; named: readonly NamedKey[] }> {
  let named: readonly NamedKey[] = [];
  const slow = {
    code: 'keys/refused',
    hint: 'A passphrase takes 256 MiB of memory and a second; --timeout waits longer',
  } as const;
  const findings = await lookAt('keys', slow, context, async () => {
    const { given } = await openKeys(keys, () => undefined);
    named = await nameKeys(given, kdfSalt);
    return keyFindings(named);
  });
  return { keys: findings, named };
}

/** As many as the time allows, newest first. */
async function lookAtBackups(
  store: ObjectStore,
  { keys }: DoctorConfig,
  named: readonly NamedKey[],
  context: LookContext,
): Promise<readonly Finding[]> {
  const name = 'backups open';
  if (named.length === 0) return [skipped(name, 'there is no key to open them with')];
  return lookAt(name, late, { ...context, limitMs: context.limitMs + tidyMs }, async (signal) => {
    const { ring } = await openKeys(keys, () => undefined);
    if (!ring.canOpen) return [skipped(name, 'only public keys are at hand: this process writes and does not read')];
    const enough = AbortSignal.timeout(context.limitMs);
    const proofs: KeyProof[] = [];
    let total: number | undefined;
    try {
      await checkKeys({ store, ring }, {}, AbortSignal.any([signal, enough]), (proof, count) => {
        proofs.push(proof);
        total = count;
      });
    } catch (error) {
      if (!enough.aborted || signal.aborted) throw error;
      if (total === undefined) throw tooSlow(context);
    }
    return keyProofFindings(proofs, named, total ?? 0);
  });
}

function tooSlow({ limitMs }: LookContext): AppError {
  return new AppError({
    code: 'store/unreachable',
    stage: 'store',
    message: `The store did not list the backups within ${limitMs / 1000} s`,
    hint: 'hazina keys check takes the time that it needs; --timeout waits longer',
  });
}

function lookAtRoom(
  store: ObjectStore,
  { store: options, reserveBytes }: DoctorConfig,
  context: LookContext,
): Promise<readonly Finding[]> {
  return lookAt('disk of the store', late, context, async (signal) => {
    const freeBytes = await store.freeBytes(signal);
    const isDirectory = options?.kind === 'directory';
    const newest = isDirectory ? (await listBackups(store, undefined, signal)).backups[0] : undefined;
    return [roomFinding(freeBytes, { reserveBytes, newestBytes: newest?.objects.data.bytes ?? null })];
  });
}

function locks({ store, sources }: DoctorConfig): readonly Finding[] {
  const usual = store?.kind === 's3' ? store.objectLock : undefined;
  const locked = sources.flatMap(({ name, placement, retention }) => {
    const lock = placement?.objectLock === undefined ? usual : placement.objectLock;
    return lock === null || lock === undefined ? [] : [{ name, days: lock.days, retention: retention.retentionDays }];
  });
  const [longest] = locked.filter(({ days, retention }) => days > retention);
  return longest === undefined ? [] : lockFindings(longest.days, [longest.retention]);
}

/** Only where there is one: it takes a listing. */
function lookAtQuota(
  store: ObjectStore,
  { store: options }: DoctorConfig,
  context: LookContext,
): Promise<readonly Finding[]> {
  const quota = options?.quota;
  if (quota === undefined) return Promise.resolve([]);
  return lookAt('quota of the store', late, context, async (signal) => [
    quotaFinding(quota, (await listBackups(store, undefined, signal)).backups),
  ]);
}

/** Whether the store is the one that the catalogue knows; null and undefined as in `StoreLook`. */
export function identityFindings(storeId: string | null | undefined, known: string | null): readonly Finding[] {
  const name = 'store identity';
  if (storeId === undefined) return [];
  if (known !== null && storeId !== known)
    return [
      wrong(
        name,
        new AppError({
          code: 'store/changed',
          stage: 'store',
          message: `This store is ${storeId ?? 'none of Hazina'}, but the catalogue belongs to the store ${known}`,
          hint: 'Is the right bucket, prefix or volume configured? An unmounted volume looks like an empty store',
        }),
      ),
    ];
  if (storeId === null) return [skipped(name, 'it gets one with the first backup')];
  return [found(name, known === null ? storeId : `${storeId}, as the catalogue knows it`)];
}
