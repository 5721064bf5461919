import { JsonScanner } from './json-scanner.js';

/**
 * A JSON object's text with other values (raw JSON) for some of its own fields; everything else stays byte for byte as it was: order, numbers, and names that a
 * JavaScript object would reorder. Throws when the text is no object, or has not each of the fields exactly once.
 */
export function replaceFields(text: string, values: Readonly<Record<string, string>>): string {
  const scanner = new JsonScanner(text);
  const parts: string[] = [];
  const found: string[] = [];
  let copied = 0;
  scanner.object((name) => {
    scanner.peek();
    const start = scanner.at;
    scanner.skip();
    if (!Object.hasOwn(values, name)) return;
    found.push(name);
    parts.push(text.slice(copied, start), values[name] ?? '');
    copied = scanner.at;
  });
  scanner.end();
  const wanted = Object.keys(values);
  if (found.length !== wanted.length || new Set(found).size !== wanted.length)
    throw new Error(`fields to replace: ${wanted.join(', ')}; found: ${found.join(', ')}`);
  return parts.join('') + text.slice(copied);
}
