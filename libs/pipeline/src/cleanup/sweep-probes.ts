import type { OpenUpload } from '#storage';
import type { Sighting } from '../deps.js';
import type { CleanupRun } from './cleanup-types.js';
import { sightingOf, stoodFor } from './sighting.js';

const prefix = '_hazina/probe-';

interface Probe {
  readonly keys: { readonly key: string; readonly bytes: number }[];
  readonly uploads: OpenUpload[];
}

/**
 * What a check of the store wrote and could not remove, because the process ended or the store went away. A check takes seconds: what stands longer than the grace
 * since this sweeper saw it first is nobody's. They belong to no target, so only a cleanup of the whole store looks for them.
 */
export async function sweepProbes(
  run: CleanupRun,
  known: ReadonlyMap<string, Sighting>,
): Promise<{ removed: number; freedBytes: number; sightings: Sighting[] }> {
  const result = { removed: 0, freedBytes: 0, sightings: [] as Sighting[] };
  if (run.request.target !== null) return result;
  for (const [folder, probe] of await findProbes(run)) {
    const sighting = sightingOf(run, folder, null, known.get(folder));
    const due = stoodFor(run, sighting) >= run.request.graceMs;
    if (due && run.request.dryRun) run.report(`${folder} is left of a check of the store and would be removed`);
    if (!due || run.request.dryRun) {
      result.sightings.push(sighting);
      continue;
    }
    for (const upload of probe.uploads) await run.deps.store.abortUpload(upload, run.signal);
    for (const { key, bytes } of probe.keys) {
      await run.deps.store.delete(key, run.signal);
      result.freedBytes += bytes;
    }
    run.report(`${folder} was left of a check of the store and is removed`);
    result.removed += 1;
  }
  return result;
}

async function findProbes({ deps: { store }, signal }: CleanupRun): Promise<Map<string, Probe>> {
  const probes = new Map<string, Probe>();
  const probeOf = (key: string): Probe => {
    const folder = key.split('/').slice(0, 2).join('/');
    const probe = probes.get(folder) ?? { keys: [], uploads: [] };
    probes.set(folder, probe);
    return probe;
  };
  for await (const entry of store.list(prefix, signal)) probeOf(entry.key).keys.push(entry);
  for await (const upload of store.listUploads(prefix, signal)) probeOf(upload.key).uploads.push(upload);
  return probes;
}
