import type { ReplayedOplog } from '#contracts';
import type { LoadReport } from '#engine';
import { formatBytes, formatCount, formatDuration, formatTable, plural, printable } from './format.js';

function describeReplay({ entries, at }: ReplayedOplog): string {
  const moment = at === null ? 'one moment' : new Date(at.t * 1000).toISOString().replace('.000Z', 'Z');
  return `The oplog was replayed (${entries === 1 ? '1 entry' : `${formatCount(entries)} entries`}): all collections are as they were at ${moment}`;
}

/** What a restore did. */
export function describeReport({ outcome, namespaces, oplog }: LoadReport, wholeMs: number): string {
  const header = ['NAMESPACE', 'DOCUMENTS', 'SIZE', 'INDEXES', 'TIME', 'DIFFERENCES'];
  const rows = namespaces.map(({ db, collection, documents, bytes, indexes, durationMs, differences }) => [
    printable(`${db}.${collection}`),
    formatCount(documents),
    bytes === undefined ? '–' : formatBytes(bytes),
    String(indexes),
    durationMs === undefined ? '–' : formatDuration(durationMs),
    differences.length === 0 ? '–' : 'see below',
  ]);
  const documents = namespaces.reduce((sum, namespace) => sum + namespace.documents, 0);
  const result = outcome === 'restored' ? 'Restored' : 'Restored with differences:';
  return [
    formatTable([header, ...rows], [1, 2, 3, 4]),
    ...namespaces.flatMap(({ db, collection, differences }) =>
      differences.map((difference) => printable(`${db}.${collection}: ${difference}`)),
    ),
    ...(oplog === undefined ? [] : [describeReplay(oplog)]),
    `${result} ${plural(namespaces.length, 'namespace')}, ${plural(documents, 'document')} in ${formatDuration(wholeMs)}`,
  ].join('\n');
}
