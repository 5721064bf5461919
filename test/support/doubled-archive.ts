import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildArchive } from './build-archive.js';

/** The database of the archive. */
export const doubledDatabase = 'doubled';

/** An archive of a server that was written while it was dumped: one `_id` twice, and one value of a unique index twice. Its path. */
export function writeDoubledArchive(folder: string): string {
  const path = join(folder, 'doubled.archive');
  const mail = { v: 2, key: { mail: 1 }, name: 'mail_1', unique: true };
  const archive = buildArchive([
    {
      ...{ db: doubledDatabase, collection: 'ids' },
      documents: [{ _id: 1, v: 'old' }, { _id: 2 }, { _id: 1, v: 'new' }],
    },
    {
      ...{ db: doubledDatabase, collection: 'mails', indexes: [mail] },
      documents: [
        { _id: 7, mail: 'neema@example.org', v: 'old' },
        { _id: 3, mail: 'neema@example.org', v: 'new' },
      ],
    },
  ]);
  writeFileSync(path, archive);
  return path;
}

/** What `keep-last` tells of the two collections. */
export const keptLast = [
  {
    ...{ collection: 'ids', documents: 2, indexes: 1 },
    differences: ['1 document was left out for later ones (keep-last)', '_id 1: the earlier of two documents with it'],
  },
  {
    ...{ collection: 'mails', documents: 1, indexes: 2 },
    differences: [
      '1 document was left out for later ones (keep-last)',
      '_id 7: a later document has its value of the unique index mail_1 {"mail":1}',
    ],
  },
] as const;
