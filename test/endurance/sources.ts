import { Binary, type Collection, type Db, type Document } from 'mongodb';
import type { Choices } from './choices.js';
import { SourceHistory, hashOf } from './model/source-history.js';
import type { TargetPlan } from './plan.js';

interface Row extends Document {
  _id: number;
  generation: number;
}

type CollectionName = 'people' | 'notes' | 'files';

const largeBytes = 512 * 1024;
const words = ['amani', 'bahari', 'chakula', 'dunia', 'elimu', 'furaha', 'habari', 'jioni', 'kazi', 'mlima', 'safari'];

/** One source, which changes all the time; every version of every document is known (`history`). */
export class Source {
  readonly history = new SourceHistory();
  generation = 0;
  readonly #ids = new Map<CollectionName, number[]>([
    ['people', []],
    ['notes', []],
    ['files', []],
  ]);
  #nextId = 1;

  constructor(
    readonly plan: TargetPlan,
    private readonly db: Db,
    private readonly choices: Choices,
  ) {}

  async fill(): Promise<void> {
    for (let at = 0; at < this.plan.small; at += 1) await this.#insert(at % 3 === 0 ? 'notes' : 'people');
    for (let at = 0; at < this.plan.large; at += 1) await this.#insert('files');
    await this.#collection('people').createIndex({ name: 1, generation: -1 });
    await this.#collection('notes').createIndex({ generation: 1 });
  }

  /** Some documents are changed, added and removed, under the next generation. */
  async change(): Promise<void> {
    this.generation += 1;
    for (let at = this.choices.between(2, 6); at > 0; at -= 1) {
      const name = this.choices.pick<CollectionName>(['people', 'notes']) ?? 'people';
      const kind = this.choices.below(10);
      if (kind < 6) await this.#replace(name);
      else if (kind < 8) await this.#insert(name);
      else await this.#remove(name);
    }
    if (this.plan.large > 0 && this.choices.chance(0.2)) await this.#replace('files');
  }

  async #insert(name: CollectionName): Promise<void> {
    const _id = this.#nextId;
    this.#nextId += 1;
    await this.#write(name, _id, this.#row(name, _id));
    this.#ids.get(name)?.push(_id);
  }

  async #replace(name: CollectionName): Promise<void> {
    const _id = this.choices.pick(this.#ids.get(name) ?? []);
    if (_id !== undefined) await this.#write(name, _id, this.#row(name, _id));
  }

  async #remove(name: CollectionName): Promise<void> {
    const ids = this.#ids.get(name) ?? [];
    const [_id] = ids.splice(this.choices.below(ids.length), 1);
    if (_id !== undefined) await this.#write(name, _id, null);
  }

  async #write(name: CollectionName, _id: number, row: Row | null): Promise<void> {
    const from = Date.now();
    const collection = this.#collection(name);
    if (row === null) await collection.deleteOne({ _id });
    else await collection.replaceOne({ _id }, row, { upsert: true });
    this.history.wrote(`${name}/${_id}`, row, { from, to: Date.now() });
  }

  #row(name: CollectionName, _id: number): Row {
    const { choices, generation } = this;
    const text = (count: number) => Array.from({ length: count }, () => choices.pick(words) ?? '').join(' ');
    switch (name) {
      case 'people':
        return { _id, generation, name: text(2), born: new Date(choices.below(1e12)), tags: [text(1), text(1)] };
      case 'notes':
        return { _id, generation, text: text(choices.between(20, 90)), weight: choices.below(1e6) / 1000 + 0.5 };
      case 'files':
        return { _id, generation, content: new Binary(choices.bytes(largeBytes)) };
    }
  }

  #collection(name: CollectionName): Collection<Row> {
    return this.db.collection<Row>(name);
  }
}

/** Every document of a database by the key that `history` knows it by. */
export async function contentsOf(db: Db): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray())
    for await (const document of db.collection(name).find())
      found.set(`${name}/${String(document._id)}`, hashOf(document));
  return found;
}
