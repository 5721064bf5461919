import type { CatalogTotals } from '#catalog';

/** A text that is another one as soon as a backup (of the target) has come or gone: what depends on no more than those that are there is looked up anew only then. */
export function markOfThere({ states }: Pick<CatalogTotals, 'states'>, target: string | undefined): string {
  return states
    .filter(({ status }) => status === 'completed' || status === 'deleting')
    .filter((one) => target === undefined || one.target === target)
    .map(({ target: of, status, count, bytes, durationMs }) => `${of}/${status}/${count}/${bytes}/${durationMs}`)
    .sort()
    .join(' ');
}
