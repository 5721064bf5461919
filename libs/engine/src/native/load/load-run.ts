import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import { AppError, cancelled, randomSuffix, throwIfAborted, type Clock, type Random } from '#contracts';
import type { LoadProgress, LoadReport, LoadRequest } from '../../engine.js';
import { AuthorizationCopy } from '../authorization/authorization-copy.js';
import { requireMerge } from '../authorization/require-merge.js';
import { IndexBuilder } from './build-indexes.js';
import { insertPlan, settleEarlierPlans } from './claim-plan.js';
import { createTemporaries } from './create-collections.js';
import { finishAll, type FinishedEntry } from './finish-phase.js';
import { HeartBeat } from './heart-beat.js';
import { leftBehind, noteOfChanges, unfinished } from './load-endings.js';
import type { Lease } from './lease-watch.js';
import { cannotReplay } from '../oplog/interpret-operation.js';
import { OplogReplay, type OplogReplayOptions } from '../oplog/oplog-replay.js';
import { requireReplay } from '../oplog/require-replay.js';
import { LateCollections } from './late-collections.js';
import { DocumentLoader, throttled, type LoadTuning } from './load-documents.js';
import { planForRenaming, progressOf, type LoadEntry } from './load-entry.js';
import { planNames, type NamedEntry } from './name-plan.js';
import { databasesOf, nameOf } from './names.js';
import { optionsDigest } from './options-digest.js';
import { notReplayed, withoutMetadata } from './plan-notes.js';
import { newEntries, type ArchivedCollection } from './plan-entries.js';
import type { OwnedPlan } from './plan-store.js';
import type { ReportExtras } from './plan-types.js';
import { renameAll } from './rename-phase.js';
import { makeReport } from './report.js';
import { SourceReader } from './source-reader.js';
import { checkNames, refuseUnconfirmed, type Target } from './target-check.js';
import { rollForward } from './roll-forward.js';
import { onTarget } from './target-errors.js';
import { changesBetween, inspectTarget, type TargetState } from './target-state.js';
import { dropTemporaries } from './undo.js';

export interface LoadContext {
  readonly client: MongoClient;
  readonly target: Target;
  readonly request: LoadRequest;
  readonly lease: Lease;
  readonly tuning: LoadTuning;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

const restoreIdLength = 16;
const settleMs = 10_000;

/** One restore from the first byte of the source to the last rename (docs/DESIGN.md, "A restore in words"). */
export class LoadRun {
  private readonly notes: string[] = [];
  private readonly onProgress;
  private replayed: LoadReport['oplog'];
  private merged: LoadReport['usersAndRoles'];

  constructor(private readonly context: LoadContext) {
    this.onProgress = throttled(context.request.onProgress, context.clock);
  }

  async run(source: Readable): Promise<LoadReport> {
    const { client, request, random, signal } = this.context;
    const archive = new SourceReader(source, signal);
    const named = planNames(await archive.readPrelude(), request);
    this.notes.push(...named.notes, ...withoutMetadata(named.entries));
    refuseUnconfirmed(named.entries, request);
    await onTarget('plan', () => requireReplay(client, request, named.entries));
    await onTarget('plan', () => requireMerge(client, request, named.entries));
    if (named.entries.length === 0) return this.loadNothing(archive);
    const wanted = { backupId: request.backupId, digest: optionsDigest(request) };
    const databases = databasesOf(named.entries);
    const askedAs = request.askedAs === undefined ? {} : { askedAs: request.askedAs };
    for (;;) {
      const earlier = await onTarget('plan', () => settleEarlierPlans(this.context, databases, wanted));
      if (earlier) {
        archive.close();
        this.notes.push(
          'a restore of this backup with these options had stopped while renaming: it was finished, nothing was loaded again',
        );
        await request.onRenaming?.(true).catch(() => undefined);
        return this.finish(earlier);
      }
      const restoreId = randomSuffix(random, restoreIdLength);
      const { state, filled } = await onTarget('plan', () =>
        checkNames(client, named.entries, request, `_hazina_tmp_${restoreId.slice(0, 6)}_none`),
      );
      const entries = newEntries(named.entries, filled, restoreId, request);
      const plans = [...entries.values()].map((entry) => entry.plan);
      throwIfAborted(signal, 'plan');
      const draft = { ...wanted, restoreId, mode: request.mode, databases, ...askedAs };
      const plan = await onTarget('plan', () => insertPlan(client, draft, plans));
      if (plan) return await this.loadAndRename(archive, named.entries, entries, state, plan);
    }
  }

  /** An archive without collections, read for its damage. */
  private async loadNothing(archive: SourceReader): Promise<LoadReport> {
    const { client, request, signal } = this.context;
    const onCreate: OplogReplayOptions['onCreate'] = (operation) =>
      Promise.reject(
        cannotReplay(operation, 'it makes a collection, and the archive holds no database to put it into'),
      );
    const replay =
      request.oplogReplay === true ? new OplogReplay({ client, signal, entries: [], onCreate }) : undefined;
    await archive.readDocuments(
      () => undefined,
      () => onTarget('load', async () => replay?.replay()),
      { oplog: replay && ((run) => replay.add(run)) },
    );
    await this.finishReplay(replay);
    return this.report([]);
  }

  private async finishReplay(replay: OplogReplay | undefined): Promise<void> {
    if (replay === undefined) return;
    const { notes, entries, at } = await onTarget('load', () => replay.finish());
    this.notes.push(...notes);
    this.replayed = { entries, at };
  }

  private get extras(): ReportExtras {
    const { replayed: oplog, merged: usersAndRoles } = this;
    return { ...(oplog && { oplog }), ...(usersAndRoles && { usersAndRoles }) };
  }

  /** `earlier`: what a run that ended behind the renames had come to. */
  private report(finished: readonly FinishedEntry[], earlier: ReportExtras = {}): LoadReport {
    return { ...makeReport(finished, this.notes, this.context.request.strict), ...earlier, ...this.extras };
  }

  private async loadAndRename(
    archive: SourceReader,
    named: readonly NamedEntry<ArchivedCollection>[],
    entries: ReadonlyMap<ArchivedCollection, LoadEntry>,
    before: TargetState,
    plan: OwnedPlan,
  ): Promise<LoadReport> {
    const lost = new AbortController();
    const heart = new HeartBeat(plan, this.context.lease.beatMs, (error) => lost.abort(error));
    heart.start();
    try {
      const signal = AbortSignal.any([this.context.signal, lost.signal]);
      await this.load(archive, named, entries, before, plan, signal);
    } finally {
      await heart.stop();
    }
    return this.finish(plan);
  }

  /** The phase `loading`. Whatever ends it early leaves the target as it was. */
  private async load(
    archive: SourceReader,
    named: readonly NamedEntry<ArchivedCollection>[],
    entries: ReadonlyMap<ArchivedCollection, LoadEntry>,
    before: TargetState,
    plan: OwnedPlan,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, target, tuning, request, clock } = this.context;
    let list = [...entries.values()];
    const late = new LateCollections({ client, request, plan, named, before, signal });
    const onCreate: OplogReplayOptions['onCreate'] = (operation, name, options) => late.add(operation, name, options);
    const replay =
      request.oplogReplay === true ? new OplogReplay({ client, signal, entries: list, onCreate }) : undefined;
    const authorization = request.usersAndRoles === true ? new AuthorizationCopy(request.databases) : undefined;
    const indexes = new IndexBuilder({ client, clock, signal, onConflict: request.onConflict, server: target });
    const tell = (progress: LoadProgress) => this.onProgress({ ...progress, namespaces: () => list.map(progressOf) });
    const loader = new DocumentLoader({
      client,
      target,
      tuning,
      clock,
      onConflict: request.onConflict,
      replays: replay !== undefined,
      onProgress: tell,
      // A collection as it was dumped may break a unique index; as the oplog leaves it, it does not.
      onLoaded: (entry) => (replay === undefined ? indexes.add(entry) : undefined),
    });
    let turning = false;
    try {
      await onTarget('load', () => createTemporaries(client, list, signal));
      await archive.readDocuments(
        (namespace) => {
          const entry = entries.get(namespace);
          return entry && { loader, entry };
        },
        () => {
          throwIfAborted(signal, 'load');
          return onTarget('load', async () => {
            indexes.throwIfFailed();
            await loader.room();
            if (replay?.waits !== true) return;
            await loader.finish();
            await replay.replay();
          });
        },
        {
          oplog: replay && ((run) => replay.add(run)),
          authorization: authorization && ((part, run) => authorization.add(part, run)),
        },
      );
      await onTarget('load', () => loader.finish());
      await this.finishReplay(replay);
      if (replay === undefined) this.notes.push(...notReplayed(archive.oplogEntries));
      list = replay?.live ?? list;
      tell({ ...loader.progress, stage: 'index' });
      await onTarget('index', () => indexes.finish(list));
      const live = new Set(list.map((entry) => entry.plan.from));
      const kept = late.named.filter(({ source }) => live.has(nameOf(source)));
      await this.checkAgain(kept, late.before);
      throwIfAborted(signal, 'rename');
      await request.onRenaming?.(false);
      throwIfAborted(signal, 'rename');
      await this.mergeUsers(authorization, plan);
      throwIfAborted(signal, 'rename');
      turning = true;
      const planned = Map.groupBy(list.map(planForRenaming), (entry) => entry.db);
      await onTarget('rename', () => plan.beginRenaming(planned, this.extras));
      tell({ ...loader.progress, stage: 'rename' });
    } catch (error) {
      const first = signal.aborted ? cancelled(signal, 'load') : error;
      // A server that does not answer any more must not hold up the end of the restore.
      const stopping = Promise.all([loader.stop(first), indexes.stop(first)]);
      await Promise.race([stopping, delay(settleMs, undefined, { ref: false })]);
      // A refusal is an answer; anything else leaves open whether the update came through.
      const open = turning && !(error instanceof AppError && error.code === 'restore/busy');
      await this.putBack(plan, first, open);
    } finally {
      archive.close();
    }
  }

  /** The last step that can fail with all names of the target as they were. */
  private async mergeUsers(authorization: AuthorizationCopy | undefined, plan: OwnedPlan): Promise<void> {
    if (authorization === undefined) return;
    this.merged = await onTarget('load', () => authorization.merge(this.context.client, plan.allEntries()));
    this.notes.push(`${this.merged.users} users and ${this.merged.roles} roles were merged into those of the server`);
  }

  private async checkAgain(named: readonly NamedEntry[], before: TargetState): Promise<void> {
    const { client, request } = this.context;
    const after = await onTarget('rename', () => inspectTarget(client, named));
    const changes = changesBetween(named, before, after, request.mode);
    if (changes.length > 0) this.notes.push(noteOfChanges(changes, request));
  }

  /** Drops what was loaded, then throws the error that ended the loading. */
  private async putBack(plan: OwnedPlan, error: unknown, mayHaveTurned: boolean): Promise<never> {
    const { client, lease } = this.context;
    let state: 'dropping' | 'renaming' | 'lost';
    try {
      state = await plan.beginDropping();
      if (state === 'dropping' || (state === 'lost' && !mayHaveTurned))
        await dropTemporaries(client, plan.allEntries());
      if (state === 'dropping') await plan.remove();
    } catch (cause) {
      throw leftBehind(AppError.from(error, 'load'), plan, lease, cause);
    }
    // The update came through although its answer was lost.
    if (state === 'renaming') throw unfinished(error, lease);
    throw error;
  }

  /** The phase `renaming` and what follows it: only forward, whatever the signal says. */
  private async finish(plan: OwnedPlan): Promise<LoadReport> {
    const { client, target, lease, request } = this.context;
    const heart = new HeartBeat(plan, lease.beatMs, () => undefined);
    heart.start();
    try {
      const names = new Set<string>();
      const steps = async (): Promise<LoadReport> => {
        await renameAll(client, plan, (name) => names.add(name));
        const done = this.report(await finishAll(client, plan, target, request.onFilled), plan.draft.extras);
        await request.onFinished?.(done);
        return done;
      };
      const renamed = plan.allEntries().filter(({ placement }) => placement === 'rename');
      const report = await rollForward(lease, steps, () => ({ done: [...names], of: renamed.length }));
      // Apart from the rest: what comes before asks whether the plan is still ours, and a part of it may be gone when this is tried again.
      await rollForward(lease, () => plan.remove());
      return report;
    } catch (error) {
      await plan.release().catch(() => undefined);
      throw error;
    } finally {
      await heart.stop();
    }
  }
}
