import { AppError, type BackupJson, type StoredObject } from '#contracts';
import { rewrapHeader, type KeyRing, type ReadHeader, type Slot } from '#crypto';
import { backupJsonKey, sidecarKey } from '../objects/keys.js';
import { warningTexts, type StoredHeader } from '../objects/object-headers.js';
import { checkObject, openObject, type ObjectKind } from '../objects/check-object.js';
import { removeLeftBeside } from '../objects/remove-left-beside.js';
import { refuseForOthers } from './refuse-for-others.js';
import type { RotateDeps } from './rotate-types.js';
import { readSidecarFile, writeSidecarFile } from './sidecar-file.js';

/** One sealed object of a backup, and the keys that it is to have. */
export interface ObjectRotation {
  readonly backup: BackupJson;
  readonly object: StoredObject;
  readonly kind: ObjectKind;
  readonly kdfSalt: string;
  /** Names of the ring's current keys. */
  readonly keyIds: readonly string[];
  readonly dryRun: boolean;
}

export interface RotatedObject {
  readonly before: readonly string[];
  /** The slots that stand now (in a dry run: that would stand). */
  readonly after: readonly string[];
  readonly changed: boolean;
  /** Its `backup.json` is gone meanwhile. */
  readonly gone: boolean;
  readonly warnings: readonly string[];
}

/** Two writes are needed; the others are for rivals that write the same sidecar. */
const mostSteps = 12;

/**
 * Brings an object's header to the current keys, by its sidecar. Each step reads what stands in the store and makes one move, so it can be killed anywhere and
 * goes on from there:
 *
 * - the sidecar opens with the current keys alone and names no others: done;
 * - it opens with them alone, and has slots of retired keys too: a sidecar without those is written;
 * - else one is written with the current keys' slots before those that are there; of these one that opens, where there is no room for all.
 *
 * So an old slot goes only after a header with the new one was read back from the store and opened with the current keys alone (docs/container-format.md,
 * "Rotation"), and each sidecar was proven in memory before it was written.
 */
export async function rotateObject(
  deps: RotateDeps,
  rotation: ObjectRotation,
  signal: AbortSignal,
): Promise<RotatedObject> {
  const { store } = deps;
  const { backup, object, kind, dryRun } = rotation;
  const found = await checkObject(store, backup, object, kind, signal);
  const place = sidecarKey(found.key);
  const first = await judge(deps.ring, rotation, found);
  const kept = first.others.map(
    ({ keyId, kind }) => `${found.key} keeps the slot of the ${kind} key ${keyId}, which is not at hand`,
  );
  const result = { before: first.keyIds, warnings: [...warningTexts(found, first.opened), ...kept] };
  if (first.done || dryRun) return { ...result, after: first.finalIds, changed: !first.done, gone: false };
  for (let step = 0; step < mostSteps; step += 1) {
    const standing = await readSidecarFile(store, place, signal);
    const stored: StoredHeader = { ...found, sidecar: standing?.bytes, sidecarFailure: undefined };
    const judged = await judge(deps.ring, rotation, stored);
    if (judged.done) return { ...result, after: judged.finalIds, changed: true, gone: false };
    const next = await rewrap(deps, rotation, stored, judged.proven ? judged.others : judged.opened.header.slots);
    if (!(await writeSidecarFile(store, place, next, standing, signal))) continue;
    if (await isGone(deps, rotation, place, signal)) return { ...result, after: [], changed: false, gone: true };
  }
  throw new AppError({
    code: 'store/precondition-failed',
    stage: 'keys',
    retry: 'retry',
    message: `The header sidecar of ${found.key} was changed by others again and again`,
    hint: 'Does another rotation run, with other keys? Run it again when that one has ended',
  });
}

interface Judgement {
  readonly opened: ReadHeader;
  readonly keyIds: readonly string[];
  /** The header that counts opens with the current keys alone. */
  readonly proven: boolean;
  /** It has a slot of each of them, and none of a retired key. */
  readonly done: boolean;
  /** Slots of keys that are neither: a holder of whom nobody here knows. They stay. */
  readonly others: readonly Slot[];
  /** Names of the slots that it has when it is done. */
  readonly finalIds: readonly string[];
}

/** Opens a header as it lies in the store. A sidecar that fails while the header in the file opens is not proven: it has to be replaced. */
async function judge(ring: KeyRing, rotation: ObjectRotation, stored: StoredHeader): Promise<Judgement> {
  const { backup, object, kind } = rotation;
  const opened = await openObject(ring, backup, object, kind, stored);
  await refuseForOthers(ring, stored, opened);
  const keyIds = opened.header.slots.map(({ keyId }) => keyId);
  const owners = await Promise.all(opened.header.slots.map((slot) => ring.ownerOf(slot)));
  const others = opened.header.slots.filter((_slot, at) => owners[at] === 'unknown');
  const hasAll = rotation.keyIds.every((keyId) => keyIds.includes(keyId));
  const counts = stored.sidecar === undefined && stored.sidecarFailure === undefined ? 'file' : 'sidecar';
  const proven = opened.from === counts && (await opensWith(ring.currentOnly(), rotation, stored, counts));
  const done = proven && hasAll && !owners.includes('retired');
  const finalIds = done ? keyIds : [...new Set([...rotation.keyIds, ...others.map(({ keyId }) => keyId)])];
  return { opened, keyIds, proven, done, others, finalIds };
}

/** None of the keys at hand fits; one may be a recipient's public key, for which the file is sealed besides. */
const opensNothing: ReadonlySet<string> = new Set(['container/no-key', 'container/wrong-key', 'keys/write-only']);

/** Whether the current keys alone open it by the header that counts: no falling back to the other one. */
async function opensWith(
  currentOnly: KeyRing,
  { backup, object, kind }: ObjectRotation,
  stored: StoredHeader,
  counts: ReadHeader['from'],
): Promise<boolean> {
  try {
    return (await openObject(currentOnly, backup, object, kind, stored)).from === counts;
  } catch (error) {
    if (error instanceof AppError && opensNothing.has(error.code)) return false;
    throw error;
  }
}

function rewrap(
  { ring, random, scryptCost }: RotateDeps,
  { backup, kind, kdfSalt }: ObjectRotation,
  { first, sidecar }: StoredHeader,
  keep: ReadHeader['header']['slots'],
): Promise<Buffer> {
  return rewrapHeader(first, {
    from: ring,
    to: ring.currentOnly(),
    kdfSalt,
    random,
    keep,
    expect: { kind, backupId: backup.backupId },
    ...(sidecar === undefined ? {} : { sidecar }),
    ...(scryptCost === undefined ? {} : { scryptCost }),
  });
}

/** Deleted while the sidecar was written: it must not outlive its backup, but it stays with what it opens. */
async function isGone(
  { store }: RotateDeps,
  { backup }: ObjectRotation,
  place: string,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await store.head(backupJsonKey(backup.backupId), signal)) !== null) return false;
  await removeLeftBeside(store, backup, place, signal);
  return true;
}
