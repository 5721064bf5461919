import { resolve, sep } from 'node:path';
import type { StoreConfig } from './store-config.js';

/** Where a store lies: paths of the same root can lie within one another. Ends with a separator, or is empty (all of a bucket). */
interface StorePlace {
  readonly root: string;
  readonly path: string;
}

/** How two stores lie: `same` would be one store with two names; the objects of an inner one would be foreign ones in the outer. */
export type Overlap = 'same' | 'inside' | 'around' | null;

/** How `store` lies to `other`, by their configuration: links and other names of an endpoint are not followed. */
export function overlapOf(store: StoreConfig, other: StoreConfig): Overlap {
  const [one, two] = [placeOf(store), placeOf(other)];
  if (one.root !== two.root) return null;
  if (one.path === two.path) return 'same';
  if (one.path.startsWith(two.path)) return 'inside';
  return two.path.startsWith(one.path) ? 'around' : null;
}

function placeOf(store: StoreConfig): StorePlace {
  if (store.kind === 'directory') {
    const directory = resolve(store.directory);
    return { root: 'directory', path: directory.endsWith(sep) ? directory : `${directory}${sep}` };
  }
  return { root: `bucket ${store.endpoint ?? store.region ?? 'aws'} ${store.bucket}`, path: store.prefix };
}
