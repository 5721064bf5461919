import type { MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import type { ArchiveContents, LoadRequest } from '../../engine.js';
import { databasesOf } from '../load/names.js';
import { requireApplyOps } from './apply-ops.js';

/** A name that no collection has. */
const nowhere = '_hazina_tmp_none';

/** Whether a restore replays the oplog: as it is asked to or, when nobody says anything, wherever there is one and all of the archive is restored. */
export function replaysOplog(
  contents: Pick<ArchiveContents, 'oplog'>,
  selection: Pick<LoadRequest, 'databases' | 'include' | 'exclude'>,
  asked: boolean | null | undefined,
): boolean {
  return asked ?? ((contents.oplog ?? 0) > 0 && !isPart(selection));
}

/** Before anything is written: throws where the oplog of the archive could not be replayed at all. */
export async function requireReplay(
  client: MongoClient,
  request: LoadRequest,
  entries: readonly { readonly db: string }[],
  contents?: ArchiveContents,
): Promise<void> {
  if (request.oplogReplay !== true) return;
  if (isPart(request))
    throw refused('The oplog of a backup is replayed on the whole of it only, not on a part', ofPart);
  if (contents?.oplog === 0)
    throw refused('The backup holds no oplog that could be replayed', 'Leave --oplog-replay out');
  const [db] = databasesOf(entries);
  if (db !== undefined) await requireApplyOps(client, db, nowhere);
}

const ofPart =
  'Restore everything (under other names by --rename), or the part without the oplog (--no-oplog-replay): each collection is then as it was when it was read';

/** The oplog tells of everything: on a part, most of it would be about what is not there. */
function isPart({ databases, include, exclude }: Pick<LoadRequest, 'databases' | 'include' | 'exclude'>): boolean {
  return databases.length + include.length + exclude.length > 0;
}

function refused(message: string, hint: string): AppError {
  return new AppError({ code: 'cli/bad-arguments', stage: 'plan', message, hint });
}
