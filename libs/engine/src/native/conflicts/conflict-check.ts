import type { MongoClient } from 'mongodb';
import { OplogWatch, type ArchivePrelude } from '#archive';
import { namespaceKey, throwIfAborted, type Clock, type RestoreFindings } from '#contracts';
import { connect } from '../../connection/index.js';
import type { ArchiveContents, LoadEngine, LoadRequest, TargetMeans } from '../../engine.js';
import { authorizationPart } from '../authorization/authorization-part.js';
import { planNames, type NamedEntry } from '../load/name-plan.js';
import { readSpec } from '../load/read-spec.js';
import { onTarget } from '../load/target-errors.js';
import { occupantKey } from '../load/target-state.js';
import { AuthorizationCheck } from './authorization-check.js';
import { conflictBounds, type ConflictBounds } from './conflict-bounds.js';
import { describeFindings } from './describe-findings.js';
import type { FoundOplog } from './describe-oplog.js';
import { EntryCheck } from './entry-check.js';
import { lookAtNames, type TargetNames } from './target-names.js';

export interface ConflictOptions {
  readonly engine: LoadEngine['name'];
  readonly clock: Clock;
  /** As the plan was told. */
  readonly means: TargetMeans;
  readonly bounds?: ConflictBounds;
}

/** What may be read of it in one go. */
export interface ReadShare {
  readonly documents: number;
  readonly bytes: number;
}

/**
 * Looks for what stands in the way of a restore: is shown documents of the archive, in its order, and asks the target about them. Writes nothing, and keeps no
 * document for longer than a question. Whoever reads the archive calls `allow`, then `prelude` and `documents` as its reader tells them, `settle` between pieces.
 */
export class ConflictCheck {
  readonly #checks = new Map<string, EntryCheck>();
  readonly #began: number;
  readonly #bounds: ConflictBounds;
  readonly #keys;
  readonly #left = { documents: 0, bytes: 0 };
  readonly #spent = { documents: 0, bytes: 0 };
  readonly #authorization: AuthorizationCheck | null;
  readonly #oplog = new OplogWatch();
  #sawAll = false;
  #asksAuthorization = false;
  #hadAuthorization = false;
  #only: string | null = null;
  /** Collections whose documents stand in the archive. */
  readonly collections: readonly NamedEntry[];

  private constructor(
    private readonly client: MongoClient,
    private readonly request: LoadRequest,
    private readonly contents: ArchiveContents,
    private readonly entries: readonly NamedEntry[],
    private readonly names: TargetNames,
    private readonly options: ConflictOptions,
  ) {
    this.#bounds = options.bounds ?? conflictBounds;
    this.#keys = { left: this.#bounds.keys };
    this.#began = options.clock.monotonicMs();
    const { users } = options.means.rights;
    this.#authorization =
      request.usersAndRoles === true ? new AuthorizationCheck(client, request.databases, users) : null;
    this.collections = entries.filter(({ kind }) => kind === 'collection');
  }

  static async open(
    request: LoadRequest,
    contents: ArchiveContents,
    options: ConflictOptions,
    signal: AbortSignal,
  ): Promise<ConflictCheck> {
    const { entries } = planNames(contents.namespaces, request);
    return onTarget('plan', async () => {
      const { client } = await connect(request.uri, 'target', { signal });
      try {
        const names = await lookAtNames(client, entries);
        return new ConflictCheck(client, request, contents, entries, names, options);
      } catch (error) {
        await client.close();
        throw error;
      }
    });
  }

  /** What is left of the bounds. */
  get room(): ReadShare {
    const { documents, bytes } = this.#bounds;
    return { documents: documents - this.#spent.documents, bytes: bytes - this.#spent.bytes };
  }

  get isOutOfTime(): boolean {
    return this.options.clock.monotonicMs() - this.#began > this.#bounds.ms;
  }

  /** From here on so much is looked at; `only`: of this one alone, or of users and roles, which are then not looked at again. */
  allow({ documents, bytes }: ReadShare, only?: NamedEntry | 'authorization'): void {
    this.#asksAuthorization = only === 'authorization' || (only === undefined && !this.#hadAuthorization);
    if (only === 'authorization') this.#hadAuthorization = true;
    this.#left.documents = documents;
    this.#left.bytes = bytes;
    this.#only = only === undefined ? null : only === 'authorization' ? only : namespaceKey(only.source);
  }

  /** Nothing more is to be read of what was allowed. */
  get isEnough(): boolean {
    return this.#left.documents <= 0 || this.#left.bytes <= 0 || this.isOutOfTime;
  }

  prelude({ collections }: ArchivePrelude): void {
    const metadata = new Map(collections.map((one) => [namespaceKey(one), one.metadata]));
    for (const entry of this.collections) {
      const key = namespaceKey(entry.source);
      const text = metadata.get(key);
      if (text === undefined || this.#checks.has(key)) continue;
      const standing = this.names.standing.get(occupantKey(entry.db, entry.collection));
      const bounds = { keys: this.#keys, validated: this.#bounds.validated };
      this.#checks.set(key, new EntryCheck(this.client.db(entry.db), entry, readSpec(text), standing, bounds));
    }
  }

  /** A run of whole documents: a view. What is beyond the share is passed over. */
  documents(namespace: { readonly db: string; readonly collection: string }, run: Buffer, count: number): void {
    this.#oplog.documents(namespace, run, count);
    const part = authorizationPart(namespace);
    if (part !== null && this.#asksAuthorization) this.#authorization?.add(part, run);
    const key = namespaceKey(namespace);
    const check = this.#checks.get(key);
    if (check === undefined || this.isEnough || (this.#only !== null && this.#only !== key)) return;
    check.add(run);
    this.#left.documents -= count;
    this.#left.bytes -= run.length;
    this.#spent.documents += count;
    this.#spent.bytes += run.length;
  }

  /** All documents of a namespace were there. */
  namespaceEnd(namespace: { readonly db: string; readonly collection: string }, documents: number): void {
    const check = this.#checks.get(namespaceKey(namespace));
    if (check?.looked === documents) check.complete = true;
  }

  /** Read to the end: of the whole archive, or of its users and roles alone. */
  sawEnd(of: 'archive' | 'authorization'): void {
    if (this.#authorization !== null && this.#asksAuthorization) this.#authorization.complete = true;
    if (of === 'archive') this.#sawAll = true;
  }

  async settle(signal: AbortSignal, all = false): Promise<void> {
    throwIfAborted(signal, 'plan');
    await onTarget('plan', async () => {
      for (const check of this.#checks.values()) await check.settle(all);
    });
  }

  async findings(signal: AbortSignal): Promise<RestoreFindings> {
    await this.settle(signal, true);
    return onTarget('plan', async () =>
      describeFindings({
        request: this.request,
        engine: this.options.engine,
        entries: this.entries,
        ...this.names,
        checks: [...this.#checks.values()],
        documentsOf: documentsOf(this.contents),
        ...this.options.means,
        bounds: this.#bounds,
        authorization: (await this.#authorization?.findings()) ?? null,
        oplog: this.#foundOplog(),
      }),
    );
  }

  #foundOplog(): FoundOplog | null {
    const { oplog, oplogAt } = this.contents;
    if (oplog !== undefined) return { entries: oplog, at: oplogAt ?? null, from: 'manifest' };
    return this.#sawAll ? { entries: this.#oplog.entries, at: this.#oplog.last, from: 'archive' } : null;
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function documentsOf({ namespaces }: ArchiveContents): (entry: NamedEntry) => number | null {
  const known = new Map(namespaces.map((namespace) => [namespaceKey(namespace), namespace.documents]));
  return ({ source }) => known.get(namespaceKey(source)) ?? null;
}
