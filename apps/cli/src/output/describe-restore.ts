import type { LoadPlan, LoadReport, ReplayedOplog } from '#engine';
import { formatCount, formatDuration, formatTable, plural, printable } from './format.js';

/** A dry run: what would be written, and what is special about it. */
export function describePlan({ namespaces, notes, warnings = [] }: LoadPlan): string {
  const header = ['FROM', 'TO', 'TYPE', 'DOCUMENTS', 'ACTION'];
  const rows = namespaces.map(({ from, db, collection, type, documents, action }) => [
    printable(from),
    printable(`${db}.${collection}`),
    type,
    documents === null ? '?' : formatCount(documents),
    action,
  ]);
  const replaced = namespaces.filter(({ action }) => action === 'replace').length;
  return [
    formatTable([header, ...rows], [3]),
    ...warnings.map((warning) => `Warning: ${printable(warning)}`),
    ...notes.map((note) => `Note: ${printable(note)}`),
    `Dry run: nothing was changed. ${plural(namespaces.length - replaced, 'namespace')} would be created, ${formatCount(replaced)} replaced.`,
  ].join('\n');
}

function describeReplay({ entries, at }: ReplayedOplog): string {
  const moment = at === null ? 'one moment' : new Date(at.t * 1000).toISOString().replace('.000Z', 'Z');
  return `The oplog was replayed (${entries === 1 ? '1 entry' : `${formatCount(entries)} entries`}): all collections are as they were at ${moment}`;
}

/** What a restore did. */
export function describeReport({ outcome, namespaces, oplog }: LoadReport, durationMs: number): string {
  const header = ['NAMESPACE', 'DOCUMENTS', 'INDEXES', 'DIFFERENCES'];
  const rows = namespaces.map(({ db, collection, documents, indexes, differences }) => [
    printable(`${db}.${collection}`),
    formatCount(documents),
    String(indexes),
    differences.length === 0 ? '–' : 'see below',
  ]);
  const documents = namespaces.reduce((sum, namespace) => sum + namespace.documents, 0);
  const result = outcome === 'restored' ? 'Restored' : 'Restored with differences:';
  return [
    formatTable([header, ...rows], [1, 2]),
    ...namespaces.flatMap(({ db, collection, differences }) =>
      differences.map((difference) => printable(`${db}.${collection}: ${difference}`)),
    ),
    ...(oplog === undefined ? [] : [describeReplay(oplog)]),
    `${result} ${plural(namespaces.length, 'namespace')}, ${plural(documents, 'document')} in ${formatDuration(durationMs)}`,
  ].join('\n');
}
