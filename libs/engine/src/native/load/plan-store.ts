import { MongoServerError, type Collection, type MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import type { Lease, Sighting } from './lease-watch.js';
import { planCollection, planId, type PlanDocument, type PlanEntry, type ReportExtras } from './plan-types.js';

const duplicateKey = 11000;
const namespaceNotFound = 26;

function plansOf(client: MongoClient, db: string): Collection<PlanDocument> {
  return client.db(db).collection<PlanDocument>(planCollection, {
    writeConcern: { w: 'majority' },
    readPreference: 'primary',
  });
}

/** The plan that leads where `db` has one: it stands in the first of its databases. */
export async function findPlan(client: MongoClient, db: string): Promise<PlanDocument | null> {
  const found = await plansOf(client, db).findOne({ _id: planId });
  const leader = found?.databases[0];
  if (!found || leader === undefined || leader === db) return found;
  const leading = await plansOf(client, leader).findOne({ _id: planId, restoreId: found.restoreId });
  // The leader is inserted first and removed last: without it, this one is a leftover that leads itself.
  return leading ?? { ...found, databases: [db] };
}

/** How an observer sees a plan (watchLease): what moves while its owner lives. */
export async function sightPlan(client: MongoClient, db: string): Promise<Sighting<PlanDocument>> {
  const plan = await findPlan(client, db);
  if (!plan) return 'gone';
  return { seen: plan, mark: [plan.restoreId, plan.fence, plan.beat, plan.phase].join(' ') };
}

export type PlanDraft = Pick<
  PlanDocument,
  'restoreId' | 'backupId' | 'digest' | 'mode' | 'databases' | 'askedAs' | 'extras'
>;

/** The plans of one restore while this process owns them. Every write filters on the fence: who lost it stops. */
export class OwnedPlan {
  private constructor(
    private readonly client: MongoClient,
    readonly draft: PlanDraft,
    private readonly fence: number,
    /** By database. */
    readonly entries: Map<string, readonly PlanEntry[]>,
  ) {}

  /** Ends what raises the beat, before the plan goes. */
  beforeRemoval: () => Promise<void> = () => Promise.resolve();

  /** Inserts the plans in order of names. Null when a database already has one; then none of ours is left. */
  static async insert(
    client: MongoClient,
    draft: PlanDraft,
    entries: Map<string, readonly PlanEntry[]>,
  ): Promise<OwnedPlan | null> {
    const owned = new OwnedPlan(client, draft, 1, entries);
    const inserted: string[] = [];
    try {
      for (const db of draft.databases) {
        if (!(await owned.insertInto(db))) {
          await owned.removeFrom(inserted);
          return null;
        }
        inserted.push(db);
      }
    } catch (error) {
      // The first error is the one to tell; what cannot be removed now is found abandoned by the next run.
      await owned.removeFrom(draft.databases).catch(() => undefined);
      throw error;
    }
    return owned;
  }

  private async insertInto(db: string): Promise<boolean> {
    const plan: PlanDocument = {
      _id: planId,
      ...this.draft,
      phase: 'loading',
      fence: this.fence,
      beat: 0,
      released: false,
      entries: this.entries.get(db) ?? [],
    };
    try {
      await plansOf(this.client, db).insertOne(plan);
      return true;
    } catch (error) {
      if (!(error instanceof MongoServerError) || error.code !== duplicateKey) throw error;
      // After a broken connection the driver may have sent it twice: then the one that is there is ours.
      const there = await plansOf(this.client, db).findOne({ _id: planId });
      return there?.restoreId === this.draft.restoreId;
    }
  }

  /** Makes an abandoned plan ours, by an update on the fence and beat that were seen. Null when somebody was faster. */
  static async takeOver(client: MongoClient, seen: PlanDocument): Promise<OwnedPlan | null> {
    const [leader] = seen.databases;
    if (leader === undefined) return null;
    const { restoreId, fence, beat } = seen;
    const result = await plansOf(client, leader).updateOne(
      { _id: planId, restoreId, fence, beat },
      { $set: { fence: fence + 1, released: false } },
    );
    if (result.matchedCount === 0) return null;
    const entries = new Map<string, readonly PlanEntry[]>();
    for (const db of seen.databases) {
      const plan = await plansOf(client, db).findOne({ _id: planId, restoreId });
      entries.set(db, plan?.entries ?? []);
    }
    return new OwnedPlan(client, seen, fence + 1, entries);
  }

  private get leader(): string {
    return this.draft.databases[0] ?? '';
  }

  private get ours(): { _id: typeof planId; restoreId: string; fence: number } {
    return { _id: planId, restoreId: this.draft.restoreId, fence: this.fence };
  }

  allEntries(): PlanEntry[] {
    return this.draft.databases.flatMap((db) => this.entries.get(db) ?? []);
  }

  /** Raises the beat. Throws `restore/busy` when the plan is no longer ours: called before every step that cannot be undone. */
  async assertOwned(): Promise<void> {
    const result = await plansOf(this.client, this.leader).updateOne(this.ours, { $inc: { beat: 1 } });
    if (result.matchedCount === 0) throw lostPlan(this.leader);
  }

  /** Writes what the renames need, then turns the leader: from that write on the restore only rolls forward. */
  async beginRenaming(entries: Map<string, readonly PlanEntry[]>, extras: ReportExtras = {}): Promise<void> {
    for (const db of this.draft.databases.slice(1)) await this.saveFollower(db, entries.get(db) ?? []);
    const result = await plansOf(this.client, this.leader).updateOne(
      { ...this.ours, phase: 'loading' },
      { $set: { phase: 'renaming', entries: entries.get(this.leader) ?? [], extras }, $inc: { beat: 1 } },
    );
    if (result.matchedCount === 0) throw lostPlan(this.leader);
    for (const [db, list] of entries) this.entries.set(db, list);
  }

  /** Writes down a change of one entry during the renames. */
  async saveEntry(entry: PlanEntry, change: Partial<PlanEntry>): Promise<void> {
    const list = (this.entries.get(entry.db) ?? []).map((other) =>
      other.final === entry.final ? { ...other, ...change } : other,
    );
    await this.saveList(entry.db, list);
  }

  /** Writes down a further one while the restore loads; its database is one of the plan's. Comes before its temporary collection is made. */
  async addEntry(entry: PlanEntry): Promise<void> {
    await this.saveList(entry.db, [...(this.entries.get(entry.db) ?? []), entry]);
  }

  private async saveList(db: string, list: readonly PlanEntry[]): Promise<void> {
    this.entries.set(db, list);
    await this.assertOwned();
    if (db === this.leader) {
      await plansOf(this.client, this.leader).updateOne(this.ours, { $set: { entries: list } });
    } else {
      await this.saveFollower(db, list);
    }
  }

  private async saveFollower(db: string, entries: readonly PlanEntry[]): Promise<void> {
    const result = await plansOf(this.client, db).updateOne(
      { _id: planId, restoreId: this.draft.restoreId },
      { $set: { entries } },
    );
    if (result.matchedCount === 0) throw lostPlan(db);
  }

  /**
   * Claims the right to drop the temporaries. `renaming`: they must not be dropped, the restore only rolls forward;
   * `lost`: another process owns them now.
   */
  async beginDropping(): Promise<'dropping' | 'renaming' | 'lost'> {
    const plans = plansOf(this.client, this.leader);
    const result = await plans.updateOne(
      { ...this.ours, phase: { $in: ['loading', 'dropping'] } },
      { $set: { phase: 'dropping' }, $inc: { beat: 1 } },
    );
    if (result.matchedCount > 0) return 'dropping';
    const plan = await plans.findOne(this.ours);
    return plan?.phase === 'renaming' ? 'renaming' : 'lost';
  }

  /** The process ends without an end of the restore: the next one need not wait for the lease. */
  async release(): Promise<void> {
    await plansOf(this.client, this.leader).updateOne(this.ours, { $set: { released: true } });
  }

  /** May be tried again. No beat meets the drop of its collection: what a server makes of that, nobody promises. */
  async remove(): Promise<void> {
    await this.beforeRemoval();
    await this.removeFrom(this.draft.databases);
  }

  /** The leader last: as long as it stands, the others can be found through it. */
  private async removeFrom(databases: readonly string[]): Promise<void> {
    for (const db of [...databases].reverse()) {
      const plans = plansOf(this.client, db);
      await plans.deleteOne({ _id: planId, restoreId: this.draft.restoreId });
      // Dropped, so that nothing of a restore stays in a database; also where an earlier run had deleted its plan and was killed before it dropped the rest.
      // Another restore whose plan comes in between fails closed: its next write on the fence finds nothing, long before any rename.
      if ((await plans.findOne({})) === null) await dropIfThere(plans);
    }
  }
}

/** Where a database has the collection of plans and no plan in it. */
export async function hasNoPlanLeft(client: MongoClient, db: string): Promise<boolean> {
  const named = client.db(db).listCollections({ name: planCollection }, { nameOnly: true });
  return (await named.toArray()).length > 0 && (await plansOf(client, db).findOne({})) === null;
}

export function dropPlans(client: MongoClient, db: string): Promise<void> {
  return dropIfThere(plansOf(client, db));
}

async function dropIfThere(plans: Collection<PlanDocument>): Promise<void> {
  try {
    await plans.drop();
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== namespaceNotFound) throw error;
  }
}

function lostPlan(db: string): AppError {
  return new AppError({
    code: 'restore/busy',
    stage: 'load',
    message: `Another process took over the plan of this restore (${db}.${planCollection})`,
    hint: 'This happens when this process was stopped for longer than the lease. Wait for the other one, or run the same command again',
  });
}

/** The refusal of a restore that meets a live one. */
export function busy(plan: PlanDocument, db: string): AppError {
  return new AppError({
    code: 'restore/busy',
    stage: 'plan',
    message: `A restore of ${plan.backupId} is writing into database ${db} (phase ${plan.phase})`,
    hint: 'Wait until it has ended, or stop it, then run this command again',
    retry: 'retry',
    details: { db, backupId: plan.backupId, phase: plan.phase },
  });
}

/** The refusal of a restore that meets the half-done renames of a different one. */
export function unfinishedByAnother(plan: PlanDocument, db: string, lease: Lease): AppError {
  return new AppError({
    code: 'restore/unfinished',
    stage: 'plan',
    message: `A restore of ${plan.backupId} stopped while it was renaming collections in database ${db}`,
    hint: `Run that restore again with the same options: it finishes the renames (it may wait up to ${Math.ceil(lease.leaseMs / 1000)} s first)`,
    details: { db, backupId: plan.backupId },
  });
}
