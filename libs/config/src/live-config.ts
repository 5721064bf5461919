import { isDeepStrictEqual } from 'node:util';
import { Secret } from '#contracts';

/** A configuration of which some parts can be replaced: whoever holds it finds the new ones at its next look, and a run keeps those that it took. */
export interface LiveConfig<T, K extends keyof T> {
  readonly config: T;
  replace(next: Pick<T, K>): void;
}

export function liveConfig<T extends object, K extends keyof T>(first: T, parts: readonly K[]): LiveConfig<T, K> {
  let current: Pick<T, K> = first;
  const config = { ...first };
  for (const part of parts) Object.defineProperty(config, part, { enumerable: true, get: () => current[part] });
  return {
    config: Object.freeze(config),
    replace(next) {
      current = next;
    },
  };
}

/** What a reload changed, by name; texts and secrets of the configuration are never told. */
export interface ConfigChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

interface Named {
  readonly name: string;
}

export function changeOf(before: readonly Named[], after: readonly Named[]): ConfigChange {
  const [old, now] = [before, after].map(
    (targets) => new Map(targets.map((target) => [target.name, revealed(target)])),
  );
  const names = (targets: readonly Named[]) => targets.map(({ name }) => name);
  return {
    added: names(after).filter((name) => old?.has(name) !== true),
    removed: names(before).filter((name) => now?.has(name) !== true),
    changed: names(after).filter(
      (name) => old?.has(name) === true && !isDeepStrictEqual(old.get(name), now?.get(name)),
    ),
  };
}

/** A copy to compare: secrets look all the same from outside. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() };
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, revealed(part)]));
}
