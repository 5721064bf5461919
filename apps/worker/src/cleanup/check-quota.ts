import { alertKey } from '#catalog';
import type { QuotaConfig } from '#config';
import type { AlertKind } from '#contracts';
import {
  describeForecast,
  destinationQuota,
  primaryQuota,
  quotaAdvice,
  quotaForecast,
  type QuotaForecast,
  type QuotaNames,
  type StorageHistory,
} from '#notify';
import type { WorkerParts } from '../core/worker-core.js';
import type { Destination } from '../replicas/destination-types.js';
import { clearAlert, raiseAlert } from '../alerts/settle-alert.js';

const kinds = { warning: 'quota-warning', critical: 'quota-critical' } as const;

export interface QuotaLook extends QuotaForecast {
  readonly usedBytes: number;
  /** Null: none. */
  readonly quotaBytes: number | null;
}

/** One quota, and what people know it by. */
interface QuotaSubject {
  /** In the keys of its alerts. */
  readonly subject: string;
  readonly names: QuotaNames;
}

/** How much of the quota is used, and when it will be full: told when it gets worse, and when it is well again. */
export async function checkQuota(parts: WorkerParts): Promise<QuotaLook> {
  const { catalog, clock, config, metrics } = parts;
  const history = await catalog.backups.storageHistory({}, clock.now());
  const look = lookAt(parts, config.store.quota, history);
  metrics.quota(look);
  // The quota is one for all targets.
  await settle(parts, { subject: 'store', names: primaryQuota }, look);
  return look;
}

/** The same for a destination, which has a quota of its own. One that was replaced while it was being copied to has none any more: another one has its name now, and tells. */
export async function checkDestinationQuota(parts: WorkerParts, destination: Destination): Promise<void> {
  const { catalog, clock, metrics } = parts;
  const { name, quota } = destination;
  const look = lookAt(parts, quota, await catalog.copies.storageHistory(name, clock.now()));
  const isOfNow = () => parts.destinations.includes(destination);
  if (isOfNow()) metrics.replicaQuota(name, look);
  await settle(parts, quotaOfDestination(name), look, isOfNow);
}

const ofDestination = 'destination/';

function quotaOfDestination(name: string): QuotaSubject {
  return { subject: `${ofDestination}${name}`, names: destinationQuota(name) };
}

/** The destination whose quota an alert tells of; null: it is about something else. */
export function destinationOfAlert(key: string): string | null {
  const begin = Object.values(kinds)
    .map((kind) => alertKey(kind, ofDestination))
    .find((text) => key.startsWith(text));
  return begin === undefined ? null : key.slice(begin.length);
}

function lookAt({ clock }: WorkerParts, quota: QuotaConfig | undefined, history: StorageHistory): QuotaLook {
  const quotaBytes = quota?.bytes ?? null;
  return { ...quotaForecast(quotaBytes, history, clock.now()), quotaBytes, usedBytes: history.usedBytes };
}

async function settle(
  parts: WorkerParts,
  { subject, names }: QuotaSubject,
  look: QuotaLook,
  isOfNow = () => true,
): Promise<void> {
  for (const [worse, kind] of Object.entries(kinds) as [keyof typeof kinds, AlertKind][]) {
    if (!isOfNow()) return;
    if (worse === look.state)
      await raiseAlert(parts, kind, subject, {
        message: `${describe(names, look)}${describeForecast(look)}`,
        hint: quotaAdvice(look, names),
      });
    else if (worse === 'warning' && look.state === 'critical') continue;
    else await clearAlert(parts, alertKey(kind, subject), { message: describe(names, look) });
  }
}

function describe({ what, setting }: QuotaNames, { usedBytes, quotaBytes }: QuotaLook): string {
  if (quotaBytes === null) return `${what} take ${usedBytes} bytes, and ${setting} is not set`;
  return `${what} take ${usedBytes} bytes: ${((100 * usedBytes) / quotaBytes).toFixed(1)} % of ${setting}`;
}
