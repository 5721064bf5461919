import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { projectRoot } from '../test/support/run-hazina.js';

export interface Contestant {
  readonly name: string;
  readonly command: string;
  /** Run before each measured run, not measured. */
  readonly prepare?: string;
}

export interface Places {
  readonly uri: string;
  readonly database: string;
  /** Where every contestant writes, below a folder of its own. */
  readonly folder: string;
}

export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** As its users start it: by its own first line. */
export const hazina = join(projectRoot, 'apps/cli/bin/hazina.mjs');

/** What people write today, each where its tools are on the PATH. Without mongodump a plain driver loop feeds the same shell commands. */
export function backupContestants({ uri, database, folder }: Places): { contestants: Contestant[]; missing: string[] } {
  const dump = onPath('mongodump')
    ? `mongodump --quiet --uri=${uri} --db=${database} --archive`
    : `node ${join(projectRoot, 'dist/bench/driver-loop.js')} ${uri} ${database}`;
  const all: (Contestant & { needs: string[] })[] = [
    {
      name: 'hazina (native, zstd)',
      needs: [],
      prepare: `rm -rf ${folder}/hazina`,
      command: `BACKUP_DIRECTORY=${folder}/hazina ${hazina} backup --engine native --database ${database}`,
    },
    {
      name: 'dump | zstd -3 | age',
      needs: ['zstd', 'age'],
      command: `${dump} | zstd -3 -q | age -r "$(age-keygen -y ${folder}/age.key)" > ${folder}/dump.zst.age`,
    },
    {
      name: 'dump | restic',
      needs: ['restic'],
      prepare: `rm -rf ${folder}/restic ${folder}/restic-cache && restic -q init -r ${folder}/restic --cache-dir ${folder}/restic-cache`,
      command: `${dump} | restic -q backup -r ${folder}/restic --cache-dir ${folder}/restic-cache --stdin --stdin-filename dump.archive`,
    },
    {
      name: 'dump | gzip | openssl',
      needs: ['gzip', 'openssl'],
      command: `${dump} | gzip | openssl enc -aes-256-ctr -pbkdf2 -pass env:RESTIC_PASSWORD > ${folder}/dump.gz.enc`,
    },
  ];
  if (onPath('mongodump')) {
    all.splice(1, 0, {
      name: 'hazina (mongodump, zstd)',
      needs: [],
      prepare: `rm -rf ${folder}/hazina-md`,
      command: `BACKUP_DIRECTORY=${folder}/hazina-md ${hazina} backup --engine mongodump --database ${database}`,
    });
  }
  return split(all);
}

export function restoreContestants(
  { uri, database, folder }: Places,
  drop: string,
): { contestants: Contestant[]; missing: string[] } {
  const prepare = `${drop} restored_${database}`;
  return split([
    {
      name: 'hazina restore',
      needs: [],
      prepare,
      command: `TARGET=${uri} BACKUP_DIRECTORY=${folder}/hazina ${hazina} restore --latest --to-env TARGET --rename ${database}=restored_${database}`,
    },
    {
      name: 'mongorestore -j 4 --numInsertionWorkersPerCollection 4',
      needs: ['mongorestore'],
      prepare,
      command: `mongorestore --quiet --uri=${uri} --archive=${folder}/plain.archive --nsFrom='${database}.*' --nsTo='restored_${database}.*' -j 4 --numInsertionWorkersPerCollection 4`,
    },
    {
      name: 'mongorestore (its defaults)',
      needs: ['mongorestore'],
      prepare,
      command: `mongorestore --quiet --uri=${uri} --archive=${folder}/plain.archive --nsFrom='${database}.*' --nsTo='restored_${database}.*'`,
    },
  ]);
}

/** One small collection out of the whole, first, and everything. */
export function partContestants({ uri, database, folder }: Places, drop: string): Contestant[] {
  const prepare = `${drop} restored_${database}`;
  const restore = `TARGET=${uri} BACKUP_DIRECTORY=${folder}/hazina ${hazina} restore --latest --to-env TARGET --rename ${database}=restored_${database}`;
  return [
    {
      name: 'hazina restore --include (one small collection)',
      prepare,
      command: `${restore} --include ${database}.small`,
    },
    { name: 'hazina restore (everything)', prepare, command: restore },
  ];
}

export function verifyContestants({ folder }: Places): Contestant[] {
  return [
    { name: 'hazina verify --level readable', command: `BACKUP_DIRECTORY=${folder}/hazina ${hazina} verify --latest` },
    {
      name: 'hazina verify --level stored',
      command: `BACKUP_DIRECTORY=${folder}/hazina ${hazina} verify --latest --level stored`,
    },
  ];
}

function split(all: (Contestant & { needs: string[] })[]): { contestants: Contestant[]; missing: string[] } {
  const contestants = all.filter(({ needs }) => needs.every(onPath));
  const missing = all.flatMap(({ name, needs }) => {
    const absent = needs.filter((program) => !onPath(program));
    return absent.length > 0 ? [`${name}: ${absent.join(', ')} not on the PATH`] : [];
  });
  return { contestants, missing };
}
