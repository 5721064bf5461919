import type { EnvironmentReader, ReadFile } from './environment-reader.js';
import { parseTargetsFile, type LocatedTargets } from './parse-targets-file.js';

/** What a target says of these goes field by field before what `defaults` says; of others as a whole. */
const mergedFields: ReadonlySet<PropertyKey> = new Set(['hooks', 'drill']);

/** `targets.yaml:4:7: `: where what counts for the nth target stands, with itself or, where it says nothing of the field, in `defaults`. */
export function placeIn({ file, at }: LocatedTargets, index: number): (...path: readonly PropertyKey[]) => string {
  return (...path) => {
    const said = path.slice(0, mergedFields.has(path[0] ?? '') ? 2 : 1);
    const isDefault = !says(file.targets[index], ...said) && says(file.defaults, ...said);
    return at([...(isDefault ? ['defaults'] : ['targets', index]), ...path]);
  };
}

function says(settings: unknown, ...path: readonly PropertyKey[]): boolean {
  const [field, ...more] = path;
  if (field === undefined) return settings !== undefined;
  return typeof settings === 'object' && settings !== null && says(Reflect.get(settings, field), ...more);
}

/** How a problem of a target begins: `BACKUP_TARGETS_FILE: targets.yaml:4:7: `; where no file says anything of it, with itself. */
export type PlaceOfTarget = (target: string, ...path: readonly PropertyKey[]) => string;

/** The file is read once more, and only when something is wrong: positions are no part of what a target is. */
export function placesOfTargets(reader: Pick<EnvironmentReader, 'text'>, readFile: ReadFile): PlaceOfTarget {
  return (target, ...path) => {
    const file = reader.text('BACKUP_TARGETS_FILE');
    const located = file === undefined ? undefined : parseTargetsFile(file, readFile, () => undefined);
    const index = located?.file.targets.findIndex(({ name }) => name === target) ?? -1;
    if (located === undefined || (!says(located.file.targets[index], ...path) && !says(located.file.defaults, ...path)))
      return '';
    return `BACKUP_TARGETS_FILE: ${placeIn(located, index)(...path)}`;
  };
}
