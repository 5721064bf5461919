import type { CliConfig, StoreConfig } from '#config';
import { AppError } from '#contracts';
import { openKeys, writeOnly, type KeyRing } from '#crypto';
import { createStore, PlacedStore, type ObjectStore } from '#storage';
import type { CliContext } from './context.js';

/** The configured store; closed when the action ends, however it ends. */
export async function withStore<T>(
  { store: options, placements = {} }: { store: StoreConfig; placements?: CliConfig['placements'] },
  action: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const opened = await createStore(options);
  const store = Object.keys(placements).length === 0 ? opened : new PlacedStore(opened, (name) => placements[name]);
  try {
    return await action(store);
  } finally {
    await store.close();
  }
}

/** The stores of several places at once; closed when the action ends. */
export async function withStores<T>(
  places: readonly { readonly name: string; readonly store: StoreConfig }[],
  action: (stores: readonly { readonly name: string; readonly store: ObjectStore }[]) => Promise<T>,
  opened: readonly { readonly name: string; readonly store: ObjectStore }[] = [],
): Promise<T> {
  const [first, ...others] = places;
  if (first === undefined) return action(opened);
  return withStore(first, (store) => withStores(others, action, [...opened, { name: first.name, store }]));
}

/** The ring of the configured keys; undefined when none is set. A key of a wrong form is `keys/refused`. */
export async function openKeyRing(config: CliConfig, context: CliContext): Promise<KeyRing | undefined> {
  const { current, retired, recipients } = config.keys;
  if (current === undefined && retired.length + recipients.length === 0) return undefined;
  const { ring } = await openKeys(config.keys, (warning) => context.warn(warning));
  return ring;
}

/** The ring where it opens anything: whoever holds public keys alone sees what everybody sees. */
export async function readingKeyRing(config: CliConfig, context: CliContext): Promise<KeyRing | undefined> {
  const ring = await openKeyRing(config, context);
  return ring?.canOpen === true ? ring : undefined;
}

/** Like `openKeyRing`, where nothing can be done without a key: to seal, to open, or to speak of it (`name`). */
export async function requireKeyRing(
  config: CliConfig,
  context: CliContext,
  purpose: 'seal' | 'open' | 'name',
): Promise<KeyRing> {
  const ring = await openKeyRing(config, context);
  if (purpose === 'open' && ring?.canOpen === false) throw writeOnly('This opens what was sealed');
  if (purpose === 'seal' && ring?.unfitToSeal !== undefined) throw ring.unfitToSeal;
  if (ring !== undefined && (purpose !== 'seal' || ring.current.length > 0)) return ring;
  throw new AppError({
    code: 'keys/none-set',
    stage: 'keys',
    message: 'No key is set',
    hint:
      purpose === 'seal'
        ? 'Set BACKUP_ENCRYPTION_KEY; hazina keys generate makes one. Keep it apart from the backups: without it none can be opened'
        : 'Set BACKUP_ENCRYPTION_KEY (or BACKUP_ENCRYPTION_KEY_FILE) to the key that the backup was made with',
  });
}
