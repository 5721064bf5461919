import type { Db, MongoClient } from 'mongodb';
import { AppError, type RestoredUsers } from '#contracts';
import { decodeToMap, documentsOfRun } from '../load/raw-bson.js';
import { runRawWrite } from '../load/raw-command.js';
import type { PlanEntry } from '../load/plan-types.js';
import type { AuthorizationPart } from './authorization-part.js';

/** A user takes less than a kilobyte. */
const mostBytes = 32 << 20;
/** Of one insert. */
const batchDocuments = 1000;
const batchBytes = 8 << 20;

/**
 * Users and roles of an archive on their way into the server: held in memory until everything else is loaded, then merged by the server itself, in one
 * command. Who is there under the same name is replaced, passwords included; nobody is removed.
 */
export class AuthorizationCopy {
  private readonly held = { users: [] as Buffer[], roles: [] as Buffer[] };
  private readonly seen = new Set<AuthorizationPart>();
  private bytes = 0;
  private schema: number | undefined;

  /** `databases`: only what belongs to these; none named: everything. */
  constructor(private readonly databases: readonly string[]) {}

  /** Takes whole documents; `run` may be reused by the caller afterwards. */
  add(part: AuthorizationPart, run: Buffer): void {
    this.seen.add(part);
    for (const document of documentsOfRun(run)) {
      const fields = decodeToMap(document);
      if (part === 'version') {
        if (fields.get('_id') === 'authSchema') this.schema = Number(fields.get('currentVersion'));
        continue;
      }
      if (this.databases.length > 0 && !this.databases.includes(String(fields.get('db')))) continue;
      this.bytes += document.length;
      if (this.bytes > mostBytes) throw tooMuch();
      this.held[part].push(Buffer.from(document));
    }
  }

  /** Throws `restore/failed` when the archive held neither, `target/unsupported` when the target keeps them in another form. */
  async merge(client: MongoClient, entries: readonly PlanEntry[]): Promise<RestoredUsers> {
    if (!this.seen.has('users') && !this.seen.has('roles')) throw noneThere();
    await this.checkSchema(client);
    const { authorization: places, db: name } = entries.find(({ authorization }) => authorization !== undefined) ?? {};
    if (places === undefined || name === undefined) throw new Error('the plan has no place for users and roles');
    const db = client.db(name);
    const names = { users: places.users.temporary, roles: places.roles.temporary };
    // Both: the server insists on both names.
    for (const part of ['users', 'roles'] as const) {
      await db.command({ create: names[part], writeConcern: { w: 'majority' } });
      await insertAll(db, names[part], this.held[part]);
    }
    await client.db('admin').command({
      _mergeAuthzCollections: 1,
      tempUsersCollection: `${db.databaseName}.${names.users}`,
      tempRolesCollection: `${db.databaseName}.${names.roles}`,
      // Of every database: what is not wanted is not in there.
      ...{ db: '', drop: false, writeConcern: { w: 'majority' } },
    });
    for (const temporary of Object.values(names))
      await db.command({ drop: temporary, writeConcern: { w: 'majority' } });
    return { users: this.held.users.length, roles: this.held.roles.length };
  }

  private async checkSchema(client: MongoClient): Promise<void> {
    if (this.schema === undefined) return;
    const reply = await client.db('admin').command({ getParameter: 1, authSchemaVersion: 1 });
    const there = Number(reply['authSchemaVersion']);
    if (there === this.schema) return;
    throw new AppError({
      code: 'target/unsupported',
      stage: 'load',
      message: `The users of the archive are in form ${this.schema}, those of the target in form ${there}: they cannot be merged`,
      hint: 'Nothing was renamed; the target is as it was. Restore without users and roles, or into a server of the same release',
    });
  }
}

async function insertAll(db: Db, collection: string, documents: readonly Buffer[]): Promise<void> {
  for (let at = 0; at < documents.length;) {
    const batch: Buffer[] = [];
    let bytes = 0;
    for (let next = documents[at]; next !== undefined && batch.length < batchDocuments; next = documents[at]) {
      if (batch.length > 0 && bytes + next.length > batchBytes) break;
      batch.push(next);
      bytes += next.length;
      at += 1;
    }
    const command = { insert: collection, ordered: true, writeConcern: { w: 'majority' } };
    const reply = await runRawWrite(db, command, 'documents', { runs: batch, count: batch.length });
    if (reply.n !== batch.length) throw refusedSome(batch.length - reply.n);
  }
}

function noneThere(): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: 'The archive holds no users and roles',
    hint: 'Nothing was renamed; the target is as it was. Dumps of a whole server hold them, and those made with --dumpDbUsersAndRoles',
  });
}

function tooMuch(): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `The archive holds more than ${mostBytes >> 20} MiB of users and roles`,
    hint: 'Nothing was renamed; the target is as it was. Restore the data without them, and the users by the official tools',
  });
}

/** The server's words may hold what stands in the documents: they go nowhere. */
function refusedSome(count: number): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `The target refused ${count} users or roles`,
    hint: 'Nothing was renamed; the target is as it was',
  });
}
