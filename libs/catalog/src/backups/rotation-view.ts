import { setTimeout as delay } from 'node:timers/promises';
import { AppError, backupJson, throwIfAborted, type BackupState, type Clock, type UseKind } from '#contracts';
import { HeldClaim } from '../claims/held-claim.js';
import { fenced } from '../claims/run-errors.js';
import type { BackupRepository } from '../contract/backups.js';
import type { Catalog } from '../contract/catalog.js';
import type { ClaimRef } from '../contract/claims.js';
import { LeaseObserver } from '../lease-observer.js';
import { resealView } from '../copies/reseal-view.js';
import { readerOf, useTexts } from './deletion-view.js';
import type { RotationViewOptions } from './rotation-options.js';

/** Between two looks at a lease, as the reaper has it: after a longer gap what was seen before says nothing. */
const longestGapMs = 30_000;

interface Taken {
  readonly ref: ClaimRef;
  readonly claimedAt: number;
}

/** The records as a rotation of keys sees them (the pipeline's `RotationCatalog`, in the same form). */
export function rotationCatalog(catalog: Catalog, options: RotationViewOptions) {
  const { backups } = catalog;
  const { clock, lease, onTrouble, requireStore } = options;
  return {
    requireStore,
    ...resealView(catalog, options),
    async keysOf(backupId: string, keyIds: readonly string[]): Promise<void> {
      await backups.rekeyed(backupId, keyIds, clock.now());
    },
    async hold<T>(
      backupId: string,
      kind: 'rotation' | 'rewrite',
      act: (held: {
        readonly signal: AbortSignal;
        readonly record: ReturnType<typeof rewriteJournal> | null;
      }) => Promise<T>,
      signal: AbortSignal,
    ): Promise<T | 'gone'> {
      const taken = await take(catalog, options, { backupId, kind }, signal);
      if (taken === 'gone') return 'gone';
      if (taken === null) return act({ signal, record: null });
      const times = { ...lease, lookMs: lease.beatMs, tickMs: Math.min(1000, lease.beatMs) };
      const port = { beat: (ref: ClaimRef) => backups.beatUse(ref) };
      const claim = new HeldClaim(port, taken.ref, { clock, claimedAt: taken.claimedAt, times, onTrouble });
      try {
        const record = kind === 'rewrite' ? rewriteJournal(catalog, taken.ref, clock) : null;
        return await act({ signal: AbortSignal.any([signal, claim.signal]), record });
      } finally {
        await claim.stop();
        // Else its lease ends it.
        await backups.endUse(taken.ref).catch(onTrouble);
      }
    },
  };
}

/** Null: no record is kept of it, or none that anything could come of. */
async function take(
  catalog: Catalog,
  { clock, owner, lease, patienceMs = 30_000, pollMs = 1000 }: RotationViewOptions,
  { backupId, kind }: { readonly backupId: string; readonly kind: UseKind },
  signal: AbortSignal,
): Promise<Taken | 'gone' | null> {
  const { backups } = catalog;
  const observer = new LeaseObserver({ leaseMs: lease.leaseMs, intervalMs: longestGapMs, clock });
  const began = clock.monotonicMs();
  let first: string | null = null;
  for (;;) {
    throwIfAborted(signal, 'keys');
    const claimedAt = clock.monotonicMs();
    // Looked at before too: whoever takes the use and gives it back keeps readers away meanwhile.
    let busy = kind === 'rewrite' ? await readerOf(catalog, backupId) : null;
    let lives = true;
    if (busy === null) {
      const outcome = await backups.takeUse(backupId, kind, owner);
      if (outcome.outcome === 'no-record') return kind === 'rewrite' ? throwNotCompleted(backupId, null) : null;
      if (outcome.outcome === 'not-completed') return whatNow(backupId, kind, outcome.status);
      if (outcome.outcome === 'taken') {
        busy = kind === 'rewrite' ? await readerOf(catalog, backupId) : null;
        if (busy === null) return { ref: outcome.ref, claimedAt };
        await backups.endUse(outcome.ref);
      } else {
        const { fence, beat } = outcome;
        busy = useTexts[outcome.kind];
        first ??= `${fence}/${beat}`;
        lives = first !== `${fence}/${beat}`;
        for (const lost of observer.observe([{ kind: 'use', id: backupId, fence, beat }], claimedAt))
          await backups.expireUse(backupId, lost);
      }
    }
    const waited = clock.monotonicMs() - began;
    // One that shows no life has its lease, and as much again for looks that came late.
    if (waited >= patienceMs + (lives ? 0 : 2 * lease.leaseMs)) throw inUse(backupId, busy);
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

function whatNow(backupId: string, kind: UseKind, status: BackupState): 'gone' | null {
  if (status === 'deleting' || status === 'deleted') return 'gone';
  // What stands of a run that failed nobody deletes by its record: its headers may be rewrapped.
  if (kind !== 'rewrite' && (status === 'failed' || status === 'cancelled')) return null;
  return throwNotCompleted(backupId, status);
}

function throwNotCompleted(backupId: string, status: BackupState | null): never {
  throw new AppError({
    code: 'backup/not-completed',
    stage: 'keys',
    retry: 'retry',
    message:
      status === null
        ? `${backupId} stands in the store and has no record`
        : `The record of ${backupId} is ${status}, and only a completed backup is used`,
    hint: 'hazina catalog sync brings records in line with the store; then run it again. Nothing was changed',
  });
}

function inUse(backupId: string, by: string): AppError {
  return new AppError({
    code: 'backup/refused',
    stage: 'keys',
    retry: 'retry',
    message: `${backupId} is in use: ${by}`,
    hint: 'Nothing was changed: run it again when that is over',
  });
}

/** The record of a backup that is sealed anew, under its use (the pipeline's `RewriteJournal`, in the same form). */
function rewriteJournal({ backups, settings }: Catalog, ref: ClaimRef, clock: Clock) {
  const { id } = ref;
  const provenFrom = clock.now();
  return {
    ...commitRecord(backups, id),
    async raiseAbove(attempt: number): Promise<number> {
      const raised = await backups.raiseForRewrite(ref, attempt);
      if (raised === null) throw fenced(id, 'its use was lost');
      return raised;
    },
    async record(attempt: number, bytes: Buffer): Promise<void> {
      const text = bytes.toString('utf8');
      const { objects, keyIds } = backupJson.parse(JSON.parse(text));
      const { sha256: hash, bytes: size } = objects.data;
      const storeId = await settings.storeId();
      const facts = { attempt, bytes: text, hash, size, keyIds, storeId, provenFrom, at: clock.now() };
      if (!(await backups.recordRewrite(ref, facts))) throw fenced(id, 'its new commit was refused');
    },
    async look() {
      const record = await backups.find(id);
      if (record === null) return null;
      const { status, commit, use, claim } = record;
      const isHeld = use.kind === 'rewrite' && use.fence === ref.fence;
      // What has lost its use is out of reach for good, as after another claim.
      const fence = isHeld ? claim.fence : claim.fence + 1;
      return { fence, status, commit: commit === null ? null : { attempt: commit.attempt } };
    },
  };
}

/** What a record says of its backup's commit (the pipeline's `CommitRecord`, in the same form). */
export function commitRecord(backups: BackupRepository, backupId: string) {
  return {
    async commit() {
      const record = await backups.find(backupId);
      const commit = record?.commit ?? null;
      if (record === null || commit === null) return null;
      const { status, commitDue: due } = record;
      return { status, due, attempt: commit.attempt, bytes: commit.bytes };
    },
    async settled(attempt: number): Promise<void> {
      await backups.recommitted(backupId, attempt);
    },
  };
}
