import type { AuditRecord, ChainedAuditRecord } from '#contracts';
import type { AuditHead, AuditQuery, AuditRepository } from '../contract/audit.js';
import type { AuditEventDocument, AuditHeadDocument } from '../schemas/audit-event.schema.js';
import { op, type Filter, type RecordCollection } from '../store/record-collection.js';
import { unavailable } from '../store/translate-error.js';
import { chain, genesis, purgeDetail, purgeEvent } from './audit-chain.js';

type Entries = RecordCollection<AuditEventDocument>;
type Heads = RecordCollection<AuditHeadDocument>;

/** Each try that led to nothing means that another process wrote an entry. */
const mostTries = 100;
const name = 'head';
/** How far back the newest entries are looked for, step by step: some servers sort all that a filter leaves, and what is asked for is mostly recent. */
const spans = [1_000, 30_000, Number.MAX_SAFE_INTEGER];

export function auditRepository(entries: Entries, heads: Heads): AuditRepository {
  let known: AuditHead | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function head(): Promise<AuditHead | null> {
    const found = await heads.findOne({ name });
    return found === null ? null : { sequence: found.sequence, hash: found.hash };
  }

  /** The end of the chain: what was noted, or what was written since. It may be an entry that is there no more: its gap must stay. */
  async function end(): Promise<AuditHead> {
    const noted = await head();
    const [newest] = await newestAfter(entries, noted?.sequence ?? 0);
    return newest ?? noted ?? genesis;
  }

  async function note(newest: AuditHead): Promise<void> {
    const { sequence, hash } = newest;
    const raise = () => heads.change({ name, sequence: op({ $lt: sequence }) }, { $set: { sequence, hash } });
    // The first one of all is made; who loses that race raises what the other made.
    if (!(await raise()) && (await heads.insert({ name, sequence, hash })) === null) await raise();
  }

  async function write(entry: AuditRecord): Promise<ChainedAuditRecord> {
    for (let tried = 0; tried < mostTries; tried += 1) {
      const chained = chain(entry, known ?? (await end()));
      if ((await entries.insert(toDocument(chained))) !== null) {
        known = { sequence: chained.sequence, hash: chained.hash };
        // The entry is kept; a note that is missing is made up for by the next one.
        await note(known).catch(() => undefined);
        return chained;
      }
      known = undefined;
    }
    throw unavailable('too many entries are written to the audit log');
  }

  /** One after the other in this process: only other processes are met. */
  function append(entry: AuditRecord): Promise<ChainedAuditRecord> {
    const written = last.then(() => write(entry));
    last = written.catch(() => {
      known = undefined;
    });
    return written;
  }

  return {
    append,
    head,

    async list(query) {
      const top = query.before ?? (await end()).sequence + 1;
      let found: readonly AuditEventDocument[] = [];
      for (const span of spans) {
        const _id = op({ $lt: top, $gt: top - 1 - span });
        const options = { sort: { _id: -1 }, limit: query.limit + 1 } as const;
        found = await entries.find({ ...filterOf(query), _id }, options);
        if (found.length > query.limit || span >= top) break;
      }
      const data = found.slice(0, query.limit).map(toEntry);
      return { data, next: found.length > query.limit ? (data.at(-1)?.sequence ?? null) : null };
    },

    async bounds() {
      const [first] = await entries.find({}, { sort: { _id: 1 }, limit: 1, only: ['_id'] });
      if (first === undefined) return null;
      const noted = await head();
      const [newest] = await newestAfter(entries, noted?.sequence ?? 0);
      if (newest !== undefined) return { first: first._id, last: newest.sequence };
      const [end] = await entries.find({}, { sort: { _id: -1 }, limit: 1, only: ['_id'] });
      return { first: first._id, last: end?._id ?? first._id };
    },

    async range(from, to) {
      return (await entries.find({ _id: op({ $gte: from, $lte: to }) }, { sort: { _id: 1 } })).map(toEntry);
    },

    async purge(before, now) {
      const [kept] = await entries.find({ at: op({ $gte: before }) }, { sort: { _id: 1 }, limit: 1, only: ['_id'] });
      // The newest of the old ones proves by its own time how old those before it were.
      const anchor = await entries.findOne({ _id: (kept?._id ?? (await end()).sequence + 1) - 1 });
      if (anchor === null || !(await entries.exists({ _id: op({ $lt: anchor._id }) }))) return 0;
      const through = anchor._id - 1;
      await append({
        ...{ at: now, event: purgeEvent, actor: 'retention', role: null, address: null, correlationId: null },
        ...{ resource: `audit/1-${through}`, outcome: 'success' },
        detail: purgeDetail({ sequence: through, hash: anchor.previousHash }, before),
      });
      return entries.removeAll({ _id: op({ $lte: through }) });
    },
  };
}

async function newestAfter(entries: Entries, sequence: number): Promise<readonly ChainedAuditRecord[]> {
  return (await entries.find({ _id: op({ $gt: sequence }) }, { sort: { _id: -1 }, limit: 1 })).map(toEntry);
}

function filterOf({ event, actor, resource, outcome, from, to }: AuditQuery): Filter {
  const range = { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) };
  return {
    ...(event === undefined ? {} : { event }),
    ...(actor === undefined ? {} : { actor }),
    ...(resource === undefined ? {} : { resource }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(from === undefined && to === undefined ? {} : { at: op(range) }),
  };
}

function toDocument({ sequence, ...entry }: ChainedAuditRecord): AuditEventDocument {
  return { _id: sequence, ...entry };
}

function toEntry(document: AuditEventDocument): ChainedAuditRecord {
  const stored: AuditEventDocument & { readonly __v?: unknown } = document;
  const { _id, __v, ...entry } = stored;
  return { sequence: _id, ...entry };
}
