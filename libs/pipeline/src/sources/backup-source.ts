import type { ArchiveNamespace } from '#engine';
import type { RunObserver } from '../deps.js';
import { openArchive, type OpenArchiveDeps } from '../open-archive.js';
import type { ProvenBackup } from '../objects/prove-backup.js';
import { compareContents } from '../run-verify.js';
import type { ArchiveSource } from './archive-source.js';

/** A proven backup of the store as a source: its manifest tells the contents without a byte of the data being read. */
export function backupSource(deps: OpenArchiveDeps & { observer: RunObserver }, proven: ProvenBackup): ArchiveSource {
  const namespaces = proven.manifest.namespaces.flatMap(({ db, collection, type, documents }): ArchiveNamespace[] =>
    type === 'collection' || type === 'view' || type === 'timeseries' ? [{ db, collection, type, documents }] : [],
  );
  const expectedBytes = proven.backup.objects.data.bytes;
  return {
    contents: () => Promise.resolve({ namespaces }),
    check: (summary) => compareContents(proven.manifest, summary),
    open: (signal) =>
      Promise.resolve(
        openArchive(deps, proven, {
          signal,
          onStoredBytes: (storedBytes) => deps.observer.progress({ storedBytes, expectedBytes }),
          onWarning: (text) => deps.observer.warning(text),
        }),
      ),
  };
}
