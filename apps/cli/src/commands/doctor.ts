import { InvalidArgumentError, type Command } from 'commander';
import { AppError, type Finding } from '#contracts';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { exitCodeOf, exitCodes } from '../output/exit-codes.js';
import { printable } from '../output/format.js';

interface Options {
  readonly timeout: number;
}

export function registerDoctor(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description('Look at all that a backup and a restore need, and say what to do about what is not as it should be.')
    .option('--timeout <seconds>', 'how long one look may take', seconds, 5)
    .addHelpText('after', help);
  withJson(command).action((options: Options) => doctor(options, context));
}

const help = `
Looks at: the configuration (all that is wrong at once), the keys by id, the store (what it can do, its clock, its room),
whether every kept backup opens with the keys at hand, each destination of BACKUP_TARGETS_FILE (reach, object lock,
quota, whether every copy opens with the keys at hand), each server to back up (reach, version, rights of its user,
topology, clock), the official tools, the catalogue and its indexes, Redis (version, maxmemory-policy, memory,
persistence), memory and temporary folder of this process. It writes a few probes into the store and removes them.

Every look is made, whatever another finds, and none takes longer than --timeout (the store three times as long).
A finding is ok, warning (it works, and should not stay so), error (backups or restores will fail) or skipped.

Exit codes: 0 without an error (warnings are none); else that of the first error from the top (3 configuration,
13 keys, 11 damaged backups, 14 store, 15 databases, 10 tools), where 1 (Redis) gives way to any other.`;

function seconds(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 300) return value;
  throw new InvalidArgumentError('It must be a whole number of seconds, 1 to 300.');
}

async function doctor({ timeout }: Options, context: CliContext): Promise<void> {
  const config = await context.doctorConfig();
  const { examineInstallation } = await import('../doctor/examine.js');
  const limitMs = timeout * 1000;
  const { clock, random, version, signal } = context;
  const findings = await examineInstallation(config, {
    ...{ clock, random, version, signal, limitMs, selectionMs: Math.ceil(limitMs * 0.8) },
    searchPath: context.searchPath(),
  });
  if (context.json) context.printJson({ findings });
  else context.print(describe(findings));
  const failure = failureOf(findings, context);
  if (failure !== undefined) throw failure;
}

const words = { ok: 'ok', warning: 'WARNING', error: 'ERROR', skipped: 'skipped' } as const;

function describe(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const indent = ' '.repeat(9);
  return findings
    .flatMap(({ name, status, detail, hint }) => {
      const [first = '', ...more] = detail.split('\n').map(printable);
      return [
        `${words[status].padEnd(8)} ${printable(name).padEnd(width)}  ${first}`,
        ...more.map((line) => `${indent}${line}`),
        ...(hint === null ? [] : [`${indent}→ ${printable(hint)}`]),
      ];
    })
    .join('\n');
}

/** The first error from the top, for causes stand above what comes of them; one without an exit code of its own gives way. */
function failureOf(findings: readonly Finding[], context: CliContext): AppError | undefined {
  const errors = findings.flatMap(({ name, status, detail, code, hint }) =>
    status !== 'error' || code === null ? [] : [{ name, code, detail, hint }],
  );
  const isSpecific = ({ code }: (typeof errors)[number]): boolean =>
    exitCodeOf(
      new AppError({ code, stage: 'probe', message: '', hint: 'told with its finding' }),
      context.interruptedBy,
    ) !== exitCodes.unexpected;
  const decisive = errors.find(isSpecific) ?? errors[0];
  if (decisive === undefined) return undefined;
  const { code, hint } = decisive;
  return new AppError({
    code,
    stage: 'probe',
    message:
      errors.length === 1
        ? `${decisive.name}: ${decisive.detail}`
        : `${errors.length} looks found an error: ${errors.map(({ name }) => name).join(', ')}`,
    hint: errors.length === 1 && hint !== null ? hint : 'Each is told above, with what to do',
  });
}
