import type { Secret } from '#contracts';
import { KeyRing } from './key-ring.js';
import { parseKey } from './parse-key.js';

/** A key as an operator gave it, and the variable it came from (for messages). */
export interface GivenKey {
  readonly variable: string;
  readonly text: Secret;
}

/** The ring of an operator's keys; `warn` is told what is doubtful about their form. A key of a wrong form is `keys/refused`. */
export function keyRingOf(
  given: { readonly current: GivenKey | undefined; readonly retired: readonly GivenKey[] },
  warn: (warning: string) => void,
): KeyRing {
  const parse = ({ variable, text }: GivenKey) => {
    const { key, warnings } = parseKey(text, variable);
    for (const warning of warnings) warn(warning);
    return key;
  };
  const { current, retired } = given;
  return new KeyRing({ current: current === undefined ? [] : [parse(current)], retired: retired.map(parse) });
}
