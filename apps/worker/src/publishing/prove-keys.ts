import { AppError, doubtful, saysUnasked, skipped, type Finding, type WorkerKeyProof } from '#contracts';
import type { NamedKey } from '#crypto';
import { checkKeys, failureOfKeys, judgeKeys, keyProofFindings, type KeyProof } from '#pipeline';
import { withinTime } from '../core/within-time.js';
import type { WorkerParts } from '../core/worker-core.js';
import { requireDestination } from '../replicas/destination.js';
import type { Destination } from '../replicas/destination-types.js';

/** Beside backups and restores, not instead of them. */
const concurrency = 2;
/** So many are named. */
const mostNamed = 10;
/** A file system that hangs hangs for ever: so long may the copies of one destination take. */
const destinationMs = 600_000;

/**
 * Proves that every kept backup opens with this worker's keys, in the store and in every destination. Throws when the store cannot be read or AWS KMS not be
 * asked, for what was proven before stands then; a destination that cannot
 * is a finding, and then no key is called needless.
 */
export async function proveKeys(
  parts: WorkerParts,
  named: readonly NamedKey[],
  signal: AbortSignal,
): Promise<{ readonly proof: WorkerKeyProof | null; readonly findings: readonly Finding[] }> {
  const { store, ring, clock, destinations } = parts;
  if (!ring.canOpen)
    return {
      proof: null,
      findings: [skipped('backups open', 'this worker holds public keys alone: it writes and does not read')],
    };
  const here = await checkKeys({ store, ring }, { concurrency }, signal);
  const silent = failureOfKeys(here);
  if (silent !== undefined && saysUnasked(silent.code)) throw silent;
  const proofs = [...here];
  const away: Finding[] = [];
  for (const destination of destinations) {
    const { copies, finding } = await proveCopies(parts, destination, signal);
    proofs.push(...copies);
    if (finding !== null) away.push(finding);
  }
  const { backups, opened } = judgeKeys(here);
  const { closed, damaged } = judgeKeys(proofs);
  return {
    proof: {
      ...{ at: clock.now(), backups, opened },
      ...{ closed: closed.slice(0, mostNamed), damaged: damaged.slice(0, mostNamed) },
    },
    findings: [...keyProofFindings(proofs, named, proofs.length, { isEverywhere: away.length === 0 }), ...away],
  };
}

async function proveCopies(
  parts: WorkerParts,
  destination: Destination,
  signal: AbortSignal,
): Promise<{ readonly copies: readonly KeyProof[]; readonly finding: Finding | null }> {
  const { name, store } = destination;
  const copies: KeyProof[] = [];
  let expected = 0;
  const note = (proof: KeyProof, count: number): void => {
    expected = count;
    copies.push({ ...proof, backupId: `${proof.backupId} in ${name}` });
  };
  try {
    await withinTime(store.location, destinationMs, signal, async (limit) => {
      await requireDestination(parts, destination, limit);
      await checkKeys({ store, ring: parts.ring }, { concurrency }, limit, note);
    });
    return { copies, finding: null };
  } catch (thrown) {
    const error = AppError.from(thrown, 'verify');
    if (signal.aborted) throw error;
    const seen = [...copies];
    const text =
      seen.length === 0
        ? `${name} could not be looked at: ${error.message}`
        : `${seen.length} of ${expected} copies in ${name} were looked at in ${destinationMs / 60_000} minutes`;
    const finding = doubtful(
      `backups open in ${name}`,
      text,
      'What stands there may need a retired key: keep it until hazina keys check has looked at all',
    );
    return { copies: seen, finding };
  }
}
