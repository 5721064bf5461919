import { AppError, doubtful, found, skipped, wrong, type Finding } from '#contracts';
import { findTool } from '../mongodump/find-tool.js';

export interface ToolSettings {
  readonly searchPath: string;
  /** Of all targets: a tool is needed where `mongodump` is among them. */
  readonly engines: readonly ('auto' | 'mongodump' | 'native')[];
}

/** The official tools on the search path, and who dumps when they are not there. */
export async function toolFindings({ searchPath, engines }: ToolSettings): Promise<readonly Finding[]> {
  const needed = engines.includes('mongodump');
  const wanted = needed || engines.includes('auto');
  return Promise.all([
    look('mongodump', searchPath, {
      needed,
      found: wanted ? 'dumps where it is able' : 'is not used: BACKUP_ENGINE is native',
      missing: 'the native engine dumps, which writes the same archive and needs no tool',
    }),
    look('mongorestore', searchPath, {
      needed: false,
      found: 'restores where --engine mongorestore says so',
      missing: 'the native engine restores, which is all-or-nothing and needs no tool',
    }),
  ]);
}

interface Words {
  readonly needed: boolean;
  readonly found: string;
  readonly missing: string;
}

async function look(name: 'mongodump' | 'mongorestore', searchPath: string, words: Words): Promise<Finding> {
  try {
    const { path, version } = await findTool(searchPath, name);
    return found(name, `${path}, version ${version}, ${words.found}`);
  } catch (thrown) {
    const error = AppError.from(thrown, 'probe');
    if (words.needed) return wrong(name, error);
    if (error.code === 'engine/not-found') return skipped(name, `not on the PATH: ${words.missing}`);
    return doubtful(
      name,
      `${error.message}: ${words.missing}`,
      error.hint ?? 'Install the MongoDB Database Tools 100.x',
    );
  }
}
