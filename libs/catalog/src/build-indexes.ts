import type { Connection } from 'mongoose';
import { AppError } from '#contracts';
import { markerId } from './schemas/marker.schema.js';
import { modelsOf, type Models } from './store/models.js';
import { isConflict, isDuplicateKey, translateCatalogError } from './store/translate-error.js';

/** Several processes start at once, and servers refuse some of the same index builds that meet; what is left is a real refusal. */
const attempts = 10;

/** Makes every index that is missing, and marks the database as the catalogue's own. Throws `catalog/unavailable`, or `catalog/refused` with the reason. */
export async function buildIndexes(connection: Connection): Promise<void> {
  const models = modelsOf(connection);
  for (const [name, model] of Object.entries(models) as [string, Models['Marker']][]) {
    await again(() => model.createIndexes(), `the indexes of ${model.collection.name} (${name})`);
  }
  await again(async () => {
    try {
      await models.Marker.updateOne({ _id: markerId }, { $setOnInsert: { _id: markerId } }, { upsert: true });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }, 'the marker of this database');
}

async function again(work: () => Promise<unknown>, what: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      const ours = translateCatalogError(error);
      // Builds that met are made again at once: nothing is away.
      if (attempt < attempts && (ours.code === 'catalog/refused' || isConflict(error))) continue;
      if (ours.code !== 'catalog/refused') throw ours;
      throw new AppError({
        code: 'catalog/refused',
        stage: 'catalog',
        message: `The catalogue cannot make ${what}: ${ours.message}`,
        hint: 'The user of CATALOG_MONGODB_URI needs readWrite and dbAdmin on its database. Where a unique index is refused because of records that are there twice, remove one of them',
        details: ours.details,
      });
    }
  }
}
