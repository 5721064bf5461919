import type { AppError } from '#contracts';
import type { CliContext } from '../context.js';

/** An error for people, or with `--json` as one object on the last line of stderr (spec/cli.md). */
export function reportError(error: AppError, exitCode: number, context: CliContext): void {
  if (context.json) {
    const { code, stage, message, hint } = error;
    context.say(JSON.stringify({ code, stage, message, hint: hint ?? null, exitCode }));
    return;
  }
  context.say(`Error: ${error.message}`);
  if (error.hint !== undefined) context.say(`  → ${error.hint}`);
  context.say(`  (${error.code}, while: ${error.stage}, exit code ${exitCode})`);
  // A defect of ours is only worth something with its stack.
  if (error.code === 'internal/unexpected' && error.cause instanceof Error) context.say(error.cause.stack ?? '');
}
