import type { LoadReport, ReplayedOplog } from '#engine';
import { formatCount, formatDuration, formatTable, plural, printable } from './format.js';

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
