import { AppError, skipped, type Finding } from '#contracts';
import { checkKeys, keyProofFindings, proofFindingName, type KeyProof, type ProvenPlace } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { KeysAtHand } from './look-at-keys.js';
import { lateStore, lookAt, type LookContext } from './look.js';

/** The look ends by itself when its time is over, and then tells what it saw. */
const graceMs = 2_000;

/** Whether what lies in a store opens with the keys at hand: as many as the time allows, newest first. */
export async function proveBackups(
  store: ObjectStore,
  atHand: KeysAtHand,
  place: ProvenPlace,
  context: LookContext,
): Promise<readonly Finding[]> {
  const name = proofFindingName(place.destination);
  if (atHand === null) return [skipped(name, 'there is no key to open them with')];
  const { ring, named } = atHand;
  if (!ring.canOpen) return [skipped(name, 'only public keys are at hand: this process writes and does not read')];
  return lookAt(name, lateStore, { ...context, limitMs: context.limitMs + graceMs }, async (signal) => {
    const enough = AbortSignal.timeout(context.limitMs);
    const proofs: KeyProof[] = [];
    let total: number | undefined;
    try {
      await checkKeys({ store, ring }, {}, AbortSignal.any([signal, enough]), (proof, count) => {
        proofs.push(proof);
        total = count;
      });
    } catch (error) {
      if (!enough.aborted || signal.aborted) throw error;
      if (total === undefined) throw tooSlow(place, context);
    }
    return keyProofFindings(proofs, named, total ?? 0, place);
  });
}

function tooSlow({ destination }: ProvenPlace, { limitMs }: LookContext): AppError {
  return new AppError({
    code: 'store/unreachable',
    stage: 'store',
    message: `${destination ?? 'The store'} did not list the backups within ${limitMs / 1000} s`,
    hint: 'hazina keys check takes the time that it needs; --timeout waits longer',
  });
}
