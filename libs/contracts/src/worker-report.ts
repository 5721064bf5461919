import type { DestinationHealth } from './copies.js';
import type { Finding } from './finding.js';

/** What one worker publishes of itself with a beat; older than three beats shows as unknown. */
export interface WorkerReport {
  readonly workerId: string;
  readonly version: string;
  readonly startedAt: Date;
  /** By the clock of the catalogue's server. */
  readonly beatAt: Date;
  readonly beatSeconds: number;
  readonly host: string;
  readonly nodeVersion: string;
  /** Tools found: `{mongodump: "100.18.0"}`. */
  readonly tools: Readonly<Record<string, string>>;
  readonly keyIds: readonly string[];
  /** False: it holds public keys alone, and reads nothing of what it writes. Absent: a worker of an older version, which reads. */
  readonly reads?: boolean;
  /** Those of them that open. Null or absent: a worker of an older version. */
  readonly openingKeyIds?: readonly string[] | null;
  /** Those that it seals with. Absent: a worker of an older version. */
  readonly currentKeyIds?: readonly string[] | null;
  readonly storeId: string | null;
  readonly storeLocation: string;
  /** Null: not known yet. Free bytes of a directory store; null for buckets. */
  readonly storeFreeBytes: number | null;
  readonly storeOk: boolean | null;
  readonly storeDetail: string | null;
  readonly targets: readonly TargetHealth[];
  readonly restoreTargets: readonly RestoreTargetHealth[];
  /** Absent: a worker of an older version. */
  readonly destinations?: readonly DestinationHealth[];
  /** Null: it has not looked yet. Absent: a worker of an older version. */
  readonly look?: WorkerLook | null;
}

/** What a worker found of itself and of what only it can reach, now and then. */
export interface WorkerLook {
  readonly at: Date;
  /** In the form of `hazina doctor`. */
  readonly findings: readonly Finding[];
  readonly keys: readonly { readonly keyId: string; readonly state: 'active' | 'retired' }[];
  /** Null: nobody knows. */
  readonly storeAbilities: {
    readonly conditionalCreate: boolean;
    readonly conditionalReplace: boolean;
    readonly presign: boolean;
  } | null;
  /** Null: not proven yet. */
  readonly keyProof: WorkerKeyProof | null;
}

/** Whether every kept backup opens with this worker's keys, by its headers. */
export interface WorkerKeyProof {
  readonly at: Date;
  readonly backups: number;
  readonly opened: number;
  /** The newest that its keys do not open. */
  readonly closed: readonly string[];
  /** The newest that are damaged. */
  readonly damaged: readonly string[];
}

export interface TargetHealth {
  readonly target: string;
  readonly reachable: boolean | null;
  readonly serverVersion: string | null;
  readonly topology: string | null;
  readonly detail: string | null;
  readonly checkedAt: Date | null;
  readonly databases: readonly string[];
}

/** A restore target as a worker found it. */
export interface RestoreTargetHealth {
  readonly target: string;
  readonly scratch: boolean;
  readonly reachable: boolean | null;
  readonly serverVersion: string | null;
  readonly topology: string | null;
  readonly detail: string | null;
  readonly checkedAt: Date | null;
}
