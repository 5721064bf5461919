import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ArchiveReader } from '#archive';

/** Writes an archive's contents as mongodump --out does: one folder for each database, and in it two files for each collection. */
export function writeDumpFolder(archive: Buffer, root: string, { gzip = false } = {}): void {
  const documents = new Map<string, { db: string; collection: string; runs: Buffer[] }>();
  const reader = new ArchiveReader({
    documents: ({ db, collection }, run) => {
      const key = `${db}\0${collection}`;
      const found = documents.get(key) ?? { db, collection, runs: [] };
      documents.set(key, found);
      found.runs.push(Buffer.from(run));
    },
  });
  reader.write(archive);
  const { namespaces, serverVersion, toolVersion } = reader.end();
  const write = (folder: string, name: string, bytes: Buffer | string): void => {
    mkdirSync(join(root, folder), { recursive: true });
    if (gzip) writeFileSync(join(root, folder, `${name}.gz`), gzipSync(bytes));
    else writeFileSync(join(root, folder, name), bytes);
  };
  write('', 'prelude.json', JSON.stringify({ ServerVersion: serverVersion, ToolVersion: toolVersion }));
  for (const { db, collection, metadata, type } of namespaces) {
    const name = escape(collection);
    if (metadata !== null) write(db, `${name}.metadata.json`, metadata);
    const runs = documents.get(`${db}\0${collection}`)?.runs ?? [];
    if (type !== 'view' && !(type === 'timeseries' && runs.length === 0))
      write(db, `${name}.bson`, Buffer.concat(runs));
  }
}

/** As Go's url.PathEscape, which leaves alone some that encodeURIComponent escapes; cut to 238 with a hash at the end, as mongodump cuts it. */
function escape(name: string): string {
  const escaped = encodeURIComponent(name).replace(/%(24|26|2B|3A|3D|40)/g, (code) => decodeURIComponent(code));
  if (escaped.length <= 238) return escaped;
  return `${escaped.slice(0, 208)}%24${createHash('sha1').update(name).digest('base64url')}`;
}
