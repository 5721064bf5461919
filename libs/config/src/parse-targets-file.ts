import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { unreadableCode, type ReadFile } from './environment-reader.js';
import { targetsFile, type TargetsFile } from './targets-file.js';

/** A file of the right form, and where things stand in it. */
export interface LocatedTargets {
  readonly file: TargetsFile;
  /** `targets.yaml:4:7: `: line and column of what a path leads to, as editors and terminals make links of it. */
  readonly at: (path: readonly PropertyKey[]) => string;
}

/** Reads the file; every error with line and column, and with nothing of its text, which may hold what should not stand there. */
export function parseTargetsFile(
  path: string,
  readFile: ReadFile,
  problem: (text: string) => void,
): LocatedTargets | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFile(path));
  } catch (error) {
    problem(`the file ${path} cannot be read (${unreadableCode(error)})`);
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}: `;
  };
  for (const { code, pos } of document.errors) problem(`${place(pos[0])}is no YAML: ${wordsOf(code)}`);
  if (document.errors.length > 0) return undefined;
  const lost: number[] = [];
  let firstAlias = 0;
  visit(document, {
    Alias(_key, alias) {
      const offset = alias.range?.[0] ?? 0;
      firstAlias ||= offset;
      if (alias.resolve(document) === undefined) lost.push(offset);
    },
  });
  for (const offset of lost) problem(`${place(offset)}is no YAML: the alias leads nowhere`);
  if (lost.length > 0) return undefined;
  const at = (to: readonly PropertyKey[]): string => place(offsetOf(document, to));
  const result = targetsFile.safeParse(valueOf(document, (text) => problem(`${place(firstAlias)}${text}`)));
  if (result.success) return { file: result.data, at };
  for (const issue of result.error.issues) {
    const where = issue.path.join('.') || 'the whole';
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys)
        problem(`${place(offsetOf(document, [...issue.path, key], 'key'))}${where}: Unrecognized key "${key}"`);
    else problem(`${at(issue.path)}${where}: ${issue.message}`);
  }
  return undefined;
}

function wordsOf(code: string): string {
  return code === 'DUPLICATE_KEY' ? 'a key stands there twice' : code.toLowerCase().replaceAll('_', ' ');
}

function valueOf(document: Document.Parsed, problem: (text: string) => void): unknown {
  try {
    return document.toJS();
  } catch {
    // Aliases that make too much of themselves.
    problem('aliases (*name) make too much of the file');
    return undefined;
  }
}

/** Where the value at a path begins, or its key; of what is missing, what should hold it. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], what: 'value' | 'key' = 'value'): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [step, name] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair: { key: unknown; value: unknown } | undefined = node.items.find(
        ({ key }) => isScalar(key) && key.value === name,
      );
      if (pair === undefined) return offset;
      const isKey = what === 'key' && step === path.length - 1;
      const place: unknown = !isKey && isScalar(pair.value) ? pair.value : pair.key;
      if (isNode(place)) offset = place.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(name)];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
