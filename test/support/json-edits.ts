/** Every leaf of a JSON value changed, one at a time, with its path. */
export function editsOf(value: Record<string, unknown>): [string, unknown][] {
  const edits: [string, unknown][] = [];
  const walk = (node: unknown, path: string[], put: (changed: unknown) => unknown): void => {
    if (Array.isArray(node)) {
      const items: unknown[] = node;
      items.forEach((item, index) =>
        walk(item, [...path, String(index)], (changed) => put(items.with(index, changed))),
      );
      edits.push([[...path, '+'].join('.'), put([...items, 'x'])]);
    } else if (typeof node === 'object' && node !== null) {
      for (const [name, item] of Object.entries(node))
        walk(item, [...path, name], (changed) => put({ ...node, [name]: changed }));
    } else {
      edits.push([path.join('.'), put(changeLeaf(node))]);
    }
  };
  walk(value, [], (changed) => changed);
  return edits;
}

function changeLeaf(leaf: unknown): unknown {
  if (typeof leaf === 'number') return leaf + 1;
  if (typeof leaf === 'boolean') return !leaf;
  if (typeof leaf !== 'string') return 'x';
  // Stay within the form where there is one: the last digit of hashes, times and ids.
  const last = /\d(?=\D*$)/.exec(leaf);
  if (last === null) return `${leaf}x`;
  return `${leaf.slice(0, last.index)}${(Number(last[0]) + 1) % 10}${leaf.slice(last.index + 1)}`;
}
