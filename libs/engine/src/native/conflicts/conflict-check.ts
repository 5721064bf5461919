import type { MongoClient } from 'mongodb';
import type { ArchivePrelude } from '#archive';
import { namespaceKey, throwIfAborted, type Clock, type RestoreFindings } from '#contracts';
import { connect } from '../../connection/index.js';
import type { ArchiveContents, LoadEngine, LoadRequest } from '../../engine.js';
import { planNames, type NamedEntry } from '../load/name-plan.js';
import { databasesOf } from '../load/names.js';
import { readSpec } from '../load/read-spec.js';
import { onTarget } from '../load/target-errors.js';
import { occupantKey } from '../load/target-state.js';
import { lookForRights, lookForRoom } from '../load/target-means.js';
import { conflictBounds, type ConflictBounds } from './conflict-bounds.js';
import { describeFindings } from './describe-findings.js';
import { EntryCheck } from './entry-check.js';
import { lookAtNames, type Standing } from './target-names.js';

export interface ConflictOptions {
  readonly engine: LoadEngine['name'];
  readonly clock: Clock;
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
  #only: string | null = null;
  /** Collections whose documents stand in the archive. */
  readonly collections: readonly NamedEntry[];

  private constructor(
    private readonly client: MongoClient,
    private readonly request: LoadRequest,
    private readonly contents: ArchiveContents,
    private readonly entries: readonly NamedEntry[],
    private readonly standing: ReadonlyMap<string, Standing>,
    private readonly options: ConflictOptions,
  ) {
    this.#bounds = options.bounds ?? conflictBounds;
    this.#keys = { left: this.#bounds.keys };
    this.#began = options.clock.monotonicMs();
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
        const standing = await lookAtNames(client, entries);
        return new ConflictCheck(client, request, contents, entries, standing, options);
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

  /** From here on so much is looked at; `only`: of this one alone. */
  allow({ documents, bytes }: ReadShare, only?: NamedEntry): void {
    this.#left.documents = documents;
    this.#left.bytes = bytes;
    this.#only = only === undefined ? null : namespaceKey(only.source);
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
      const standing = this.standing.get(occupantKey(entry.db, entry.collection));
      const bounds = { keys: this.#keys, validated: this.#bounds.validated };
      this.#checks.set(key, new EntryCheck(this.client.db(entry.db), entry, readSpec(text), standing, bounds));
    }
  }

  /** A run of whole documents: a view. What is beyond the share is passed over. */
  documents(namespace: { readonly db: string; readonly collection: string }, run: Buffer, count: number): void {
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
        standing: this.standing,
        checks: [...this.#checks.values()],
        documentsOf: documentsOf(this.contents),
        rights: await lookForRights(this.client, databasesOf(this.entries)),
        room: await lookForRoom(this.client, this.entries, this.contents),
        bounds: this.#bounds,
      }),
    );
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function documentsOf({ namespaces }: ArchiveContents): (entry: NamedEntry) => number | null {
  const known = new Map(namespaces.map((namespace) => [namespaceKey(namespace), namespace.documents]));
  return ({ source }) => known.get(namespaceKey(source)) ?? null;
}
