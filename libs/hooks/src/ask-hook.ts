import { askCommand } from './command/ask-command.js';
import type { Hook, HookDeps, HookInput, Verdict } from './hook.js';
import { askServer } from './http/ask-server.js';

/** Asks one hook, within its time or until `cut`. Never throws; an aborted run is for the caller to see. */
export async function askHook(
  { does, timeoutMs }: Hook,
  input: HookInput,
  deps: HookDeps,
  cut?: AbortSignal,
): Promise<Verdict> {
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(cut === undefined ? [] : [cut])]);
  return does.kind === 'command' ? askCommand(does, input, deps, limit) : askServer(does, input, deps, limit);
}
