import type { Clock, Secret, Trigger } from '#contracts';

/** One command or HTTP call of a target. */
export interface Hook {
  /** In logs, records and errors. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Of one before a backup: its no stops the backup. Otherwise it is a warning. */
  readonly veto: boolean;
  readonly does:
    | {
        readonly kind: 'command';
        /** A program and its arguments; no shell is in between. */
        readonly argv: readonly string[];
        /** What it gets besides PATH and HAZINA_…. */
        readonly environment: Readonly<Record<string, Secret>>;
      }
    | {
        readonly kind: 'http';
        readonly url: Secret;
        /** Signs what is posted; null: no signature. */
        readonly secret: Secret | null;
      };
}

export interface Hooks {
  readonly before: readonly Hook[];
  readonly after: readonly Hook[];
}

/** The run that hooks surround. */
export interface HookedRun {
  readonly target: string;
  readonly backupId: string;
  readonly attempt: number;
  readonly trigger: Trigger;
  /** The scheduled time; null: none. */
  readonly slot: Date | null;
  readonly correlationId: string | null;
}

/** What became of a backup, for the hooks after it. */
export interface HookedBackup {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly documents: number;
  readonly databases: readonly string[];
}

export type HookedOutcome = 'completed' | 'vetoed' | 'cancelled' | 'interrupted' | 'failed';

/** What a hook is given, as JSON: on its input, or as the body. Never a secret. */
export interface HookInput {
  readonly schema: 'hazina-hook/1';
  readonly event: 'backup.before' | 'backup.after';
  readonly at: string;
  readonly target: string;
  readonly backupId: string;
  readonly attempt: number;
  readonly trigger: Trigger;
  readonly slot: string | null;
  readonly correlationId: string | null;
  /** Null before. */
  readonly outcome: HookedOutcome | null;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  readonly backup: HookedBackup | null;
}

/** What a hook answered. */
export type Verdict =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no'; readonly reason: string }
  /** It gave no answer. `again`: it may give one when it is asked once more. */
  | { readonly kind: 'failed'; readonly reason: string; readonly again: boolean };

export interface HookDeps {
  readonly clock: Clock;
  /** Where programs are looked for. */
  readonly searchPath: string;
  readonly signal: AbortSignal;
}
