import type { LoadedNamespace, LoadReport } from '../../engine.js';
import { leftOutLines } from './left-out.js';
import type { PlanEntry } from './plan-types.js';
import { compare, nameOf } from './names.js';

/** What came of a namespace in the end. */
export interface ReportedEntry {
  readonly entry: { readonly db: string; readonly final: string; readonly documents?: number } & Partial<
    Pick<PlanEntry, 'bytes' | 'loadMs' | 'leftOut'>
  >;
  readonly indexes: number;
  readonly notKept: readonly string[];
  readonly missing: readonly string[];
  readonly warnings: readonly string[];
}

/** `strict`: what the server did not keep is a difference, and not a warning. What the archive has and the target lacks is one always. */
export function makeReport(finished: readonly ReportedEntry[], notes: readonly string[], strict: boolean): LoadReport {
  const warnings = [...notes];
  const namespaces = finished
    .map((done): LoadedNamespace => {
      const { db, final: collection, bytes, loadMs, leftOut } = done.entry;
      const name = nameOf({ db, collection });
      // What is filled in place was looked at twice.
      const notKept = [...new Set(done.notKept)];
      warnings.push(...done.warnings);
      if (!strict && notKept.length > 0) warnings.push(`${name}: the server did not keep: ${notKept.join('; ')}`);
      const differences = [
        ...(leftOut ? leftOutLines(leftOut) : []),
        ...[...done.missing, ...(strict ? notKept : [])].map((what) => `the server did not keep: ${what}`),
      ];
      return {
        ...{ db, collection, documents: done.entry.documents ?? 0, indexes: done.indexes, differences },
        ...(bytes === undefined ? {} : { bytes }),
        ...(loadMs === undefined ? {} : { durationMs: loadMs }),
      };
    })
    .sort((a, b) => compare(a.db, b.db) || compare(a.collection, b.collection));
  if (namespaces.every(({ documents }) => documents === 0))
    warnings.push(
      `empty: ${namespaces.length === 0 ? 'the archive holds no collections' : 'no document was restored'}`,
    );
  const different = namespaces.some(({ differences }) => differences.length > 0);
  return { outcome: different ? 'restored-with-differences' : 'restored', namespaces, warnings };
}
