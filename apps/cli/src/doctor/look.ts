import type { StoreConfig } from '#config';
import { lookWithin, type Clock, type ErrorCode, type Finding, type Random } from '#contracts';

/** What every look of the doctor is given. */
export interface LookContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly searchPath: string;
  /** Of one look. */
  readonly limitMs: number;
  /** How long a look waits for a server; shorter than the limit, so that its reason is told and not that it was late. */
  readonly selectionMs: number;
}

/** What a look at a store says that got no answer. */
export const lateStore = {
  code: 'store/unreachable',
  hint: 'Can this machine reach the store? --timeout waits longer',
} as const;

/** A doctor has less patience than a backup: what is wrong shall be told in time. */
export function patient(store: StoreConfig, { limitMs }: LookContext): StoreConfig & { maxAttempts?: number } {
  return store.kind === 's3' ? { ...store, ...{ maxAttempts: 2, socketTimeoutMs: limitMs } } : store;
}

/** A look of its own name that ends in time and never fails. */
export function lookAt(
  name: string,
  late: { readonly code: ErrorCode; readonly hint: string; readonly times?: number },
  { limitMs, signal }: LookContext,
  look: (signal: AbortSignal) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const options = { name, limitMs: limitMs * (late.times ?? 1), lateCode: late.code, lateHint: late.hint, signal };
  return lookWithin(options, look);
}
