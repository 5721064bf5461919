import { systemCode } from '#contracts';
import { harmless } from '../harmless.js';
import type { Hook, HookDeps, HookInput, Verdict } from '../hook.js';
import { judgeAnswer } from '../judge-answer.js';
import { secretsIn } from '../secrets-in.js';
import { runGroup, type GroupEnd } from './group.js';

type Command = Extract<Hook['does'], { readonly kind: 'command' }>;

/** Runs a command: exit code 0 is a yes (unless it answers with a veto), another one a no. `limit` is the signal of its time limit. */
export async function askCommand(
  { argv, environment }: Command,
  input: HookInput,
  { searchPath, signal }: Pick<HookDeps, 'searchPath' | 'signal'>,
  limit: AbortSignal,
): Promise<Verdict> {
  const given = [...Object.values(environment), ...secretsIn(argv)];
  const values = Object.fromEntries(Object.entries(environment).map(([name, secret]) => [name, secret.reveal()]));
  let end: GroupEnd;
  try {
    end = await runGroup({
      argv,
      environment: { PATH: searchPath, ...values, ...factsOf(input) },
      input: `${JSON.stringify(input)}\n`,
      signal: AbortSignal.any([signal, limit]),
    });
  } catch (error) {
    return { kind: 'failed', reason: `it cannot be started (${systemCode(error) ?? 'unknown'})`, again: false };
  }
  const said = harmless(`${end.stdout.text}\n${end.stderr.text}`, given);
  const words = said === '' ? '' : `: ${said}`;
  if (limit.aborted) return { kind: 'failed', reason: `it did not end in time${words}`, again: true };
  if (end.signal !== null) return { kind: 'failed', reason: `it was killed by ${end.signal}${words}`, again: true };
  if (end.code !== 0) return { kind: 'no', reason: `exit code ${end.code ?? 'none'}${words}` };
  return judgeAnswer({ text: end.stdout.whole, byLine: true }, input, (text) => harmless(text, given));
}

/** For those that do not read JSON. */
function factsOf({ event, target, backupId, attempt, outcome }: HookInput): Record<string, string> {
  return {
    HAZINA_EVENT: event,
    HAZINA_TARGET: target,
    HAZINA_BACKUP_ID: backupId,
    HAZINA_ATTEMPT: String(attempt),
    ...(outcome === null ? {} : { HAZINA_OUTCOME: outcome }),
  };
}
