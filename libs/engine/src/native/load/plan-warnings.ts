import type { MongoClient } from 'mongodb';
import type { ArchiveContents, LoadRequest, TargetMeans } from '../../engine.js';
import { oplogWarnings } from './plan-notes.js';

/** What may go wrong although nothing is refused: another version, a lack of rights or of room. Everything here is asked, nothing written. */
export async function planWarnings(
  client: MongoClient,
  contents: ArchiveContents,
  request: LoadRequest,
  { rights, room: { warning } }: TargetMeans,
): Promise<string[]> {
  return [
    ...oplogWarnings(contents, request),
    ...versionWarnings(contents.serverVersion, String((await client.db('admin').command({ buildInfo: 1 }))['version'])),
    ...rights.lacking.map(({ text }) => text),
    ...(warning === undefined ? [] : [warning]),
  ];
}

/** Only the two numbers count that change what a server knows. */
function versionWarnings(source: string | undefined, target: string): string[] {
  const [from, to] = [source, target].map((version) =>
    /^(\d+)\.(\d+)/
      .exec(version ?? '')
      ?.slice(1)
      .map(Number),
  );
  if (!from || !to) return [];
  const [[a = 0, b = 0], [c = 0, d = 0]] = [from, to];
  if (a === c && b === d) return [];
  const isOlder = c < a || (c === a && d < b);
  const what = isOlder
    ? 'an older one may refuse options and indexes that it does not know, which ends the restore before a name has changed'
    : 'options and indexes that it does not take any more end the restore before a name has changed';
  return [`the backup is of a server ${source ?? ''}, the target is ${target}: ${what}`];
}
