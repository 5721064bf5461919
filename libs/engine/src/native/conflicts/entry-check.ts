import type { Db } from 'mongodb';
import type { IdBudget } from '#archive';
import type { CollectionSpec } from '../load/collection-spec.js';
import { indexesNotKept, optionsNotKept } from '../load/compare-definitions.js';
import type { NamedEntry } from '../load/name-plan.js';
import { documentsOfRun, rawId, type BsonMap } from '../load/raw-bson.js';
import { isIdIndex } from '../load/target-state.js';
import { ExistingIds } from './existing-ids.js';
import type { Standing } from './target-names.js';
import { watchUnique, type UniqueWatch } from './unique-watch.js';
import { ValidatorWatch } from './validator-watch.js';

export interface EntryBounds {
  /** Values of unique indexes that are remembered, by all collections together. */
  readonly keys: IdBudget;
  /** Documents of a collection that its validators are asked about. */
  readonly validated: number;
}

/** Whose index or validator it is. `target`: the collection that is replaced has it, and the backup has not. */
export type Owner = 'backup' | 'target';

/** What the documents of one namespace would meet. */
export class EntryCheck {
  readonly uniques: { readonly owner: Owner; readonly watch: UniqueWatch }[] = [];
  readonly validators: { readonly owner: Owner; readonly isStrict: boolean; readonly watch: ValidatorWatch }[] = [];
  readonly ids: ExistingIds | null;
  /** What cannot be checked of it, in words. */
  readonly unsupported: string[] = [];
  /** Documents that were looked at. */
  looked = 0;
  /** All of them were. */
  complete = false;

  constructor(
    db: Db,
    readonly entry: NamedEntry,
    readonly spec: CollectionSpec,
    readonly standing: Standing | undefined,
    bounds: EntryBounds,
  ) {
    const isTaken = standing?.kind === 'collection' && standing.documents > 0;
    this.ids = isTaken ? new ExistingIds(db.collection(entry.collection)) : null;
    const idIndex = new Map([...(spec.indexes.find(isIdIndex) ?? plainIdIndex)]);
    const collation = spec.options.get('collation');
    if (collation !== undefined) idIndex.set('collation', collation);
    const own = spec.indexes.filter((index) => !isIdIndex(index) && index.get('unique') === true);
    const lost = (standing?.uniqueIndexes ?? []).filter((index) => indexesNotKept([index], spec.indexes).length > 0);
    for (const index of [idIndex, ...own]) this.#watchIndex('backup', index, bounds.keys);
    for (const index of lost) this.#watchIndex('target', index, bounds.keys);
    this.#watchValidator('backup', db, spec.options, bounds.validated);
    if (standing?.options.has('validator') && optionsNotKept(standing.options, spec.options).includes('validator'))
      this.#watchValidator('target', db, standing.options, bounds.validated);
  }

  /** A run of whole documents; a view, copied where it is kept. Nothing is asked here. */
  add(run: Buffer): void {
    for (const document of documentsOfRun(run)) {
      this.looked += 1;
      let isSecond = false;
      for (const { watch } of this.uniques) if (watch.add(document) && watch.isId) isSecond = true;
      const id = isSecond ? undefined : rawId(document);
      if (id !== undefined) this.ids?.add(id);
      for (const { watch } of this.validators) watch.add(document);
    }
  }

  async settle(all = false): Promise<void> {
    await this.ids?.settle(all);
    for (const { watch } of this.validators) await watch.settle(all);
  }

  #watchIndex(owner: Owner, index: BsonMap, keys: IdBudget): void {
    const watch = watchUnique(index, keys);
    if ('unsupported' in watch) this.unsupported.push(`unique index ${watch.unsupported}`);
    else this.uniques.push({ owner, watch });
  }

  #watchValidator(owner: Owner, db: Db, options: BsonMap, most: number): void {
    const validator = options.get('validator');
    if (!(validator instanceof Map) || validator.size === 0 || options.get('validationLevel') === 'off') return;
    const isStrict = options.get('validationAction') !== 'warn';
    this.validators.push({ owner, isStrict, watch: new ValidatorWatch(db, validator, most) });
  }
}

const plainIdIndex: BsonMap = new Map<string, unknown>([
  ['name', '_id_'],
  ['key', new Map<string, unknown>([['_id', 1]])],
]);
