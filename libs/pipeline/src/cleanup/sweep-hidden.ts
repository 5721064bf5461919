import { AppError } from '#contracts';
import { isLocked } from '#storage';
import { meaningOf } from '../objects/key-pattern.js';
import type { CleanupRun } from './cleanup-types.js';

interface Left {
  objects: number;
  bytes: number;
}

/**
 * What a store that keeps versions has of objects that stand no more. Those of backups that were deleted go (a lock or a missing right had kept them), and leases
 * and probes, which nobody needs. All others are reported: somebody else took them away, and may want them back. Returns the bytes that were freed.
 */
export async function sweepHidden(run: CleanupRun): Promise<number> {
  const others: Left = { objects: 0, bytes: 0 };
  const held: Left & { until: string } = { objects: 0, bytes: 0, until: '' };
  const gone: Left = { objects: 0, bytes: 0 };
  try {
    for await (const { key, bytes } of hiddenOf(run)) {
      if (!(await mayGo(run, key))) {
        if (meaningOf(key).kind !== 'foreign') add(others, bytes);
        continue;
      }
      if (run.request.dryRun || (await removed(run, key, held, bytes))) add(gone, bytes);
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'store/refused') throw error;
    run.report(
      'The store keeps versions or does not tell whether it does (s3:GetBucketVersioning), and these credentials may not see or remove them (s3:ListBucketVersions, s3:DeleteObjectVersion): where it keeps them, what is deleted is only hidden, and billed until a lifecycle rule removes noncurrent versions',
    );
  }
  const names = run.request.dryRun ? 'would be removed' : 'were removed';
  if (gone.objects > 0) run.report(`Hidden versions of ${describe(gone)} ${names}`);
  if (held.objects > 0)
    run.report(`Hidden versions of ${describe(held)} are locked until ${held.until} at most: removed after that`);
  if (others.objects > 0)
    run.report(
      `Hidden versions of ${describe(others)} stand in the store without having been deleted by Hazina: left alone; removing their delete markers brings them back`,
    );
  return run.request.dryRun ? 0 : gone.bytes;
}

function hiddenOf({ deps: { store }, request: { target }, signal }: CleanupRun) {
  return store.listHidden(target === null ? '' : `${target}/`, signal);
}

async function mayGo({ catalog }: CleanupRun, key: string): Promise<boolean> {
  if (key.startsWith('_hazina/') || key.endsWith('/lease.json')) return true;
  const meaning = meaningOf(key);
  if (meaning.kind === 'own' || meaning.kind === 'foreign') return false;
  return (await catalog.view(meaning.backupId))?.status === 'deleted';
}

async function removed(
  { deps: { store }, signal }: CleanupRun,
  key: string,
  held: Left & { until: string },
  bytes: number,
): Promise<boolean> {
  try {
    await store.delete(key, signal);
    return true;
  } catch (error) {
    if (!isLocked(error)) throw error;
    const until = error.details['lockedUntil'];
    if (typeof until === 'string' && until > held.until) held.until = until;
    add(held, bytes);
    return false;
  }
}

function add(left: Left, bytes: number): void {
  left.objects += 1;
  left.bytes += bytes;
}

function describe({ objects, bytes }: Left): string {
  return `${objects} ${objects === 1 ? 'object' : 'objects'} (${bytes} bytes)`;
}
