import { AppError, causeOf, scrub, throwIfAborted } from '#contracts';
import { askHook } from './ask-hook.js';
import type { Hook, HookDeps, HookedBackup, HookedOutcome, HookedRun, HookInput, Hooks, Verdict } from './hook.js';

/** So long a hook after the run may go on once the run was aborted: the process may be ending. */
const defaultAfterAbortMs = 5_000;
const neverAborted = new AbortController().signal;

export interface HookObserver {
  /** The hooks of one side begin. */
  begun(when: 'before' | 'after'): void;
  /** One has answered. */
  asked(when: 'before' | 'after', hook: string, verdict: Verdict, durationMs: number): void;
  /** All hooks after the run have answered; what did not work, in words. */
  afterwards(failures: readonly string[]): Promise<void>;
}

interface Deps extends HookDeps {
  readonly observer: HookObserver;
  /** Default 5,000. */
  readonly afterAbortMs?: number;
}

export interface Surrounded<T> {
  readonly value: T;
  /** For the record of a backup that stands. */
  readonly warnings: readonly string[];
}

/**
 * Does a run between its hooks. Those before it are asked one after the other, and the first no ends it with `hook/vetoed`, which is not tried again; no answer ends it
 * with `hook/failed`. Those after it are asked whatever became of it, also when a hook before it said no, for an earlier one may have locked something. Their failures
 * change nothing of the outcome. A run that another one took over asks none: it would undo what was done for the other.
 */
export async function withHooks<T>(
  hooks: Hooks,
  run: HookedRun,
  deps: Deps,
  work: () => Promise<T>,
  describe: (value: T) => HookedBackup,
): Promise<Surrounded<T>> {
  if (hooks.before.length + hooks.after.length === 0) return { value: await work(), warnings: [] };
  let value: T;
  let warnings: readonly string[];
  try {
    warnings = await askBefore(hooks.before, run, deps);
    value = await work();
  } catch (thrown) {
    const error = causeOf(thrown, deps.signal, 'hook');
    if (error.code !== 'run/fenced') {
      const { code, message, retry } = error;
      const facts = {
        outcome: outcomeOf(error),
        error: { code, message: scrub(message), retryable: retry === 'retry' },
        backup: null,
      };
      await askAfter(hooks.after, run, deps, facts);
    }
    throw thrown;
  }
  const facts = { outcome: 'completed', error: null, backup: describe(value) } as const;
  const failures = await askAfter(hooks.after, run, deps, facts);
  return { value, warnings: [...warnings, ...failures] };
}

async function askBefore(hooks: readonly Hook[], run: HookedRun, deps: Deps): Promise<string[]> {
  const warnings: string[] = [];
  if (hooks.length > 0) deps.observer.begun('before');
  for (const hook of hooks) {
    throwIfAborted(deps.signal, 'hook');
    const input = inputOf('backup.before', run, deps, { outcome: null, error: null, backup: null });
    const verdict = await ask('before', hook, input, deps);
    throwIfAborted(deps.signal, 'hook');
    if (verdict.kind === 'yes') continue;
    if (hook.veto) throw refusal(hook, verdict);
    warnings.push(inWords('before', hook, verdict));
  }
  return warnings;
}

async function askAfter(
  hooks: readonly Hook[],
  run: HookedRun,
  deps: Deps,
  facts: Pick<HookInput, 'outcome' | 'error' | 'backup'>,
): Promise<readonly string[]> {
  if (hooks.length === 0) return [];
  deps.observer.begun('after');
  const failures: string[] = [];
  for (const hook of hooks) {
    const input = inputOf('backup.after', run, deps, facts);
    const ending = soonAfter(deps.signal, deps.afterAbortMs ?? defaultAfterAbortMs);
    // What was done before is undone even when the run itself must end.
    const verdict = await ask('after', hook, input, { ...deps, signal: neverAborted }, ending.signal);
    ending.stop();
    if (verdict.kind !== 'yes') failures.push(inWords('after', hook, verdict));
  }
  await deps.observer.afterwards(failures);
  return failures;
}

/** Aborted so long after another signal was, or after now where that is so already. */
function soonAfter(signal: AbortSignal, ms: number): { readonly signal: AbortSignal; readonly stop: () => void } {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => void (timer = setTimeout(() => ending.abort(), ms));
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  const stop = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', begin);
  };
  return { signal: ending.signal, stop };
}

async function ask(
  when: 'before' | 'after',
  hook: Hook,
  input: HookInput,
  deps: Deps,
  cut?: AbortSignal,
): Promise<Verdict> {
  const began = deps.clock.monotonicMs();
  const verdict = await askHook(hook, input, deps, cut);
  deps.observer.asked(when, hook.name, verdict, Math.round(deps.clock.monotonicMs() - began));
  return verdict;
}

function inputOf(
  event: HookInput['event'],
  { slot, ...run }: HookedRun,
  { clock }: Pick<HookDeps, 'clock'>,
  facts: Pick<HookInput, 'outcome' | 'error' | 'backup'>,
): HookInput {
  const at = clock.now().toISOString();
  return { schema: 'hazina-hook/1', event, at, ...run, slot: slot?.toISOString() ?? null, ...facts };
}

function refusal({ name }: Hook, verdict: Exclude<Verdict, { readonly kind: 'yes' }>): AppError {
  if (verdict.kind === 'no')
    return new AppError({
      code: 'hook/vetoed',
      stage: 'hook',
      message: `The hook ${name} said no: ${verdict.reason}`,
      hint: 'Nothing was backed up, and it is not tried again. See what the hook wants, or set veto: false for it',
    });
  return new AppError({
    code: 'hook/failed',
    stage: 'hook',
    retry: verdict.again ? 'retry' : 'no-retry',
    message: `The hook ${name} before the backup gave no answer: ${verdict.reason}`,
    hint: 'Nothing was backed up. Mend the hook, or set veto: false for it',
  });
}

function inWords(when: 'before' | 'after', { name }: Hook, verdict: Exclude<Verdict, { kind: 'yes' }>): string {
  return `hook ${name} ${when} the backup: ${verdict.reason}`;
}

function outcomeOf({ code }: AppError): HookedOutcome {
  if (code === 'hook/vetoed') return 'vetoed';
  if (code === 'run/cancelled') return 'cancelled';
  return code === 'worker-shutdown' ? 'interrupted' : 'failed';
}
