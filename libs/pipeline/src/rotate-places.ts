import { AppError, throwIfAborted } from '#contracts';
import type { ObjectStore } from '#storage';
import type { RunObserver } from './deps.js';
import { readStoreIdentity } from './objects/store-identity.js';
import { requireCopies } from './objects/require-copies.js';
import type {
  PlacesCatalog,
  RotateDeps,
  RotatedBackup,
  RotateRequest,
  RotationPlace,
  RotationReport,
} from './rotate/rotate-types.js';
import { copiesAsBackups, findAlone } from './rewrite/standing-alone.js';
import { runRotate } from './run-rotate.js';
import { whileItMoves } from './while-it-moves.js';

/** `place`: null is the primary store. */
export interface PlacedRotation extends RotatedBackup {
  readonly place: string | null;
}

export interface PlacesReport extends Omit<RotationReport, 'results'> {
  readonly results: readonly PlacedRotation[];
  /** Destinations that could not be gone through. */
  readonly failed: readonly { readonly place: string; readonly error: AppError }[];
  /** Copies that lie cold and follow later: until then they need the retired keys. */
  readonly cold: number;
  /** Copies that keep the old data keys of what was sealed anew, and follow only when somebody copies: without a catalogue nobody does. In a dry run: that would. */
  readonly behind: number;
}

/** `store` is the primary one. */
export interface PlacesDeps extends Omit<RotateDeps, 'onResult' | 'catalog'> {
  readonly catalog?: PlacesCatalog;
  readonly onResult?: (result: PlacedRotation) => void;
  /** Throws when what stands in the place of a destination is another store. Default: nothing is known of it. */
  readonly requirePlace?: (place: RotationPlace, signal: AbortSignal) => Promise<void>;
}

export interface PlacesRequest extends Omit<RotateRequest, 'kdfSalt' | 'except'> {
  /** False: the destinations alone. Default true. */
  readonly primary?: boolean;
}

/**
 * A rotation (`runRotate`) of the primary store, and then of its destinations one after the other: of copies, and of backups that stand in a destination alone. What
 * came home from one of them meanwhile is rotated last. Who copies at the same moment may put an older header back over a new one; it opens with the retired
 * key as before, and `keys check` names it. A destination that fails stops no other. With new data keys (`rewrite`) only
 * what stands in a destination alone is sealed anew there: copies follow the primary store by workers, where there is a catalogue, and are named where there is none.
 */
export async function rotatePlaces(
  { onResult, requirePlace, ...deps }: PlacesDeps,
  destinations: readonly RotationPlace[],
  { primary = true, ...request }: PlacesRequest,
  signal: AbortSignal,
): Promise<PlacesReport> {
  const results: PlacedRotation[] = [];
  const reports: string[] = [];
  const failed: { place: string; error: AppError }[] = [];
  const rewrite = request.rewrite ?? null;
  let keyIds: readonly string[] = [];
  let allCold = 0;
  let allBehind = 0;
  const here = async (except: ReadonlySet<string>): Promise<RotationReport> => {
    const tell = (result: RotatedBackup): void => onResult?.({ ...result, place: null });
    const done = await runRotate({ ...deps, onResult: tell }, { ...request, except }, signal);
    results.push(...done.results.map((result) => ({ ...result, place: null })));
    ({ keyIds } = done);
    return done;
  };
  if (primary) reports.push(...(await here(new Set())).reports);
  const seen = new Set(results.map(({ backupId }) => backupId));
  const brought = new Set(results.filter(isBrought).map(({ backupId }) => backupId));
  const planned = new Set(results.filter(({ outcome }) => outcome === 'would-rewrite').map(({ backupId }) => backupId));
  const kdfSalt = destinations.length > 0 ? await saltOf(deps.store, signal) : null;
  const saltFor = async (store: ObjectStore) => kdfSalt ?? (await saltOf(store, signal)) ?? '0'.repeat(32);
  const { catalog, ...bare } = deps;
  const there = async ({ name, store }: RotationPlace): Promise<void> => {
    // Whoever copies brings what lies cold the header of the primary store, without reading it: workers do, as the catalogue tells them.
    const follows = ({ backupId, error }: RotatedBackup): boolean =>
      error?.code === 'store/cold' && catalog !== undefined && brought.has(backupId);
    const wanted = { ...request, keyIds: primary ? null : (request.keyIds ?? null), kdfSalt: await saltFor(store) };
    const done = await whileItMoves(store.location, stallMs, signal, (moved, running) => {
      const tell = (result: RotatedBackup): void => {
        moved();
        if (!follows(result)) onResult?.({ ...result, place: name });
      };
      return runRotate({ ...bare, store, onResult: tell }, wanted, running);
    });
    ({ keyIds } = done);
    // Beside the primary store these are copies under way: they get the headers that it has by then.
    if (!primary) reports.push(...done.reports.map((report) => `${name}: ${report}`));
    const own = done.results.filter((result) => !follows(result));
    results.push(...own.map((result) => ({ ...result, place: name })));
    const cold = done.results.length - own.length;
    allCold += cold;
    if (cold > 0)
      reports.push(`${name}: ${cold} of its copies lie cold and get the headers of the primary store from a worker`);
    if (request.dryRun) return;
    for (const result of own)
      if (isBrought(result) && !seen.has(result.backupId)) await catalog?.keysOf(result.backupId, result.after);
  };
  /** With new data keys: what stands there alone, one after another. Copies follow what is sealed anew in the primary store. */
  const anew = async (place: RotationPlace): Promise<void> => {
    const { name, store } = place;
    const { alone, left, behind } = await findAlone(deps, place, { target: request.target, planned }, signal);
    reports.push(...left, ...behind);
    allBehind += behind.length;
    if (catalog === undefined || alone.size === 0) return;
    const wanted = { ...request, kdfSalt: await saltFor(store), only: alone };
    const done = await whileItMoves(store.location, stallMs, signal, (moved, running) => {
      const { observer = null } = deps;
      const watched = {
        stage: (...told: Parameters<RunObserver['stage']>) => (moved(), observer?.stage(...told)),
        progress: (...told: Parameters<RunObserver['progress']>) => (moved(), observer?.progress(...told)),
      };
      const tell = (result: RotatedBackup): void => (moved(), onResult?.({ ...result, place: name }));
      const held = copiesAsBackups(catalog, place);
      return runRotate({ ...bare, catalog: held, store, observer: watched, onResult: tell }, wanted, running);
    });
    results.push(...done.results.map((result) => ({ ...result, place: name })));
  };
  for (const place of destinations) {
    throwIfAborted(signal, 'keys');
    try {
      await requirePlace?.(place, signal);
      await requireCopies(place.name, place.store, signal);
      if (rewrite === null) await there(place);
      else await anew(place);
    } catch (thrown) {
      const error = AppError.from(thrown, 'keys');
      if (signal.aborted) throw error;
      failed.push({ place: place.name, error });
    }
  }
  try {
    if (primary && destinations.length > 0 && !request.dryRun) await here(seen);
  } catch (thrown) {
    const error = AppError.from(thrown, 'keys');
    if (signal.aborted) throw error;
    failed.push({ place: 'primary', error });
  }
  const left = { cold: allCold, behind: allBehind };
  return { dryRun: request.dryRun, rewrite: rewrite !== null, keyIds, results, reports, failed, ...left };
}

function isBrought({ outcome }: RotatedBackup): boolean {
  return outcome === 'rotated' || outcome === 'would-rotate' || outcome === 'current';
}

/** So long may a place go without a result. */
const stallMs = 600_000;
const saltMs = 60_000;

/** By which keys of passphrases are named; null where the store does not tell. */
async function saltOf(store: ObjectStore, signal: AbortSignal): Promise<string | null> {
  try {
    const read = (_moved: () => void, running: AbortSignal) => readStoreIdentity(store, running);
    return (await whileItMoves(store.location, saltMs, signal, read))?.kdfSalt ?? null;
  } catch (error) {
    if (signal.aborted) throw error;
    return null;
  }
}
