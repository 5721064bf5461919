import { AppError, doubtful, found, skipped, wrong, type Finding } from '#contracts';
import { listNames, printable } from '../native/load/names.js';
import type { SourceExam } from './examine-source.js';
import { describeLogin, judgeRights } from './judge-rights.js';

/** A clock that is further off than this makes times in records and logs hard to compare. */
const mostSkewMs = 10_000;

/** What a look at a server comes to, for people: the server, our rights, its topology, its clock. */
export function sourceFindings(target: string, exam: SourceExam): readonly Finding[] {
  return [
    serverFinding(target, exam),
    rightsFinding(target, exam),
    topologyFinding(target, exam),
    clockFinding(`clock of ${target}`, exam.skewMs),
  ];
}

function serverFinding(target: string, { server, contents, limitedTo }: SourceExam): Finding {
  const name = `source ${target}`;
  if (contents instanceof AppError) return wrong(name, contents);
  if (contents === 'slow')
    return doubtful(
      name,
      `${describeVersion(server)} answers, but did not list its databases and collections in the time that there was`,
      'Give the look more time (hazina doctor --timeout 60)',
    );
  const { databases, estimatedBytes, warnings } = contents;
  const size = estimatedBytes === null ? '' : `, about ${Math.ceil(estimatedBytes / 1_000_000)} MB to read`;
  const limit = limitedTo === null ? '' : `; the path of its URI limits the backup to ${printable(limitedTo)}`;
  const which = databases.length === 0 ? 'no database' : listNames(databases.map(printable));
  const text = `${describeVersion(server)} holds ${which}${size}${limit}`;
  if (server.release[0] < 4)
    return doubtful(
      name,
      text,
      'MongoDB below 4 is not tested with this version: prove a restore before you rely on it',
    );
  if (warnings.length === 0) return found(name, text);
  return doubtful(name, `${text}. ${warnings.join('. ')}`, 'Every backup repeats this among its warnings');
}

function describeVersion({ version, isFerretdb }: SourceExam['server']): string {
  return isFerretdb ? `FerretDB (as MongoDB ${version})` : `MongoDB ${version}`;
}

function rightsFinding(target: string, exam: SourceExam): Finding {
  const name = `rights ${target}`;
  const { login } = exam;
  if (login.privileges === null) return untold(name, exam);
  if (login.users.length === 0)
    return doubtful(
      name,
      'the server asks for no login: whoever reaches it reads and writes everything',
      'Switch access control on (security.authorization: enabled) and give the backup a user with the role backup',
    );
  const { named } = exam;
  const whole = named.length === 0;
  const { missing, without, needless } = judgeRights(login.privileges, named);
  const who = describeLogin(login);
  const [first] = missing;
  if (first !== undefined)
    return wrong(
      name,
      new AppError({
        code: 'source/refused',
        stage: 'probe',
        message: `${who} may not ${missing.join(', nor ')}`,
        hint: whole
          ? `Grant the role backup on admin: db.getSiblingDB('admin').grantRolesToUser('…', ['backup'])`
          : `Grant the role read on each database, or backup on admin`,
      }),
    );
  if (needless.length > 0)
    return doubtful(
      name,
      `${who} may do more than a backup needs: ${needless.join('; ')}`,
      whole
        ? 'Use a user whose only role is backup on admin: what leaks with its password can then be read, not destroyed'
        : 'Use a user whose only role is read on the database: what leaks with its password can then be read, not destroyed',
    );
  if (without.length > 0)
    return doubtful(
      name,
      `${who} may read every database; ${without.join(', ')} will not be in the backup`,
      'Grant the role backup on admin instead, if a restore shall bring users and roles back',
    );
  return found(name, `${who} may read what is backed up, and write nothing`);
}

/** What is not told is not guessed: what could be tried was. */
function untold(name: string, { server, login, contents }: SourceExam): Finding {
  const who = server.isFerretdb ? 'FerretDB' : 'the server';
  const tried =
    contents instanceof AppError || contents === 'slow'
      ? 'a look at what there is to back up did not come to an end'
      : `listing ${contents.databases.length} ${contents.databases.length === 1 ? 'database' : 'databases'} and the collections in them worked`;
  const user = login.users.length === 0 ? 'no user is logged in' : `the user is ${describeLogin(login)}`;
  return skipped(
    name,
    `${who} does not tell what a user may do; ${user}, and ${tried}`,
    'See to it yourself that the user may read and not write',
  );
}

function topologyFinding(target: string, { server, setName }: SourceExam): Finding {
  const name = `topology ${target}`;
  const snapshots = server.release[0] >= 5;
  if (server.isFerretdb)
    return doubtful(
      name,
      'FerretDB has no snapshots: collections are read one after another, so a backup is not of one moment',
      'Where that matters, stop writing while it is backed up',
    );
  if (server.topology === 'standalone')
    return doubtful(
      name,
      'a server of its own: collections are read one after another, so a backup is not of one moment',
      'Make it a replica set of one member (rs.initiate()), from MongoDB 5 on, or stop writing while it is backed up',
    );
  const what = server.topology === 'sharded' ? 'a sharded cluster' : `the replica set ${printable(setName ?? '')}`;
  if (!snapshots)
    return doubtful(
      name,
      `${what}, without snapshots that last (they came with MongoDB 5): a backup is not of one moment`,
      'Upgrade the server, or stop writing while it is backed up',
    );
  return found(
    name,
    `${what}: the native engine reads all collections at one moment, as long as reading takes no longer than the server keeps history; mongodump reads one after another, unless it dumps the oplog besides (BACKUP_OPLOG)`,
  );
}

/** A clock other than ours, by how far it is ahead. */
export function clockFinding(name: string, skewMs: number | null): Finding {
  if (skewMs === null) return skipped(name, 'it does not tell its time');
  const apart = `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs < 0 ? 'behind' : 'ahead of'} this machine's`;
  if (Math.abs(skewMs) <= mostSkewMs) return found(name, apart);
  return doubtful(
    name,
    apart,
    'Set both clocks (NTP): times in records and logs are hard to compare, and retention waits',
  );
}
