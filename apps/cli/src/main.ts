import { CommanderError } from 'commander';
import { AppError } from '#contracts';
import { CliContext } from './context.js';
import { exitCodeOf, exitCodes } from './output/exit-codes.js';
import { reportError } from './output/report-error.js';
import { createProgram } from './program.js';

/** Runs the command line and sets the exit code. The one edge where errors become exit codes (spec/cli.md). */
export async function main(version: string): Promise<void> {
  const context = new CliContext(version);
  listenToSignals(context);
  mindPipes(context);
  try {
    await createProgram(context).parseAsync(process.argv);
    if (context.foundDifferences) process.exitCode ??= exitCodes.target;
  } catch (error) {
    process.exitCode = fail(error, context);
  }
}

function fail(thrown: unknown, context: CliContext): number {
  if (thrown instanceof CommanderError) {
    // Help and version were asked for: no error. Everything else commander has explained already.
    return thrown.exitCode === 0 ? exitCodes.done : badArguments(thrown, context);
  }
  const error = AppError.from(thrown, 'arguments');
  const exitCode = exitCodeOf(error, context.interruptedBy);
  reportError(error, exitCode, context);
  return exitCode;
}

function badArguments(thrown: CommanderError, context: CliContext): number {
  if (context.json || process.argv.includes('--json')) {
    const message = thrown.message.replace(/^error: /, '');
    const error = new AppError({ code: 'cli/bad-arguments', stage: 'arguments', message, hint: 'See hazina --help' });
    context.json = true;
    reportError(error, exitCodes.arguments, context);
  }
  return exitCodes.arguments;
}

/** The first signal ends the run in order (streams destroyed, uploads aborted, what was put removed); the second ends the process at once. */
function listenToSignals(context: CliContext): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (context.interruptedBy !== undefined)
        process.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
      context.interrupt(signal);
      context.say('Stopping: cleaning up … (once more to stop at once)');
    });
  }
}

/**
 * `hazina list | head -1` is no error. Data that cannot be written is one, but what the command did stands. Messages that nobody can read (a full disk under a log)
 * stop nothing: a backup is worth more than its words.
 */
function mindPipes(context: CliContext): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || process.exitCode !== undefined) return;
    const failure = new AppError({
      code: 'output/failed',
      stage: 'output',
      message: `stdout cannot be written (${error.code ?? 'unknown'})`,
      hint: 'What the command did stands: hazina list shows every backup',
      cause: error,
    });
    process.exitCode = fail(failure, context);
  });
}
