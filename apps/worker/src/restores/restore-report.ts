import type { RestoreReport } from '#contracts';
import type { LoadPlan, LoadReport } from '#engine';
import type { DryRun } from '#pipeline';

/** A dry run, as the record keeps it. */
export function planReport({ plan, findings }: DryRun, warnings: readonly string[], durationMs: number): RestoreReport {
  return {
    dryRun: true,
    outcome: 'planned',
    namespaces: plan.namespaces.map(({ from, db, collection, type, action, documents }) => ({
      ...{ from, db, collection, type, action, documents },
      ...{ bytes: null, indexes: null, differences: [], durationMs: null },
    })),
    warnings: [...new Set([...warnings, ...(plan.warnings ?? []), ...plan.notes])],
    documents: plan.namespaces.reduce((sum, { documents }) => sum + (documents ?? 0), 0),
    durationMs,
    findings,
  };
}

/** What the loader did, with what the plan knew of each namespace. */
export function restoredReport(
  report: LoadReport,
  plan: LoadPlan,
  warnings: readonly string[],
  durationMs: number,
): RestoreReport {
  const planned = new Map(plan.namespaces.map((namespace) => [nameOf(namespace), namespace]));
  return {
    dryRun: false,
    outcome: report.outcome,
    namespaces: report.namespaces.map((namespace) => {
      const { db, collection, documents, bytes, indexes, differences } = namespace;
      const { from, type, action } = planned.get(nameOf(namespace)) ?? { from: null, type: null, action: null };
      return {
        ...{ from, db, collection, type, action, documents, bytes: bytes ?? null, indexes, differences },
        durationMs: namespace.durationMs ?? null,
      };
    }),
    warnings: [...new Set([...warnings, ...report.warnings])],
    documents: report.namespaces.reduce((sum, { documents }) => sum + documents, 0),
    durationMs,
    oplog: report.oplog ?? null,
    usersAndRoles: report.usersAndRoles ?? null,
  };
}

function nameOf({ db, collection }: { readonly db: string; readonly collection: string }): string {
  return `${db}.${collection}`;
}
