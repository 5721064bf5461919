const shown = 5;

/** The names that somebody may have meant, the most similar first; without any similar one, the first few of all. */
export function similarNames(name: string, names: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  const scored = names
    .map((other) => ({ other, score: distance(wanted, other.toLowerCase()) }))
    .filter(({ other, score }) => score <= Math.min(3, Math.floor(wanted.length / 2)) || contains(wanted, other))
    .sort((a, b) => a.score - b.score);
  return (scored.length > 0 ? scored.map(({ other }) => other) : names).slice(0, shown);
}

function contains(wanted: string, other: string): boolean {
  const lower = other.toLowerCase();
  return lower.includes(wanted) || wanted.includes(lower);
}

/** Levenshtein: single characters added, removed or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
