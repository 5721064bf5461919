import { skipped, type Finding, type WorkerKeyProof } from '#contracts';
import type { NamedKey } from '#crypto';
import { checkKeys, judgeKeys, keyProofFindings } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';

/** Beside backups and restores, not instead of them. */
const concurrency = 2;
/** So many are named. */
const mostNamed = 10;

/** Proves that every kept backup opens with this worker's keys. Throws when the store cannot be read. */
export async function proveKeys(
  { store, ring, clock }: Pick<WorkerParts, 'store' | 'ring' | 'clock'>,
  named: readonly NamedKey[],
  signal: AbortSignal,
): Promise<{ readonly proof: WorkerKeyProof | null; readonly findings: readonly Finding[] }> {
  if (!ring.canOpen)
    return {
      proof: null,
      findings: [skipped('backups open', 'this worker holds public keys alone: it writes and does not read')],
    };
  const proofs = await checkKeys({ store, ring }, { concurrency }, signal);
  const { backups, opened, closed, damaged } = judgeKeys(proofs);
  return {
    proof: {
      ...{ at: clock.now(), backups, opened },
      ...{ closed: closed.slice(0, mostNamed), damaged: damaged.slice(0, mostNamed) },
    },
    findings: keyProofFindings(proofs, named, proofs.length),
  };
}
