import { Command } from 'commander';
import { registerAudit } from './commands/audit.js';
import { registerBackup } from './commands/backup.js';
import { registerCat } from './commands/cat.js';
import { registerCatalog } from './commands/catalog.js';
import { registerCleanup } from './commands/cleanup.js';
import { registerCompletion } from './commands/completion.js';
import { registerDelete } from './commands/delete.js';
import { registerDestinations } from './commands/destinations.js';
import { registerDoctor } from './commands/doctor.js';
import { registerDiff } from './commands/diff.js';
import { registerExtract } from './commands/extract.js';
import { registerImport } from './commands/import.js';
import { registerInspect } from './commands/inspect.js';
import { registerKeys } from './commands/keys.js';
import { registerList } from './commands/list.js';
import { registerMarks } from './commands/marks.js';
import { registerOpen } from './commands/open.js';
import { registerRestore } from './commands/restore.js';
import { registerShow } from './commands/show.js';
import { registerStorage } from './commands/storage.js';
import { registerToken } from './commands/token.js';
import { registerVerify } from './commands/verify.js';
import type { CliContext } from './context.js';

// One line a paragraph: the help breaks lines itself, where the terminal ends.
const description = [
  'MongoDB backups that are proven, not hoped for.',
  'Each backup is one compressed, encrypted stream in a bucket or a folder. The bucket and the key alone are enough to list, verify and restore it: no server of ours, no catalogue.',
].join('\n\n');

const after = `
A first backup, in a folder:
  export MONGODB_URI=mongodb://127.0.0.1:27017/clinic
  export BACKUP_ENCRYPTION_KEY=$(hazina keys generate)    # keep it: without it no backup opens
  export BACKUP_DIRECTORY=/var/backups/mongodb            # or S3_BACKUP_BUCKET=… for a bucket
  hazina backup
  hazina verify --latest
  TARGET=mongodb://127.0.0.1:27017 hazina restore --latest --to-env TARGET --rename clinic=clinic_copy

Keys and URIs are never arguments: they come from variables (.env.example explains each), from files named by
NAME_FILE variables, or from the lines of a file given by --config.

Data goes to stdout, messages to stderr. Exit codes: 0 done, 2 bad arguments, 3 configuration, 10 dump failed,
11 damaged backup, 12 restore failed, 13 wrong or no key, 14 store, 15 database, 16 refused for safety,
130 and 143 interrupted, 1 anything else.`;

/** The command line: what each command takes is in its own file. */
export function createProgram(context: CliContext): Command {
  const program = new Command('hazina')
    .description(description)
    .version(context.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help on a command')
    .option('--config <file>', 'file of NAME=value lines; the environment wins over it')
    .addHelpText('after', after)
    .showHelpAfterError('(hazina --help, or hazina COMMAND --help, tells what it takes)')
    .exitOverride()
    .hook('preAction', (root, action) => {
      context.json = action.opts()['json'] === true;
      context.configFile = root.opts<{ config?: string }>().config;
    });
  for (const register of [
    registerBackup,
    registerImport,
    registerList,
    registerShow,
    registerVerify,
    registerRestore,
    registerExtract,
    registerOpen,
    registerInspect,
    registerCat,
    registerDiff,
    registerDelete,
    registerMarks,
    registerCleanup,
    registerCatalog,
    registerKeys,
    registerStorage,
    registerDestinations,
    registerToken,
    registerAudit,
    registerDoctor,
    registerCompletion,
  ]) {
    register(program, context);
  }
  return program;
}
