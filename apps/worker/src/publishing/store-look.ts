import { lockAsks } from '#config';
import { found, type Finding } from '#contracts';
import { clockFinding } from '#engine';
import { requireStore } from '#pipeline';
import { describeAbilities, protectionFindings, roomFinding } from '#storage';
import type { WorkerParts } from '../core/worker-core.js';

/** The store as a worker finds it: the one that it should be, what it can do, its clock, its room. */
export async function examineStore(
  { store, storeId, config, clock }: Pick<WorkerParts, 'store' | 'storeId' | 'config' | 'clock'>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  await requireStore(store, storeId, signal);
  const abilities = describeAbilities(await store.abilities(signal));
  const before = clock.now().getTime();
  const theirs = await store.serverTime(signal);
  const middle = (before + clock.now().getTime()) / 2;
  const freeBytes = await store.freeBytes(signal);
  return [
    found('store', `${store.location}: ${abilities}`),
    ...protectionFindings(await store.protection(signal), lockAsks(config.store, config.targets)),
    ...(theirs === null ? [] : [clockFinding('clock of the store', theirs.getTime() - middle)]),
    roomFinding(freeBytes, { reserveBytes: config.directoryReserveBytes, newestBytes: null }),
  ];
}
