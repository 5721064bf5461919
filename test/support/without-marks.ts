/**
 * The names without the marks of backups that stand: who verified what is written there some time after the verdict. Marks whose backup is gone stay in
 * the list: nothing may outlive its backup.
 */
export function withoutMarks(keys: readonly string[]): string[] {
  const all = new Set(keys);
  return keys.filter((key) => !key.endsWith('/marks.json') || !all.has(key.replace(/marks\.json$/, 'backup.json')));
}
