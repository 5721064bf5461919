import type { Command } from 'commander';
import { lockAsks, lockAsksOfDestination, type DestinationSource, type LockAskConfig, type StoreConfig } from '#config';
import { AppError, type Finding } from '#contracts';
import type { StoreFinding } from '#storage';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { formatTable } from '../output/format.js';

export function registerStorage(program: Command, context: CliContext): void {
  const storage = program.command('storage').description('Look at the store that backups lie in.');
  const check = storage
    .command('check')
    .description(
      'Try what backups need of the store: put, get, head, list, delete, multipart, conditional write, checksums, clock. Leaves nothing behind.',
    )
    .option('--destination <name>', 'try this destination of BACKUP_TARGETS_FILE instead of the primary store')
    .addHelpText('after', help);
  withJson(check).action(({ destination }: { readonly destination?: string }) => checkStorage(destination, context));
}

const help = `
A bucket without object lock fails the check when S3_OBJECT_LOCK_MODE or objectLock of a target asks for one. Where
destinations ask for one (objectLock), their buckets are asked whether they give it, and nothing is written there.`;

async function checkStorage(destination: string | undefined, context: CliContext): Promise<void> {
  const config = context.config({ store: true });
  const { storeFrom } = await import('../from-destination.js');
  const { checkStore, createStore } = await import('#storage');
  const { name, store: options } = await storeFrom(config, destination, context, '--destination');
  const targets = Object.entries(config.placements).map(([target, placement]) => ({ name: target, placement }));
  const isPrimary = name === 'primary';
  const asks = isPrimary ? lockAsks(options, targets) : lockAsksOfDestination(name, options);
  const { clock, random, signal } = context;
  const store = await createStore(options);
  try {
    const own = await checkStore(store, { clock, random, signal, asks });
    tell(store.location, [...own, ...(isPrimary ? await checkLocks(context) : [])], context);
  } finally {
    await store.close();
  }
}

function tell(location: string, findings: readonly StoreFinding[], context: CliContext): void {
  if (context.json) context.printJson({ location, findings });
  else context.print(table(location, findings));
  for (const { check, doubtful, hint } of findings)
    if (doubtful === true && hint !== undefined) context.warn(`${check}: ${hint}`);
  const failed = findings.filter(({ ok }) => !ok);
  const [first] = failed;
  if (first === undefined) return;
  throw new AppError({
    code: first.code ?? 'store/failed',
    stage: 'store',
    message: `${location} failed ${failed.map(({ check }) => check).join(', ')}: ${first.detail}`,
    hint: first.hint ?? 'Each check that failed stands above, with what the store said',
  });
}

/** Destinations that ask for a lock: whether their buckets give it. */
async function checkLocks(context: CliContext): Promise<readonly StoreFinding[]> {
  const found: StoreFinding[] = [];
  let destinations: readonly DestinationSource[];
  try {
    destinations = await context.destinationsIfAny();
  } catch (error) {
    // What is wrong with them says nothing of this store.
    const { message, hint = 'hazina doctor tells all that is wrong' } = AppError.from(error, 'config');
    return [{ check: 'destinations', ok: true, doubtful: true, detail: `not looked at: ${message}`, hint }];
  }
  for (const { name, store } of destinations) {
    const asks = lockAsksOfDestination(name, store);
    if (asks.length > 0) found.push(...(await checkLock(name, store, asks, context.signal)));
  }
  return found;
}

async function checkLock(
  name: string,
  options: StoreConfig,
  asks: readonly LockAskConfig[],
  signal: AbortSignal,
): Promise<readonly StoreFinding[]> {
  const { createStore, protectionFindings } = await import('#storage');
  const check = `versions and locks of ${name}`;
  const store = await createStore(options);
  try {
    return protectionFindings(await store.protection(signal), asks, check).map(asCheck);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    // One that is away now may give the lock: that is for hazina doctor, and no fault of the store that is checked.
    const { message, hint = 'hazina doctor looks at destinations too' } = AppError.from(thrown, 'store');
    return [{ check, ok: true, doubtful: true, detail: `not looked at: ${message}`, hint }];
  } finally {
    await store.close();
  }
}

function asCheck({ name, status, detail, hint, code }: Finding): StoreFinding {
  return {
    ...{ check: name, ok: status !== 'error', detail },
    ...(status === 'warning' ? { doubtful: true } : {}),
    ...(hint === null ? {} : { hint }),
    ...(code === null ? {} : { code }),
  };
}

function table(location: string, findings: readonly StoreFinding[]): string {
  const rows = findings.map(({ check, ok, detail }) => [ok ? 'ok' : 'FAILED', check, detail]);
  return `${location}\n${formatTable(rows)}`;
}
