import type { CliConfig, StoreConfig } from '#config';
import { AppError } from '#contracts';
import { keyRingOf, type KeyRing } from '#crypto';
import { createStore, type ObjectStore } from '#storage';
import type { CliContext } from './context.js';

/** The configured store; closed when the action ends, however it ends. */
export async function withStore<T>(
  { store: options }: { store: StoreConfig },
  action: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const store = await createStore(options);
  try {
    return await action(store);
  } finally {
    await store.close();
  }
}

/** The ring of the configured keys; undefined when none is set. A key of a wrong form is `keys/refused`. */
export function openKeyRing(config: CliConfig, context: CliContext): KeyRing | undefined {
  const { current, retired } = config.keys;
  if (current === undefined && retired.length === 0) return undefined;
  return keyRingOf(config.keys, (warning) => context.warn(warning));
}

/** Like `openKeyRing`, where nothing can be done without a key. */
export function requireKeyRing(config: CliConfig, context: CliContext, purpose: 'seal' | 'open'): KeyRing {
  const ring = openKeyRing(config, context);
  if (ring !== undefined && (purpose === 'open' || config.keys.current !== undefined)) return ring;
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
