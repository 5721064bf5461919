import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from './run-hazina.js';
import type { RepeatedArchive } from './generated-archive.js';

export const clinicFixture = join(projectRoot, 'test/fixtures/archives/clinic.archive');

export interface ToolBehaviour {
  /** See tool-double.mjs. Default: it gives the archive. */
  readonly behaviour?: string;
  /** Bytes before it misbehaves. */
  readonly after?: number;
  /** Instead of the fixture: an archive of any size. */
  readonly repeated?: RepeatedArchive;
}

/** A folder with a mongodump and a mongorestore that behave as told. */
export interface ToolFolder {
  readonly folder: string;
  readonly mongodump: string;
  /** A PATH on which they come first. */
  readonly path: string;
  /** Of the last one that was started; throws before. */
  pid(): number;
}

export function toolFolder(parent: string, { repeated, ...behaviour }: ToolBehaviour = {}): ToolFolder {
  const folder = mkdtempSync(join(parent, 'bin-'));
  for (const name of ['mongodump', 'mongorestore'])
    copyFileSync(join(projectRoot, 'test/support/tool-double.mjs'), join(folder, name));
  const files = repeated === undefined ? {} : { repeated: writeRepeated(folder, repeated) };
  writeFileSync(join(folder, 'behaviour.json'), JSON.stringify({ archive: clinicFixture, ...behaviour, ...files }));
  return {
    folder,
    mongodump: join(folder, 'mongodump'),
    path: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`,
    pid: () => (JSON.parse(readFileSync(join(folder, 'seen.json'), 'utf8')) as { pid: number }).pid,
  };
}

function writeRepeated(folder: string, { head, run, times, tail }: RepeatedArchive): Record<string, unknown> {
  const write = (name: string, bytes: Buffer): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  return { head: write('head', head), run: write('run', run), times, tail: write('tail', tail) };
}
