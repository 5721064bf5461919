export type QuotaState = 'ok' | 'warning' | 'critical';

/** How full the quota is: `warning` from 80 %, `critical` from 95 %. Without a quota always `ok`; a quota of nothing is critical. */
export function quotaState(quotaBytes: number | null, usedBytes: number): QuotaState {
  if (quotaBytes === null) return 'ok';
  if (quotaBytes <= 0) return 'critical';
  const share = usedBytes / quotaBytes;
  if (share >= 0.95) return 'critical';
  return share >= 0.8 ? 'warning' : 'ok';
}
