import type { StoreConfig } from '#config';
import type { Finding } from '#contracts';
import { listBackups } from '#pipeline';
import type { ObjectStore } from '#storage';
import { quotaFinding } from '../quota.js';
import { lateStore, lookAt, type LookContext } from './look.js';

/** How much of its quota a store takes, where it has one. `destination`: its name; undefined: the primary store. */
export function lookAtQuota(
  store: ObjectStore,
  quota: StoreConfig['quota'],
  context: LookContext,
  destination?: string,
): Promise<readonly Finding[]> {
  if (quota === undefined) return Promise.resolve([]);
  return lookAt(`quota of ${destination ?? 'the store'}`, lateStore, context, async (signal) => [
    quotaFinding(quota, (await listBackups(store, undefined, signal)).backups, destination),
  ]);
}
