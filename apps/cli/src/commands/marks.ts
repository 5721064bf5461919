import type { Command } from 'commander';
import { AppError, isBackupId, type Marks } from '#contracts';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { printable } from '../output/format.js';

interface Change {
  readonly pinned?: boolean;
  readonly label?: string | null;
}

const mostLabel = 200;

export function registerMarks(program: Command, context: CliContext): void {
  const mark = (name: string, description: string): Command =>
    withJson(program.command(name).description(description).argument('<id>', 'ID of a backup'));
  mark('pin', 'Keep one backup: no retention rule and no deletion removes it until it is unpinned.').action(
    (id: string) => change(id, { pinned: true }, context),
  );
  mark('unpin', 'Let the retention rules decide about one backup again.').action((id: string) =>
    change(id, { pinned: false }, context),
  );
  mark('label', 'Give one backup a note. It stands in plain text in the store.')
    .argument('<text>', `up to ${mostLabel} characters; an empty one removes the note`)
    .action((id: string, text: string) => change(id, { label: labelOf(text) }, context));
}

function labelOf(text: string): string | null {
  if (text.length <= mostLabel && !/\p{Cc}/u.test(text)) return text === '' ? null : text;
  throw new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `A label has at most ${mostLabel} characters, and no line breaks`,
    hint: 'hazina label --help tells more',
  });
}

/** In the store; and, where a catalogue has a record of it, first there: it counts the versions. */
async function change(id: string, wanted: Change, context: CliContext): Promise<void> {
  const config = context.config({ store: true, catalog: true });
  const there = await wishElsewhere(id, wanted, context);
  if (there !== null) {
    tell(id, there, context);
    context.say(
      `The service writes it to ${there.place}, where the backup stands until it is brought to the primary store`,
    );
    return;
  }
  const { withStore } = await import('../open-store.js');
  const { chooseBackup } = await import('../choose-backup.js');
  const { writeMarks } = await import('#pipeline');
  const { catalog: access } = config;
  const { clock, signal } = context;
  const marks = await withStore(config, async (store) => {
    await chooseBackup(store, { id, latest: false }, context);
    const inStore = async () => (await writeMarks({ store, clock }, id, { version: 0, ...wanted }, signal))?.marks;
    if (access === undefined) return inStore();
    const { audited } = await import('../audited.js');
    const { withCatalog } = await import('../open-catalog.js');
    const { markRecorded } = await import('../recorded-marks.js');
    return withCatalog(access, context, (catalog) => {
      const mark = async () => (await markRecorded({ catalog, store, clock }, id, wanted, signal)) ?? inStore();
      return audited(catalog, actOf(id, wanted), context, mark);
    });
  });
  if (marks !== undefined) tell(id, marks, context);
}

function actOf(id: string, { pinned }: Change) {
  return { event: 'backup_marks', resource: id, detail: pinned === undefined ? 'label' : `pinned: ${pinned}` };
}

/** Without the store, which may be away: null where no catalogue says that the backup stands in a destination. */
async function wishElsewhere(id: string, wanted: Change, context: CliContext) {
  const { catalog: access } = context.config({ catalog: true });
  if (access === undefined || !isBackupId(id)) return null;
  const { audited } = await import('../audited.js');
  const { withCatalog } = await import('../open-catalog.js');
  const { markElsewhere } = await import('../recorded-marks.js');
  return withCatalog(access, context, async (catalog) => {
    const there = await markElsewhere(catalog, id, wanted);
    return there === null ? null : audited(catalog, actOf(id, wanted), context, () => Promise.resolve(there));
  });
}

function tell(id: string, { pinned, label }: Pick<Marks, 'pinned' | 'label'>, context: CliContext): void {
  if (context.json) context.printJson({ backupId: id, pinned, label });
  else
    context.print(`${id}: ${pinned ? 'pinned' : 'not pinned'}, label: ${label === null ? 'none' : printable(label)}`);
}
