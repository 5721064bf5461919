import { isTargetName, targetOfBackupId } from '#contracts';

/** What a key of the store is (spec/objects.md); `foreign` matches no pattern of ours and is never touched. */
export type KeyMeaning =
  | { readonly kind: 'own' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'backup-json' | 'marks'; readonly backupId: string }
  | { readonly kind: 'attempt'; readonly backupId: string; readonly attempt: number; readonly name: string };

const ofAttempt = /^(data\.hzn|manifest\.hzn|header\.hzn|manifest\.header\.hzn|lease\.json|part-[0-9]{5}\.hzn)$/;

/** Reads a key, relative to the prefix. */
export function meaningOf(key: string): KeyMeaning {
  if (key === 'hazina.json' || key.startsWith('_hazina/')) return { kind: 'own' };
  const [target = '', backupId = '', third = '', fourth, ...more] = key.split('/');
  if (isTargetName(target) && backupId === 'chunks') return { kind: 'own' };
  if (targetOfBackupId(backupId) !== target || more.length > 0) return { kind: 'foreign' };
  if (fourth === undefined) {
    if (third === 'backup.json') return { kind: 'backup-json', backupId };
    return third === 'marks.json' ? { kind: 'marks', backupId } : { kind: 'foreign' };
  }
  if (!/^[1-9][0-9]{0,9}$/.test(third) || !ofAttempt.test(fourth)) return { kind: 'foreign' };
  return { kind: 'attempt', backupId, attempt: Number(third), name: fourth };
}

/** The order in which an attempt's objects go (spec/objects.md, "Deletion"): the lease last, for it keeps the sweeper away. */
const removalOrder = ['manifest.hzn', 'data.hzn', 'header.hzn', 'manifest.header.hzn'];

export function inRemovalOrder(keys: readonly string[]): string[] {
  const rank = (key: string): number => {
    const name = key.slice(key.lastIndexOf('/') + 1);
    if (name === 'lease.json') return removalOrder.length + 1;
    const at = removalOrder.indexOf(name);
    return at === -1 ? removalOrder.length : at;
  };
  return [...keys].sort((a, b) => rank(a) - rank(b));
}
