import { InvalidArgumentError, type Command } from 'commander';
import type { AuditHead, AuditVerification } from '#catalog';
import { AppError } from '#contracts';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';

interface VerifyOptions {
  readonly head?: AuditHead;
}

export function registerAudit(program: Command, context: CliContext): void {
  const audit = program.command('audit').description("The service's audit log.");
  const verify = audit
    .command('verify')
    .description(
      'Prove that no entry of the audit log was changed, removed, put in between or cut off. Reads CATALOG_MONGODB_URI and writes nothing.',
    )
    .option('--head <number:hash>', 'an entry as it was noted elsewhere: it must still be there', parseHead)
    .addHelpText(
      'after',
      '\nThe API writes number and hash of each entry to its log ("audit"), and GET /api/admin/audit tells the newest. Kept\nwhere the database cannot reach, they prove that the chain was not written anew as a whole.\n\nExample:\n  hazina audit verify --head 4711:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    );
  withJson(verify).action((options: VerifyOptions) => verifyAudit(options, context));
}

async function verifyAudit({ head }: VerifyOptions, context: CliContext): Promise<void> {
  const uri = context.catalogUri();
  const { withCatalog } = await import('../open-catalog.js');
  const { verifyAuditLog } = await import('#catalog');
  const asked = { now: context.clock.now(), expected: head };
  const verification = await withCatalog({ uri, readOnly: true }, context, ({ audit }) => verifyAuditLog(audit, asked));
  if (context.json) context.printJson(verification);
  else context.print(describe(verification));
  refuseBroken(verification);
}

function describe(verification: AuditVerification): string {
  const { entries, first, last, purgedThrough, head, problems, problemCount } = verification;
  const range = first === null || last === null ? '' : `, ${first} to ${last}`;
  const purged =
    purgedThrough === 0 ? [] : [`removed by retention: up to entry ${purgedThrough}${ageOf(verification)}`];
  const noted = head === null ? 'none' : `${head.sequence}:${head.hash}`;
  const more = problemCount > problems.length ? [`… and ${problemCount - problems.length} more`] : [];
  return [
    `entries: ${entries}${range}`,
    ...purged,
    `head: ${noted}`,
    ...problems.map(({ kind, message }) => `${kind.toUpperCase()}: ${message}`),
    ...more,
    ...(problemCount === 0 ? ['The chain is whole.'] : []),
  ].join('\n');
}

function ageOf({ purgedAfterDays: days }: AuditVerification): string {
  if (days === null) return ' (by an earlier version, which noted no age: compare a head)';
  return `, none younger than ${days} ${days === 1 ? 'day' : 'days'} (compare with BACKUP_RECORD_RETENTION_DAYS)`;
}

function refuseBroken({ problems, problemCount }: AuditVerification): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new AppError({
    code: 'audit/broken',
    stage: 'verify',
    message: `The audit log is not what was written: ${first.message}${problemCount > 1 ? `, and ${problemCount - 1} more` : ''}`,
    hint: "Somebody wrote to the catalogue's database past the service: look at its users, its own log and its backups",
  });
}

function parseHead(text: string): AuditHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence !== undefined && hash !== undefined) return { sequence: Number(sequence), hash };
  throw new InvalidArgumentError('It must be the number of an entry, a colon, and its hash of 64 hex digits.');
}
