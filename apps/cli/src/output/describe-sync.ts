import { syncChanges, type SyncChange, type SyncResult } from '#contracts';
import { plural, printable } from './format.js';

const words: Readonly<Record<SyncChange, string>> = {
  rebuilt: 'records made anew',
  adopted: 'folders adopted',
  missing: 'marked missing',
  returned: 'no longer missing',
  marked: 'pins and labels taken over',
  rewritten: 'sealed anew',
};

/** A sync for people: every change, every report, and the sums. */
export function describeSync(result: SyncResult): string {
  const { dryRun, found, unchanged, leftAlone, counts, changes, reports } = result;
  const sums = syncChanges
    .filter((change) => counts[change] > 0)
    .map((change) => `${words[change]}: ${counts[change]}`);
  const listed = changes.map(
    ({ backupId, change, detail }) => `${change.padEnd(8)}  ${backupId}  ${printable(detail)}`,
  );
  const all = syncChanges.reduce((sum, change) => sum + counts[change], 0);
  return [
    ...listed,
    ...(all > listed.length ? [`… and ${plural(all - listed.length, 'change')} more`] : []),
    ...reports.map((report) => `NOTE      ${printable(report)}`),
    `${plural(found, 'backup')} in the store; as recorded: ${unchanged}; under way, left alone: ${leftAlone}`,
    sums.length === 0 ? 'Nothing to change.' : `${dryRun ? 'Would be changed' : 'Changed'}: ${sums.join(', ')}`,
  ].join('\n');
}
