import type { ArchivePrelude, PreludeCollection } from '#archive';
import type { LoadRequest } from '../engine.js';
import type { CollectionSpec } from '../native/load/collection-spec.js';
import { planNames, type NamedEntry } from '../native/load/name-plan.js';
import { readSpec } from '../native/load/read-spec.js';

/** A namespace that mongorestore is to load: where it comes from, where it goes, and what the archive's metadata says of it. */
export interface RestoredEntry extends NamedEntry<PreludeCollection> {
  readonly spec: CollectionSpec;
}

/** Chosen as the native engine chooses. Throws its refusals (`cli/bad-arguments`, `target/unsupported`). */
export function chooseEntries(
  { collections }: ArchivePrelude,
  request: LoadRequest,
): { readonly entries: readonly RestoredEntry[]; readonly notes: readonly string[] } {
  const { entries, notes } = planNames(collections, request);
  return { entries: entries.map((entry) => ({ ...entry, spec: readSpec(entry.source.metadata) })), notes };
}
