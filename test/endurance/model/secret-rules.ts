import type { Violation } from './rules.js';

/** Secrets by name. */
export type Secrets = ReadonlyMap<string, string>;

/** Tells the name of a secret, and never the secret. */
export function findSecrets(where: string, text: string, secrets: Secrets): Violation[] {
  return [...secrets]
    .filter(([, secret]) => text.includes(secret))
    .map(([name]) => ({ rule: 'secret', text: `${name} stands in ${where}` }));
}
