import type { KeysConfig, KeyText } from '#config';
import { KeyRing, parseKey } from '#crypto';
import type { WorkerLog } from '../logging/worker-log.js';

/** The ring of the configured keys. A key of a wrong form is `keys/refused`. */
export function openRing({ current, retired }: KeysConfig, log: WorkerLog): KeyRing {
  const parse = ({ variable, text }: KeyText) => {
    const { key, warnings } = parseKey(text, variable);
    for (const warning of warnings) log.warn('key', { warning });
    return key;
  };
  return new KeyRing({ current: current === undefined ? [] : [parse(current)], retired: retired.map(parse) });
}
