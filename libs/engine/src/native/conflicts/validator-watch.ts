import { MongoServerError, type Db } from 'mongodb';
import { decodeToMap, type BsonMap } from '../load/raw-bson.js';

const documentsOfQuestion = 500;
const bytesOfQuestion = 4 << 20;
const questionMs = 60_000;

/**
 * How many documents a validator would refuse. The server says so, which alone knows all that a validator may ask: it is given the documents as the input of an
 * aggregation (`$documents`), so nothing is written. A bounded number of them.
 */
export class ValidatorWatch {
  #waiting: BsonMap[] = [];
  #bytes = 0;
  #left: number;
  asked = 0;
  unfit = 0;
  /** The server does not answer such questions. */
  unanswered: string | null = null;

  constructor(
    private readonly db: Db,
    private readonly validator: unknown,
    most: number,
  ) {
    this.#left = most;
  }

  /** Documents beyond the bound are passed over: `asked` tells. */
  add(document: Buffer): void {
    if (this.#left === 0 || this.unanswered !== null) return;
    this.#left -= 1;
    this.#waiting.push(decodeToMap(document));
    this.#bytes += document.length;
  }

  async settle(all = false): Promise<void> {
    if (this.#waiting.length === 0) return;
    if (!all && this.#waiting.length < documentsOfQuestion && this.#bytes < bytesOfQuestion) return;
    const waiting = this.#waiting;
    [this.#waiting, this.#bytes] = [[], 0];
    for (let at = 0; at < waiting.length; at += documentsOfQuestion)
      await this.#ask(waiting.slice(at, at + documentsOfQuestion));
  }

  async #ask(documents: readonly BsonMap[]): Promise<void> {
    if (this.unanswered !== null) return;
    const pipeline = [
      { $documents: { $literal: documents } },
      { $match: { $nor: [this.validator] } },
      { $count: 'unfit' },
    ];
    try {
      const [answer] = await this.db.aggregate(pipeline, { maxTimeMS: questionMs }).toArray();
      this.asked += documents.length;
      this.unfit += Number(answer?.['unfit'] ?? 0);
    } catch (error) {
      if (!(error instanceof MongoServerError)) throw error;
      // Its text may hold values of documents.
      this.unanswered = `the server does not take the question (code ${error.code ?? '?'})`;
    }
  }
}
