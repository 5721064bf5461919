// What a dump leaves out, as mongodump does (facts of the archive format, 1.3).

const keptOfConfig = new Set(['chunks', 'collections', 'databases', 'settings', 'shards', 'tags', 'version']);

/** Written before all other data, in this order, and without metadata. `version` tells a restore the form of the other two. */
export const authorizationCollections = ['system.users', 'system.roles', 'system.version'] as const;

/** Databases that are never dumped unless they are asked for by name. */
export function isSkippedDatabase(db: string): boolean {
  return db === 'local' || db.startsWith('__mdb_internal');
}

/** Collections that are never dumped; `named`: their database was asked for by name. */
export function isSkippedCollection(db: string, collection: string, named: boolean): boolean {
  if (collection.includes('$')) return true;
  if (db === 'config' && !named) return !keptOfConfig.has(collection);
  // Buckets are dumped as their time series, users and roles by a step of their own.
  return collection.startsWith('system.') && collection !== 'system.js';
}
