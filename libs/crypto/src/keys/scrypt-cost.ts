export const defaultScryptCost = 131_072;

const leastCost = 2 ** 14;
const mostCost = 2 ** 18;

/** A header is not yet authenticated when its cost is paid: at most 256 MiB (spec/container.md, Slots). */
export function isAllowedCost({ n, r, p }: { readonly n: number; readonly r: number; readonly p: number }): boolean {
  return n >= leastCost && n <= mostCost && Number.isInteger(Math.log2(n)) && r === 8 && p === 1;
}
