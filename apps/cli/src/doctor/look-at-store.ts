import { lockAsks, type DoctorConfig } from '#config';
import { AppError, found, skipped, wrong, type Finding, type StoreIdentity } from '#contracts';
import { listBackups, readStoreIdentity } from '#pipeline';
import {
  checkStore,
  createStore,
  lockFindings,
  roomFinding,
  storeFindings,
  type LockAsk,
  type ObjectStore,
} from '#storage';
import { lookAtKeys, type KeysAtHand } from './look-at-keys.js';
import { lookAtQuota } from './look-at-quota.js';
import { lateStore, lookAt, patient, type LookContext } from './look.js';
import { proveBackups } from './prove-backups.js';

/** The checks of a store are ten, and one of them moves 18 MB each way. */
const storeTimes = 3;
/** A probe that came too late still removes what it wrote. */
const tidyMs = 2_000;

export interface StoreLook {
  readonly keys: readonly Finding[];
  readonly findings: readonly Finding[];
  readonly destinations: readonly Finding[];
  /** Null: it has none yet. Undefined: nobody knows. */
  readonly storeId: string | null | undefined;
}

/**
 * The store, the keys, and whether the keys open what lies in the store. `lookElsewhere` looks at the destinations, which are opened with the same keys: a ring for
 * each would take the memory of a passphrase as often.
 */
export async function lookAtStoreAndKeys(
  config: DoctorConfig,
  context: LookContext,
  lookElsewhere: (atHand: KeysAtHand) => Promise<readonly Finding[]>,
): Promise<StoreLook> {
  if (config.store === undefined) {
    const { keys, atHand } = await lookAtKeys(config, null, context);
    const why = 'its configuration cannot be used';
    const findings = [skipped('store', why), skipped('backups open', why)];
    return { keys, findings, destinations: await lookElsewhere(atHand), storeId: undefined };
  }
  const store = await createStore(patient(config.store, context));
  const probing = probe(store, lockAsks(config.store, config.sources), context);
  try {
    const { identity, problem } = await identityOf(store, context);
    const { keys, atHand } = await lookAtKeys(config, identity?.kdfSalt ?? null, context);
    const isEverywhere = config.problems === undefined && config.destinations.length === 0;
    const [proofs, room, quota, probed, destinations] = await Promise.all([
      proveBackups(store, atHand, { isEverywhere }, context),
      lookAtRoom(store, config, context),
      lookAtQuota(store, config.store.quota, context),
      probing.findings,
      lookElsewhere(atHand),
    ]);
    const storeId = problem === undefined ? (identity?.storeId ?? null) : undefined;
    const findings = [...probed, ...(problem ?? []), ...room, ...quota, ...locks(config), ...proofs];
    return { keys, findings, destinations, storeId };
  } finally {
    await probing.tidy();
    await store.close();
  }
}

function probe(
  store: ObjectStore,
  asks: readonly LockAsk[],
  context: LookContext,
): { findings: Promise<readonly Finding[]>; tidy(): Promise<void> } {
  let checking: Promise<unknown> = Promise.resolve();
  const findings = lookAt('store', { ...lateStore, times: storeTimes }, context, async (signal) => {
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
  const problem = await lookAt('store identity', lateStore, context, async (signal) => {
    identity = await readStoreIdentity(store, signal);
    return [];
  });
  return problem.length === 0 ? { identity } : { identity: null, problem };
}

function lookAtRoom(
  store: ObjectStore,
  { store: options, reserveBytes }: DoctorConfig,
  context: LookContext,
): Promise<readonly Finding[]> {
  return lookAt('disk of the store', lateStore, context, async (signal) => {
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
  // Without a rule by age nobody knows when a backup goes.
  const [longest] = locked.filter(({ days, retention }) => retention > 0 && days > retention);
  return longest === undefined ? [] : lockFindings(longest.days, [longest.retention]);
}

/** Only where there is one: it takes a listing. */
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
