import { AppError, isImported } from '#contracts';
import { listBackups } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from './context.js';

const suffix = '-imported';
/** Of a target's name (spec/objects.md). */
const longestName = 40;

/** The target of an imported dump: what was asked for, else a name beside the one that is backed up. Throws `cli/bad-arguments` for a target that this installation backs up itself. */
export async function importTarget(wanted: string | undefined, own: string, context: CliContext): Promise<string> {
  const target = wanted ?? `${own.slice(0, longestName - suffix.length)}${suffix}`;
  const { targets } = await context.upkeepConfig();
  if (target === own || targets.some(({ name }) => name === target))
    throw mixed(target, 'is a target that this installation backs up');
  return target;
}

/** Throws `cli/bad-arguments` where the store has backups of the target that were not imported. */
export async function requireImportsAlone(store: ObjectStore, target: string, signal: AbortSignal): Promise<void> {
  const { backups } = await listBackups(store, target, signal);
  const other = backups.find((backup) => !isImported(backup));
  if (other !== undefined) throw mixed(target, `has backups that were not imported (${other.backupId})`);
}

function mixed(target: string, why: string): AppError {
  return new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `${target} ${why}: an imported dump would pass for its newest backup`,
    hint: 'Give imported dumps a target of their own: --target archive-2019, say',
  });
}
