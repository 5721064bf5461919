import { hostname, userInfo } from 'node:os';
import type { Catalog } from '#catalog';
import { AppError, type AuditRecord } from '#contracts';
import type { CliContext } from './context.js';

/** What somebody does by a command, in the words of the service's audit log. */
export interface AuditedCommand {
  readonly event: string;
  readonly resource?: string;
  readonly detail?: string;
}

/** Its command line was wrong, its configuration is, or the catalogue is away: nobody did anything, or nobody can keep it. */
const untold = /^(cli|config|catalog)\//;
const longestText = 300;

/**
 * Does it, and notes in the service's audit log who did and what came of it, as the API does of its routes. An entry that cannot be kept undoes nothing: that
 * is told. `failed`: it came to its end, and not to a good one.
 */
export async function audited<T>(
  { audit }: { readonly audit: Pick<Catalog['audit'], 'append'> },
  act: AuditedCommand,
  context: CliContext,
  work: () => Promise<T>,
  failed: (done: T) => boolean = () => false,
): Promise<T> {
  const note = async (outcome: AuditRecord['outcome'], code?: string): Promise<void> => {
    try {
      await audit.append(recordOf(act, outcome, code, context));
    } catch (error) {
      context.warn(`this is not in the audit log: ${AppError.from(error, 'catalog').message}`);
    }
  };
  let done: T;
  try {
    done = await work();
  } catch (error) {
    const { code } = AppError.from(error, 'request');
    if (!untold.test(code)) await note('failure', code);
    throw error;
  }
  await note(failed(done) ? 'failure' : 'success');
  return done;
}

/** The same of a command that needs no catalogue: where none is configured nothing is noted, and one that is away is told. */
export async function auditedIfAny<T>(act: AuditedCommand, context: CliContext, work: () => Promise<T>): Promise<T> {
  const { catalog: access } = context.config({ catalog: true });
  if (access === undefined) return work();
  const append = async (entry: AuditRecord) => {
    const { withCatalog } = await import('./open-catalog.js');
    return withCatalog(access, context, ({ audit }) => audit.append(entry));
  };
  return audited({ audit: { append } }, act, context, work);
}

function recordOf(
  { event, resource, detail }: AuditedCommand,
  outcome: AuditRecord['outcome'],
  code: string | undefined,
  { clock }: CliContext,
): AuditRecord {
  const told = [detail, code].filter((text) => text !== undefined).join(': ');
  return {
    ...{ at: clock.now(), event, actor: actor(), role: null, address: null, correlationId: null, outcome },
    resource: resource?.slice(0, longestText) ?? null,
    detail: told === '' ? null : told.slice(0, longestText),
  };
}

/** Whose shell it is: tokens, which name people, are the API's. */
function actor(): string {
  return `cli:${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no user has.
    return String(process.getuid?.() ?? 'unknown');
  }
}
