import { z } from 'zod';
import { hostOf, isForbiddenHost, Secret } from '#contracts';
import { secretFrom, type Environment, type ReadFile } from './environment-reader.js';
import type { Variable } from './variable.js';
import { variables } from './variables.js';

// What a target says of its hooks, and what a process that runs them knows besides: the values of the variables that it names.

/** One command or HTTP call, as the file tells it. */
export interface HookConfig {
  /** In logs, records and errors. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Of one before a backup: its no stops the backup. */
  readonly veto: boolean;
  readonly does:
    | { readonly kind: 'command'; readonly argv: readonly string[]; readonly environment: readonly string[] }
    | { readonly kind: 'http'; readonly url: string | { readonly variable: string }; readonly secret: string | null };
}

export interface HooksConfig {
  readonly before: readonly HookConfig[];
  readonly after: readonly HookConfig[];
}

/** The same with its secrets; the form that the hooks lib takes. */
export interface BoundHook extends Pick<HookConfig, 'name' | 'timeoutMs' | 'veto'> {
  readonly does:
    | {
        readonly kind: 'command';
        readonly argv: readonly string[];
        readonly environment: Readonly<Record<string, Secret>>;
      }
    | { readonly kind: 'http'; readonly url: Secret; readonly secret: Secret | null };
}

export interface BoundHooks {
  readonly before: readonly BoundHook[];
  readonly after: readonly BoundHook[];
}

export const noHooks = { before: [], after: [] } as const;

const usualSeconds = 30;
const mostSeconds = 3600;
const leastSecretBytes = 16;
const variableName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of a variable, such as OPS_HOOK_URL');
const ways = ['command', 'shell', 'url', 'urlVariable'] as const;

const hook = z.strictObject({
  name: z.string().min(1).max(60).optional().describe('In logs and messages. Default: the program, or the host'),
  command: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'A program and its arguments, run without a shell, with what is known of the backup as JSON on its input',
    ),
  shell: z.string().min(1).optional().describe('Instead: a line that /bin/sh runs'),
  url: z.string().optional().describe('Instead: a URL that the JSON is posted to. Tokens belong into urlVariable'),
  urlVariable: variableName.optional().describe('Instead: name of the environment variable that holds such a URL'),
  secretVariable: variableName
    .optional()
    .describe('Name of the variable with the key that signs what is posted (X-Hazina-Signature)'),
  environment: z
    .array(variableName)
    .optional()
    .describe('Names of variables that a command gets. Without it: PATH and HAZINA_… alone'),
  timeoutSeconds: z.int().min(1).max(mostSeconds).optional().describe(`Time limit. Default: ${usualSeconds}`),
});
const before = hook.extend({
  veto: z.boolean().optional().describe('false: what it says is a warning, and the backup goes on. Default: true'),
});

/** `hooks` of a target in the targets file. */
export const hooksSettings = z
  .strictObject({
    before: z.array(before).max(20).optional().describe('Before a backup, one after the other. Each may stop it'),
    after: z
      .array(hook)
      .max(20)
      .optional()
      .describe('After it, whatever became of it. A failure is told, and the backup stands'),
  })
  .describe('Commands and HTTP calls by the worker');

type Settings = z.output<typeof hooksSettings>;
type HookSettings = z.output<typeof before>;

/** What a target says of its hooks; `problem` is told what is wrong, and where below `hooks` that stands. */
export function readHooks(
  { before = [], after = [] }: Settings,
  problem: (path: readonly PropertyKey[], text: string) => void,
): HooksConfig {
  const read = (when: 'before' | 'after') => (settings: HookSettings, index: number) =>
    readHook(settings, (field, text) => problem([when, index, ...field], text));
  return { before: before.map(read('before')), after: after.map(read('after')) };
}

function readHook(settings: HookSettings, problem: (field: readonly PropertyKey[], text: string) => void): HookConfig {
  const { command, shell, url, urlVariable, secretVariable, environment = [] } = settings;
  const set = ways.filter((way) => settings[way] !== undefined);
  if (set.length !== 1) problem(set[1] === undefined ? [] : [set[1]], `needs one of ${ways.join(', ')}`);
  const isCommand = command !== undefined || shell !== undefined;
  if (isCommand && secretVariable !== undefined) problem(['secretVariable'], 'only goes with a URL');
  if (!isCommand && settings.environment !== undefined) problem(['environment'], 'only goes with a command');
  for (const [index, name] of environment.entries())
    if (isOurSecret(name)) problem(['environment', index], `${name} is never given to a command`);
  const host = url === undefined ? undefined : hostIn(url, (text) => problem(['url'], text));
  const argv = command ?? ['/bin/sh', '-c', shell ?? ''];
  return {
    name: settings.name ?? host ?? urlVariable ?? (shell === undefined ? (argv[0]?.split('/').at(-1) ?? '') : 'shell'),
    timeoutMs: (settings.timeoutSeconds ?? usualSeconds) * 1000,
    veto: settings.veto ?? true,
    does: isCommand
      ? { kind: 'command', argv, environment }
      : { kind: 'http', url: url ?? { variable: urlVariable ?? '' }, secret: secretVariable ?? null },
  };
}

/** The host of a URL that may be called; what is wrong with it quotes nothing of it. */
function hostIn(text: string, problem: (text: string) => void): string | undefined {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    problem('must be a URL that begins with https:// or http://');
  else if (url.username !== '' || url.password !== '')
    problem('must not hold a user or a password: name a variable with urlVariable');
  else if (isForbiddenHost(hostOf(url))) problem('must not be a link-local, metadata or reserved address');
  return url?.hostname;
}

/** What opens or signs for the whole installation; URIs of targets have names of the operator's own. */
function isOurSecret(name: string): boolean {
  const plain = name.replace(/_FILE$/, '');
  return (variables as readonly Variable[]).some((variable) => variable.name === plain && variable.secret === true);
}

/** The values of what hooks name; what is missing or of no use is a problem of the target, told with where below `hooks` the variable is named. */
export function bindHooks(
  { before, after }: HooksConfig,
  { environment, readFile }: { readonly environment: Environment; readonly readFile: ReadFile },
  problem: (path: readonly PropertyKey[], text: string) => void,
): BoundHooks {
  const bind =
    (when: 'before' | 'after') =>
    ({ name, timeoutMs, veto, does }: HookConfig, nth: number): BoundHook => {
      const at =
        (...field: readonly PropertyKey[]) =>
        (text: string): void =>
          problem([when, nth, ...field], text);
      const valueOf = (variable: string, tell: (text: string) => void): Secret => {
        const told: string[] = [];
        const value = secretFrom(variable, environment, readFile, (text) => told.push(text));
        for (const text of value === undefined && told.length === 0 ? [`${variable} is not set`] : told) tell(text);
        return value ?? new Secret('');
      };
      if (does.kind === 'command') {
        const values = does.environment.map(
          (variable, index) => [variable, valueOf(variable, at('environment', index))] as const,
        );
        return { name, timeoutMs, veto, does: { ...does, environment: Object.fromEntries(values) } };
      }
      const tellUrl = at('urlVariable');
      const url = typeof does.url === 'string' ? new Secret(does.url) : valueOf(does.url.variable, tellUrl);
      if (typeof does.url !== 'string' && url.reveal() !== '') {
        const { variable } = does.url;
        hostWithLogin(url, (text) => tellUrl(`${variable} ${text}`));
      }
      const tellSecret = at('secretVariable');
      const secret = does.secret === null ? null : valueOf(does.secret, tellSecret);
      if (secret !== null && secret.reveal() !== '' && Buffer.byteLength(secret.reveal()) < leastSecretBytes)
        tellSecret(`${does.secret} must have at least ${leastSecretBytes} bytes`);
      return { name, timeoutMs, veto, does: { kind: 'http', url, secret } };
    };
  return { before: before.map(bind('before')), after: after.map(bind('after')) };
}

/** In a variable a URL may hold a login. */
function hostWithLogin(secret: Secret, problem: (text: string) => void): void {
  const url = URL.parse(secret.reveal());
  if (url !== null) {
    url.username = '';
    url.password = '';
  }
  hostIn(url?.href ?? '', problem);
}
