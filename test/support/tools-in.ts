import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RepeatedArchive } from './generated-archive.js';
import { projectRoot } from './run-hazina.js';
import { ToolDoubles } from './tool-doubles.js';

export const clinicFixture = join(projectRoot, 'test/fixtures/archives/clinic.archive');

export interface ToolBehaviour {
  /** See tool-double.mjs. Default: it gives the archive. */
  readonly behaviour?: string;
  /** Bytes before it misbehaves. */
  readonly after?: number;
  /** Instead of the fixture: the path of another archive. */
  readonly archive?: string;
  /** Instead of the fixture: an archive of any size. */
  readonly repeated?: RepeatedArchive;
  /** With a child of its own. */
  readonly spawns?: boolean;
  /** Of a restore. */
  readonly says?: readonly string[];
}

/** Doubles below a test's own folder, which goes away with them. */
export function toolsIn(parent: string, { behaviour = 'good', repeated, ...more }: ToolBehaviour = {}): ToolDoubles {
  const doubles = new ToolDoubles(parent);
  const pieces = repeated === undefined ? {} : { repeated: writeRepeated(doubles.folder, repeated) };
  doubles.behave(behaviour, { archive: clinicFixture, ...more, ...pieces });
  return doubles;
}

function writeRepeated(folder: string, { head, run, times, tail }: RepeatedArchive): Record<string, unknown> {
  const write = (name: string, bytes: Buffer): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  return { head: write('head', head), run: write('run', run), times, tail: write('tail', tail) };
}
