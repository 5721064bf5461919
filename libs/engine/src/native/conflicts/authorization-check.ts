import { MongoServerError, type Document, type MongoClient } from 'mongodb';
import type { AuthorizationPart } from '../authorization/authorization-part.js';
import { decodeToMap, documentsOfRun } from '../load/raw-bson.js';

type Kind = 'users' | 'roles';

interface Named {
  readonly name: string;
  readonly db: string;
}

/** What the server has of the users, or of the roles, of an archive. */
export interface ExistingNames {
  /** Of the archive, as far as they were looked at. */
  readonly held: number;
  /** Databases of those that are there, with how many; never a name. */
  readonly there: ReadonlyMap<string, number>;
  /** The user that this restore logs in as is among them. */
  readonly isOwnLogin: boolean;
  /** The server does not answer: why. */
  readonly unanswered: string | null;
}

export interface AuthorizationFindings {
  readonly users: ExistingNames;
  readonly roles: ExistingNames;
  /** All of the archive was looked at. */
  readonly complete: boolean;
  /** The archive holds neither; known only of one that was read to its end. */
  readonly isEmpty: boolean;
  /** The form of the archive's users and of the target's; null where nobody knows one of them. */
  readonly schema: { readonly archive: number; readonly target: number } | null;
}

const namesOfQuestion = 500;
/** More are counted, not asked for. */
const mostNames = 20_000;

/** Which users and roles of an archive the server has already: the merge would replace them. Keeps their names only, asks at the end, writes nothing. */
export class AuthorizationCheck {
  readonly #names: Record<Kind, Named[]> = { users: [], roles: [] };
  readonly #held: Record<Kind, number> = { users: 0, roles: 0 };
  readonly #seen = new Set<AuthorizationPart>();
  #schema: number | null = null;
  /** All of it was shown. */
  complete = false;

  /** `databases`: only what belongs to these; none named: everything. `logins`: who asks, as `restorer@admin`. */
  constructor(
    private readonly client: MongoClient,
    private readonly databases: readonly string[],
    private readonly logins: readonly string[],
  ) {}

  /** A run of whole documents; nothing of it is kept but names. */
  add(part: AuthorizationPart, run: Buffer): void {
    this.#seen.add(part);
    for (const document of documentsOfRun(run)) {
      const fields = decodeToMap(document);
      if (part === 'version') {
        if (fields.get('_id') === 'authSchema') this.#schema = Number(fields.get('currentVersion'));
        continue;
      }
      const [db, name] = [String(fields.get('db')), String(fields.get(part === 'users' ? 'user' : 'role'))];
      if (this.databases.length > 0 && !this.databases.includes(db)) continue;
      this.#held[part] += 1;
      if (this.#names[part].length < mostNames) this.#names[part].push({ db, name });
    }
  }

  async findings(): Promise<AuthorizationFindings> {
    return {
      users: await this.#existing('users'),
      roles: await this.#existing('roles'),
      complete: this.complete,
      isEmpty: this.complete && !this.#seen.has('users') && !this.#seen.has('roles'),
      schema: await this.#compareSchema(),
    };
  }

  async #existing(kind: Kind): Promise<ExistingNames> {
    const names = this.#names[kind];
    const there = new Map<string, number>();
    let isOwnLogin = false;
    let unanswered = names.length < this.#held[kind] ? `only the first ${names.length} were asked for` : null;
    for (let at = 0; at < names.length; at += namesOfQuestion) {
      const found = await this.#ask(kind, names.slice(at, at + namesOfQuestion));
      if (typeof found === 'string') {
        unanswered = found;
        break;
      }
      for (const { db, name } of found) {
        there.set(db, (there.get(db) ?? 0) + 1);
        if (kind === 'users' && this.logins.includes(`${name}@${db}`)) isOwnLogin = true;
      }
    }
    return { held: this.#held[kind], there, isOwnLogin, unanswered };
  }

  async #ask(kind: Kind, names: readonly Named[]): Promise<Named[] | string> {
    const field = kind === 'users' ? 'user' : 'role';
    const question = { [`${kind}Info`]: names.map(({ db, name }) => ({ [field]: name, db })) };
    const reply = await this.#answer(question);
    if (typeof reply === 'string') return reply;
    const found: unknown = reply[kind];
    if (!Array.isArray(found)) return 'the server does not tell';
    return (found as Document[]).map((one) => ({ name: String(one[field]), db: String(one['db']) }));
  }

  async #compareSchema(): Promise<AuthorizationFindings['schema']> {
    if (this.#schema === null) return null;
    const reply = await this.#answer({ getParameter: 1, authSchemaVersion: 1 });
    const target = typeof reply === 'string' ? NaN : Number(reply['authSchemaVersion']);
    return Number.isNaN(target) ? null : { archive: this.#schema, target };
  }

  /** A text: the server does not answer. */
  async #answer(question: Document): Promise<Document | string> {
    try {
      return await this.client.db('admin').command(question);
    } catch (error) {
      // Its text may hold names.
      if (error instanceof MongoServerError) return `the server does not answer (code ${error.code ?? '?'})`;
      throw error;
    }
  }
}
