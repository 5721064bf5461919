export type { Hook, HookedBackup, HookedOutcome, HookedRun, HookInput, Hooks, Verdict } from './hook.js';
export { withHooks, type HookObserver, type Surrounded } from './with-hooks.js';
