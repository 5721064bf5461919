import type { MongoClient } from 'mongodb';
import { databasesOf } from './names.js';
import type { PlanEntry } from './plan-types.js';
import { listCollections } from './target-state.js';

const rounds = 5;

/**
 * Drops everything that a restore made in the phase `loading`. Looks again afterwards: a write that was still on its way when its collection was dropped
 * makes it anew.
 */
export async function dropTemporaries(client: MongoClient, entries: readonly PlanEntry[]): Promise<void> {
  for (const name of databasesOf(entries)) {
    const db = client.db(name);
    const ours = new Set(
      entries
        .filter((entry) => entry.db === name)
        .flatMap(({ temporary, probe, sieve, authorization }) => [
          ...[temporary, probe, sieve?.temporary, sieve?.order.temporary],
          ...[authorization?.users.temporary, authorization?.roles.temporary],
        ])
        .filter((collection) => typeof collection === 'string'),
    );
    for (let round = 0; round < rounds; round += 1) {
      const left = [...(await listCollections(db)).keys()].filter((collection) => ours.has(collection));
      if (left.length === 0) break;
      for (const collection of left) await db.command({ drop: collection, writeConcern: { w: 'majority' } });
    }
  }
}
