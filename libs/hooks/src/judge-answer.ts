import type { HookInput, Verdict } from './hook.js';

/** So much of an answer is read, for a veto may stand anywhere in it. */
export const mostAnswerBytes = 1024 * 1024;

export interface Answer {
  /** Null: it broke off, or there was more than is read. */
  readonly text: string | null;
  /** What is no JSON as a whole is judged line by line: a program says other things, too. */
  readonly byLine: boolean;
}

type Said =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'veto'; readonly reason: string }
  | { readonly kind: 'unclear'; readonly reason: string };

const nothing: Said = { kind: 'nothing' };
const notWhole: Said = { kind: 'unclear', reason: 'its answer broke off, or has more than 1 MiB' };
const noJson: Said = { kind: 'unclear', reason: 'its answer begins with { and is not JSON' };
const noVeto: Said = { kind: 'unclear', reason: 'the veto in its answer is neither a text nor true or false' };

/**
 * Judges an answer that is a yes by its status: `{"veto": "reason"}` or `{"veto": true}` makes it a no. Before a backup, where a veto counts, one that may have been
 * meant as a veto is no answer.
 */
export function judgeAnswer(
  answer: Answer,
  { event }: Pick<HookInput, 'event'>,
  clean: (text: string) => string,
): Verdict {
  const said = saidIn(answer);
  if (said.kind === 'veto') return { kind: 'no', reason: clean(said.reason) };
  if (said.kind === 'nothing' || event === 'backup.after') return { kind: 'yes' };
  return { kind: 'failed', reason: said.reason, again: true };
}

function saidIn({ text, byLine }: Answer): Said {
  if (text === null) return notWhole;
  // A byte order mark goes with the white space.
  const trimmed = text.trim();
  if (!byLine || isJson(trimmed)) return saidInJson(trimmed);
  const lines = trimmed.split('\n');
  const veto = lines.map((line) => saidInJson(line.trim())).find(({ kind }) => kind === 'veto');
  // What is indented is a part of something longer.
  return veto ?? lines.map(saidInJson).find(({ kind }) => kind === 'unclear') ?? nothing;
}

function saidInJson(text: string): Said {
  if (!text.startsWith('{')) return nothing;
  if (!isJson(text)) return noJson;
  const { veto } = JSON.parse(text) as { readonly veto?: unknown };
  if (veto === undefined || veto === null || veto === false || veto === '') return nothing;
  if (veto === true) return { kind: 'veto', reason: 'it gave no reason' };
  return typeof veto === 'string' ? { kind: 'veto', reason: veto } : noVeto;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
