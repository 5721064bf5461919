import { AppError } from '#contracts';
import type { Catalog } from '#catalog';
import type { CliContext } from '../context.js';

/**
 * Takes the empty store that stands where the primary store was lost for the primary store: it gets the identity that the catalogue knows, and what is not in it
 * becomes `missing`, so that the workers bring it back from the destinations. Another store of Hazina is never taken.
 */
export async function acceptPrimary(catalog: Catalog, context: CliContext): Promise<void> {
  const { clock, random, signal } = context;
  const { withStore } = await import('../open-store.js');
  const { isGone, putStoreIdentity, readStoreIdentity } = await import('#pipeline');
  const storeId = await catalog.settings.storeId();
  if (storeId === null)
    throw new AppError({
      ...{ code: 'store/changed', stage: 'store' },
      message: 'The catalogue knows no primary store yet: there is nothing to bring back',
      hint: 'Start a worker: it takes the store that stands there',
    });
  const kdfSalt = (await catalog.settings.kdfSalt()) ?? random.bytes(16).toString('hex');
  await withStore(context.config({ store: true }), async (store) => {
    const found = await readStoreIdentity(store, signal);
    if (found !== null && found.storeId !== storeId)
      throw new AppError({
        ...{ code: 'store/changed', stage: 'store' },
        message: `${store.location} is the store ${found.storeId}, and no empty one: it is left alone`,
        hint: 'Are bucket and prefix (or the volume) the right ones? What lies there belongs to another installation',
      });
    if (found === null) await putStoreIdentity(store, { storeId, kdfSalt, createdAt: clock.now() }, signal);
    let missing = 0;
    for (const { backupId, place } of await catalog.backups.completed())
      if (place === null && (await isGone(store, backupId, null, signal)))
        missing += (await catalog.backups.markMissing(backupId, true, clock.now())) ? 1 : 0;
    context.say(
      `primary: ${store.location} is taken; ${missing} backups are missing in it, and the workers bring back those that stand in a destination`,
    );
  });
}
