import { crc64Hex, type ArchiveSummary } from '#archive';
import { namespaceKey, type Manifest, type ManifestNamespace } from '#contracts';
import { namespaceType } from './archive-facts.js';
import { mismatch } from './compare-manifest.js';

/** What the archive holds against what the manifest says it holds. */
export function compareContents(manifest: Manifest, archive: ArchiveSummary): void {
  const differences = differencesOf(manifest.namespaces, archive);
  if (
    manifest.consistency.mode === 'oplog' &&
    !archive.namespaces.some(({ db, collection }) => db === '' && collection === 'oplog')
  )
    differences.push('the oplog that makes it of one moment is missing');
  if (archive.archiveBytes !== manifest.totals.archiveBytes)
    differences.push(`the archive has ${archive.archiveBytes} bytes, not ${manifest.totals.archiveBytes}`);
  refuse(manifest, differences);
}

/** The same of some namespaces, which are all that was read. */
export function comparePart(
  manifest: Manifest,
  namespaces: readonly ManifestNamespace[],
  archive: ArchiveSummary,
): void {
  refuse(manifest, differencesOf(namespaces, archive));
}

function differencesOf(namespaces: readonly ManifestNamespace[], archive: ArchiveSummary): string[] {
  const expected = new Map(namespaces.map((namespace) => [namespaceKey(namespace), namespace]));
  const differences: string[] = [];
  for (const found of archive.namespaces) {
    const name = `${found.db}.${found.collection}`;
    const namespace = expected.get(namespaceKey(found));
    expected.delete(namespaceKey(found));
    if (namespace === undefined) differences.push(`${name} is not in the manifest`);
    else if (namespace.documents !== found.documents)
      differences.push(`${name} has ${found.documents} documents, not ${namespace.documents}`);
    else if (namespace.bsonBytes !== found.bsonBytes || namespace.crc64 !== crc64Hex(found.crc64))
      differences.push(`${name} has other documents`);
    else if (namespace.type !== namespaceType(found)) differences.push(`${name} is a ${found.type}`);
  }
  for (const { db, collection } of expected.values()) differences.push(`${db}.${collection} is missing`);
  return differences;
}

function refuse(manifest: Manifest, differences: readonly string[]): void {
  if (differences.length === 0) return;
  throw mismatch(
    manifest.backupId,
    'the archive',
    `it is not what the manifest describes: ${differences.slice(0, 5).join('; ')}`,
  );
}
