import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDatabaseName } from '#contracts';
import { namedFile } from './file-names.js';
import { refused, statFile, unreadable, type FoundFile } from './found-file.js';

const mostFiles = 200_000;

/** What lies in a folder that mongodump wrote, by what it is. Nothing was opened yet. */
export interface ListedFiles {
  readonly databases: ReadonlyMap<string, readonly ListedFile[]>;
  readonly oplog: FoundFile | null;
  /** `prelude.json`: the versions. */
  readonly preludes: readonly FoundFile[];
  /** Names of what mongodump does not write. */
  readonly foreign: readonly string[];
}

export interface ListedFile extends FoundFile {
  readonly kind: 'data' | 'metadata';
  readonly escaped: string;
}

/** Lists the folder and the folders of its databases, in name order. Links and special files are refused, wherever they stand. */
export async function listFiles(root: string): Promise<ListedFiles> {
  const databases = new Map<string, ListedFile[]>();
  const preludes: FoundFile[] = [];
  const foreign: string[] = [];
  let oplog: FoundFile | null = null;
  let count = 0;
  const look = async (path: string, name: string): Promise<FoundFile | null> => {
    if ((count += 1) > mostFiles)
      throw refused(`There are more than ${mostFiles} files`, 'Take its databases in one by one');
    const stats = await statFile(path, name);
    return stats === null ? null : { path, name, gzip: name.endsWith('.gz'), stats };
  };

  for (const name of await namesIn(root, '.')) {
    const found = await look(join(root, name), name);
    if (found === null) {
      if (!isDatabaseName(name)) throw refused(`${name} cannot be the name of a database`, whatToGive);
      databases.set(name, await listDatabase(root, name, { look, preludes, foreign }));
    } else if (/^oplog\.bson(\.gz)?$/.test(name)) {
      if (oplog !== null) throw twice('oplog.bson');
      oplog = found;
    } else if (/^prelude\.json(\.gz)?$/.test(name)) preludes.push(found);
    else if (namedFile(name) !== null) throw refused(`${name} lies in no folder of a database`, whatToGive);
    else foreign.push(name);
  }
  if ([...databases.values()].every((files) => files.length === 0) && oplog === null)
    throw refused('There is nothing in it that mongodump wrote', whatToGive);
  return { databases, oplog, preludes, foreign };
}

export const whatToGive =
  'Give the folder that mongodump wrote (--out, "dump" by default): it holds one folder for each database, and in them .bson and .metadata.json files';

export function twice(name: string) {
  return refused(`${name} stands there twice`, 'Keep the one that is meant: plain or gzipped');
}

interface Look {
  readonly look: (path: string, name: string) => Promise<FoundFile | null>;
  readonly preludes: FoundFile[];
  readonly foreign: string[];
}

async function listDatabase(root: string, db: string, { look, preludes, foreign }: Look): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  for (const name of await namesIn(join(root, db), db)) {
    const below = `${db}/${name}`;
    const found = await look(join(root, db, name), below);
    const named = found === null ? null : namedFile(name);
    if (found !== null && /^prelude\.json(\.gz)?$/.test(name)) preludes.push(found);
    else if (found === null || named === null) foreign.push(below);
    else files.push({ ...found, ...named });
  }
  return files;
}

async function namesIn(path: string, name: string): Promise<string[]> {
  const names = await readdir(path).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  const broken = names.find((one) => one.includes('\ufffd'));
  if (broken !== undefined) throw refused(`${broken} in ${name} is no name in UTF-8`, whatToGive);
  return names.sort();
}
