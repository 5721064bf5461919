import type { EnvironmentReader } from './environment-reader.js';

/** How long a claim lives without a sign of life, and how often its holder gives one. */
export function readLease(reader: EnvironmentReader): { readonly leaseMs: number; readonly beatMs: number } {
  const leaseMs = (reader.integer('BACKUP_LEASE_SECONDS', 1, 86_400) ?? 120) * 1000;
  const beatMs = (reader.integer('BACKUP_BEAT_SECONDS', 1, 3600) ?? 20) * 1000;
  if (leaseMs < 2 * beatMs) {
    reader.problem(
      'BACKUP_LEASE_SECONDS must be at least twice BACKUP_BEAT_SECONDS: one late heart-beat must not end a run',
    );
  }
  return { leaseMs, beatMs };
}
