import type { Command } from 'commander';
import type { CatalogAccess } from '#config';
import { AppError } from '#contracts';
import type { PlacedRotation, PlacesCatalog, PlacesReport, RotatedBackup, RotationPlace } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from '../context.js';
import { targetName, withJson } from '../options.js';
import { errorJson } from '../output/error-json.js';
import { plural } from '../output/format.js';

interface Options {
  readonly target?: string;
  readonly dryRun?: true;
  readonly rewrite?: true;
  readonly place?: string;
}

export function registerKeysRotate(keys: Command, context: CliContext): void {
  const command = keys
    .command('rotate')
    .description(
      'Bring every backup to the key in BACKUP_ENCRYPTION_KEY; the old one is in BACKUP_ENCRYPTION_KEYS_RETIRED. Only headers are written, beside the data; with --rewrite the data too.',
    )
    .option('--target <name>', 'only backups of this target', targetName)
    .option('--place <name>', 'only there: primary, or a destination; without it there and in every destination')
    .option('--dry-run', 'open every header and say what would be done; nothing is written')
    .option('--rewrite', 'after a theft of the old key: seal everything anew, under new data keys')
    .addHelpText('after', help);
  withJson(command).action((options: Options) => rotate(options, context));
}

const help = `
It may be stopped or killed at any time: every backup opens with the new or the retired key at every moment, and the
next run goes on where this one ended. Goes on after a failure and fails at the end.

Keep the old key as long as backups live that were made with it, offline: the header inside such a file still needs
it, should its sidecar ever be lost.

Copies are brought to the new key where they lie: in every destination of BACKUP_TARGETS_FILE, after the primary store.
Where this machine lacks what a destination needs, begin with --place primary.

When the old key was stolen, new headers do not help: who could read the files has their data keys. --rewrite reads every
backup, seals it anew with a new data key beside the old files, and reads the new ones to their end before backup.json
names them. It takes the time of a verification and a backup together, and for each backup its size in the store until
hazina cleanup takes the old files away (after BACKUP_ORPHAN_GRACE_HOURS). With a catalogue, workers bring it to the
copies, and what a destination alone still has, by a retention of its own, is sealed anew there. Without one
(CATALOG_MONGODB_URI) copies keep their old data keys: each is named, with the command that copies it again, and the end
is a failure until all have been copied; so is what a destination has alone. What was stolen stays stolen: change what
the data gives access to.

Example:
  export BACKUP_ENCRYPTION_KEYS_RETIRED_FILE=/run/secrets/old.key
  export BACKUP_ENCRYPTION_KEY_FILE=/run/secrets/new.key
  hazina keys rotate --dry-run && hazina keys rotate
  unset BACKUP_ENCRYPTION_KEYS_RETIRED_FILE   # with the old key at hand nothing is proven of the new one
  hazina keys check && hazina verify --all

After a theft, with both keys exported: hazina keys rotate --rewrite --target clinic`;

async function rotate(options: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required', catalog: true });
  const { requireKeyRing, withStore, withStores } = await import('../open-store.js');
  const { storesFrom } = await import('../from-destination.js');
  const { bad } = await import('../choose-backup.js');
  const { rotatePlaces } = await import('#pipeline');
  const { lookForTargets, noBackupOf } = await import('../no-backup-of.js');
  const places = await storesFrom(config, options.place, context, '--place');
  const destinations = places.filter(({ name }) => name !== 'primary');
  const primary = places.length > destinations.length;
  if (options.rewrite === true && !primary)
    throw bad('--rewrite begins with the primary store, from which copies follow: leave --place away');
  const ring = await requireKeyRing(config, context, 'seal');
  const rewrite = options.rewrite === true ? { graceMs: (await context.upkeepConfig()).orphanGraceMs } : null;
  const rotateIn = async (store: ObjectStore, copies: readonly RotationPlace[]): Promise<void> => {
    const { clock, random, signal } = context;
    const run = async (catalog: PlacesCatalog | undefined): Promise<PlacesReport> => {
      const done = await rotatePlaces(
        {
          ...{ store, ring, clock, random },
          ...(catalog === undefined ? {} : { catalog }),
          onResult: (result) => tell(result, context),
          observer: context.observer(),
        },
        copies,
        { primary, target: options.target ?? null, dryRun: options.dryRun === true, rewrite },
        signal,
      );
      if (options.target !== undefined && isNothing(done)) {
        const looked = [...(primary ? [store] : []), ...copies.map((copy) => copy.store)];
        throw noBackupOf(options.target, await Promise.all(looked.map((place) => lookForTargets(place, signal))));
      }
      return done;
    };
    // Records are kept of the primary store.
    const access = primary ? config.catalog : undefined;
    const report =
      access === undefined ? await run(undefined) : await withRecords(access, context, store, options, run);
    for (const text of report.reports) context.warn(text);
    for (const { place, error } of report.failed) context.warn(`${place} was not gone through: ${error.message}`);
    if (context.json) context.printJson(toJson(report));
    else context.say(summary(report, options.target, places));
    throwFirst(report);
  };
  await withStore(config, (store) => withStores(destinations, (copies) => rotateIn(store, copies)));
}

async function withRecords(
  access: CatalogAccess,
  context: CliContext,
  store: ObjectStore,
  { target = 'all targets', rewrite, dryRun }: Options,
  rotatePlaces: (records: PlacesCatalog) => Promise<PlacesReport>,
): Promise<PlacesReport> {
  const { audited } = await import('../audited.js');
  const { withCatalog } = await import('../open-catalog.js');
  const { rotationCatalog } = await import('../recorded-rotation.js');
  const act = { event: 'sensitive_key_rotation', detail: `${target}${rewrite === true ? ', sealed anew' : ''}` };
  return withCatalog(access, context, (catalog) => {
    const run = () => rotatePlaces(rotationCatalog(catalog, store, access, context));
    return dryRun === true ? run() : audited(catalog, act, context, run, isFailed);
  });
}

function isNothing({ results, reports, failed, cold }: PlacesReport): boolean {
  return results.length + reports.length + failed.length + cold === 0;
}

function isFailed({ results, failed }: PlacesReport): boolean {
  return failed.length > 0 || results.some(({ error }) => error !== null);
}

const words = {
  rotated: 'rotated',
  'would-rotate': 'would rotate',
  rewritten: 'rewritten',
  'would-rewrite': 'would rewrite',
  current: 'current',
  gone: 'gone',
  failed: 'FAILED',
  skipped: 'skipped',
} as const;

function tell({ backupId, place, outcome, before, after, warnings, error }: PlacedRotation, context: CliContext): void {
  for (const warning of warnings) context.warn(warning);
  if (context.json) return;
  const keys = `${before.join(', ')} → ${after.join(', ')}`;
  const facts = {
    rotated: keys,
    'would-rotate': keys,
    rewritten: keys,
    'would-rewrite': keys,
    current: after.join(', '),
    gone: 'deleted meanwhile',
    failed: error?.message ?? '',
    skipped: 'the store, or AWS KMS, failed again and again',
  };
  const where = place === null ? '' : `  in ${place}`;
  context.print(`${words[outcome].padEnd(13)}  ${backupId}${where}  ${facts[outcome]}`);
}

function toJson({ dryRun, rewrite, keyIds, results, reports, failed }: PlacesReport): unknown {
  return {
    ...{ dryRun, rewrite, keyIds, reports },
    results: results.map(({ place, error, ...result }) => ({
      ...result,
      place: place ?? 'primary',
      error: errorJson(error),
    })),
    failed: failed.map(({ place, error }) => ({ place, error: errorJson(error) })),
  };
}

function summary(
  { dryRun, rewrite, keyIds, results, failed, cold, behind }: PlacesReport,
  target: string | undefined,
  places: readonly { readonly name: string }[],
): string {
  const count = (...outcomes: RotatedBackup['outcome'][]) =>
    results.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const bad = count('failed', 'skipped');
  const changed = count('rotated', 'would-rotate', 'rewritten', 'would-rewrite');
  const done = rewrite ? 'sealed anew' : 'rotated';
  const counts = `${plural(changed, 'backup')} ${dryRun ? `would be ${done}` : done}, ${count('current')} current already, ${bad} failed`;
  const names = places.map(({ name }) => name).join(', ');
  const where = places.length === 1 ? 'this store' : rewrite ? places[0]?.name : names;
  const scope = `Every backup ${target === undefined ? 'of' : `of ${target} in`} ${where}`;
  if (bad + failed.length > 0) return `${counts}. Keep the retired keys configured, and run it again`;
  if (cold > 0) return `${counts}. Keep the retired keys until the cold copies have followed: hazina keys check tells`;
  if (behind > 0)
    return `${counts}. Copies that ${dryRun ? 'would keep' : 'keep'} their old data keys: ${behind}, named above`;
  return dryRun || results.length === 0 ? counts : `${counts}. ${scope} opens with ${keyIds.join(', ')} alone`;
}

/** One failure speaks for itself; of several the first gives the exit code. */
function throwFirst(report: PlacesReport): void {
  const { rewrite, results, failed } = report;
  const failures = results.flatMap(({ error }) => (error === null ? [] : [error]));
  const [first] = failures;
  if (first === undefined) {
    throwUnreached(failed, rewrite);
    throwBehind(report);
    return;
  }
  if (results.length === 1) throw first;
  const skipped = results.filter(({ outcome }) => outcome === 'skipped').length;
  throw new AppError({
    code: first.code,
    stage: first.stage,
    message: `${failures.length} of ${results.length} backups could not be rotated${skipped === 0 ? '' : `, ${skipped} more were not tried`}`,
    hint: 'Each is named above with its cause. They open with the keys that opened them before: keep the retired keys configured, and run it again',
    cause: first,
  });
}

function throwUnreached(failed: PlacesReport['failed'], rewrite: boolean): void {
  const [first] = failed;
  if (first === undefined) return;
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more, named above)`;
  const next = rewrite
    ? `Whether something stands in ${first.place} alone nobody could see: run it again when it is back`
    : `Keep the retired keys configured, and run it again, or hazina keys rotate --place ${first.place}`;
  throw new AppError({
    code: first.error.code,
    stage: first.error.stage,
    message: `${first.place}: ${first.error.message}${others}`,
    hint: first.error.hint === undefined ? next : `${first.error.hint}. ${next}`,
    cause: first.error,
  });
}

function throwBehind({ behind, dryRun }: PlacesReport): void {
  if (behind === 0 || dryRun) return;
  throw new AppError({
    code: 'backup/refused',
    stage: 'keys',
    message: `Copies in destinations that still open with the old key, and that nobody copies again without a catalogue: ${behind}`,
    hint: 'Each is named above with the command that does; then run this once more. With CATALOG_MONGODB_URI workers copy them',
  });
}
