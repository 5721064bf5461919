import type { Clock } from '#contracts';

export interface Lease {
  /** How long fence and beat must stand still before a plan counts as abandoned. */
  readonly leaseMs: number;
  /** How often a live restore raises its beat, and how often an observer looks. */
  readonly beatMs: number;
}

export type Sighting<T> = { readonly seen: T; readonly mark: string } | 'gone';
export type Verdict<T> = { readonly kind: 'alive' | 'stale'; readonly seen: T } | { readonly kind: 'gone' };

/**
 * Watches the mark (fence and beat) of somebody else's plan until it moves, vanishes, or stood still for the lease on *this* process's monotonic clock:
 * no wall clock decides. A gap of over two intervals between looks (this process slept) starts the observation anew.
 */
export async function watchLease<T>(
  look: () => Promise<Sighting<T>>,
  lease: Lease,
  clock: Clock,
  wait: (ms: number) => Promise<void>,
): Promise<Verdict<T>> {
  let first = await look();
  let since = clock.monotonicMs();
  let lastLook = since;
  while (first !== 'gone') {
    const left = since + lease.leaseMs - clock.monotonicMs();
    if (left <= 0) return { kind: 'stale', seen: first.seen };
    await wait(Math.min(left, lease.beatMs));
    const next = await look();
    const now = clock.monotonicMs();
    if (next === 'gone') return { kind: 'gone' };
    if (next.mark !== first.mark) return { kind: 'alive', seen: next.seen };
    if (now - lastLook > 2 * lease.beatMs) since = now;
    lastLook = now;
    first = next;
  }
  return { kind: 'gone' };
}
