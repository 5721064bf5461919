import type { AppError, TaskKind } from '#contracts';

/** One claim of a record: only its holder may write. */
export interface ClaimRef {
  readonly id: string;
  readonly fence: number;
}

export type ClaimState = { readonly state: 'held'; readonly cancelRequested: boolean } | { readonly state: 'lost' };

export interface LeaseView {
  readonly kind: 'backup' | 'use' | 'restore' | 'drill' | 'copy' | TaskKind | 'delivery';
  readonly id: string;
  readonly fence: number;
  readonly beat: number;
}

export interface BackupFailure {
  readonly error: AppError;
  readonly at: Date;
}
