import type { RetentionDecision } from './types.js';

const confirmWords = 'confirm the number';
const ofTarget = 'of the target ';

/** What the rules let go and this run keeps all the same, with the reason; anything else stays as it was decided. */
export function refuse(decision: RetentionDecision, reason: string): RetentionDecision {
  if (decision.decision !== 'remove') return decision;
  return { ...decision, decision: 'kept-by-refusal', reasons: [...decision.reasons, reason] };
}

/** How to say that a run is meant. */
export function toConfirm(number: number): string {
  return `${confirmWords} ${number} if that is meant`;
}

/** The same with what asks for it: so much would go, of all or of a target alone. */
export function overHalfRefused(share: string, number: number, target?: string): string {
  const whose = target === undefined ? '' : `${ofTarget}${target} `;
  return `${whose}${share} would go, which is over half: ${toConfirm(number)}`;
}

/** What a run kept for want of a confirmation. */
export interface Refusal {
  /** Nothing at all was removed. False: nothing of the targets that the reason names. */
  readonly isWhole: boolean;
  /** With the number to confirm. */
  readonly reason: string;
}

/** What of a run was refused; null: nothing. What is kept of a run (`CleanupResult`) tells it by its reasons alone. */
export function refusalIn(decisions: readonly { readonly reasons: readonly string[] }[]): Refusal | null {
  const found = new Set(decisions.flatMap(({ reasons }) => reasons.filter((reason) => reason.includes(confirmWords))));
  const reasons = [...found];
  if (reasons.length === 0) return null;
  return { isWhole: !reasons.every((reason) => reason.startsWith(ofTarget)), reason: reasons.join('; ') };
}
