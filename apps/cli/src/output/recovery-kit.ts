import { printable } from './format.js';
import { exportsOf, fetchCommand, secretVariablesOf, shellWord, type KitPlace } from './kit-place.js';

/** What a recovery kit tells; of the keys their names and, only on request, their texts. */
export interface RecoveryKit {
  readonly madeAt: Date;
  readonly version: string;
  readonly storeId: string;
  readonly location: string;
  readonly primary: KitPlace;
  /** The destinations that backups are copied to. */
  readonly copies: readonly KitPlace[];
  readonly keys: readonly KitKey[];
  readonly backups: number;
  readonly targets: readonly string[];
  /** An example for the commands: the newest backup, or a made-up id. */
  readonly example: { readonly backupId: string; readonly folder: string; readonly database: string };
}

export interface KitKey {
  readonly keyId: string;
  readonly role: 'current' | 'retired' | 'recipient';
  readonly kind: 'raw' | 'scrypt' | 'x25519' | 'x25519-public' | 'aws-kms';
  readonly variable: string;
  /** Null: not asked for. */
  readonly text: string | null;
}

/** The kit as a list of sections, from which text and HTML are made alike. */
export interface KitSection {
  readonly title: string;
  readonly parts: readonly KitPart[];
}

export type KitPart =
  | { readonly kind: 'text' | 'warning'; readonly text: string }
  | { readonly kind: 'table'; readonly rows: readonly (readonly [string, string])[] }
  | { readonly kind: 'commands'; readonly lines: readonly string[] }
  | { readonly kind: 'blank'; readonly label: string };

const kindWords = {
  raw: '256-bit key',
  scrypt: 'passphrase',
  x25519: 'private key',
  'x25519-public': 'public key: backups are opened with its private half, which is not here',
  'aws-kms': 'key in AWS KMS: the account must still have it, and may use it',
} as const;

export const kitTitle = 'Hazina recovery kit';

export function kitSections(kit: RecoveryKit): KitSection[] {
  return [overview(kit), ...copies(kit), keys(kit), withHazina(kit), withoutHazina(kit), notes()];
}

function overview({ madeAt, version, location, storeId, backups, targets }: RecoveryKit): KitSection {
  return {
    title: 'What this is',
    parts: [
      text(
        'With this page, the key and the store every backup can be restored: on a new machine, without the service, its database or the people who ran it. Keep it where you keep such papers, the key apart from the store, and make it anew after each change of the key or the store.',
      ),
      {
        kind: 'table',
        rows: [
          ['made', `${madeAt.toISOString()} by Hazina ${version}`],
          ['store', location],
          ['storeId', storeId],
          ['backups', `${backups}${targets.length === 0 ? '' : ` of ${targets.join(', ')}`}`],
        ],
      },
    ],
  };
}

function copies({ copies: places }: RecoveryKit): KitSection[] {
  if (places.length === 0) return [];
  return [
    {
      title: 'Where copies are',
      parts: [
        text(
          'Backups are copied to these places too, whole: each alone, with the key, is enough to restore. In a new shell set one of them instead of the store, and go on as below; "hazina list" tells which backups it holds.',
        ),
        ...places.map((place): KitPart => ({ kind: 'commands', lines: [`# ${place.name}`, ...exportsOf(place)] })),
      ],
    },
  ];
}

function keys(kit: RecoveryKit): KitSection {
  const shown = kit.keys.some(({ kind, text: key }) => key !== null && kind !== 'x25519-public' && kind !== 'aws-kms');
  const rows = kit.keys.map(({ keyId, role, kind, variable, text: key }): [string, string] => [
    `${role} key ${keyId}`,
    `${kindWords[kind]}, from ${variable}${key === null ? '' : shownKey(key)}`,
  ]);
  return {
    title: 'Keys',
    parts: [
      { kind: 'table', rows },
      shown
        ? {
            kind: 'warning',
            text: 'THE KEYS ARE ON THIS PAGE. Whoever reads it and the store can read every backup. Keep it in a safe, never beside the store, and delete the file it was printed from.',
          }
        : blank('Where the keys are kept (safe, password manager, who has access)'),
      text(
        'A key id is a name, not a secret: backup.json and "hazina inspect ID" tell which keys a backup needs. Retired keys stay needed as long as backups live that were made with them.',
      ),
    ],
  };
}

/** On paper it must be the same key: what does not show there stands as base64. */
function shownKey(key: string): string {
  if (printable(key) === key && !/(?! )\p{Zs}| {2}/u.test(key)) return `:  ${key}`;
  const bytes = Buffer.from(key, 'utf8').toString('base64');
  return `, with characters that paper does not show. "base64 -d > backup.key" makes its file of:  ${bytes}`;
}

function withHazina(kit: RecoveryKit): KitSection {
  const { keys: known, example } = kit;
  const retired = known.some(({ role }) => role === 'retired');
  const rename = shellWord(`${example.database}=${example.database}_restored`);
  const restore = `hazina restore ${example.backupId} --to-env RESTORE_URI --rename ${rename}`;
  return {
    title: 'Restore with Hazina',
    parts: [
      text('Needed: Node 22.15 or later, the program, the store and the key. No catalogue, no Redis, no API.'),
      {
        kind: 'commands',
        lines: [
          ...exportsOf(kit.primary),
          ...currentKey(known),
          ...(retired ? ['export BACKUP_ENCRYPTION_KEYS_RETIRED_FILE=/safe/place/retired.keys   # one a line'] : []),
          'hazina list',
          `hazina verify ${example.backupId}`,
          "export RESTORE_URI='mongodb://…'   # the server to restore into",
          `${restore} --dry-run`,
          restore,
        ],
      },
    ],
  };
}

/** A key in KMS has no file: who may use it is asked for. */
function currentKey(known: readonly KitKey[]): string[] {
  const current = known.filter(({ role }) => role === 'current');
  // Without one, backups are opened by whoever they are sealed for: a private half, or one of the keys in KMS.
  const opening = current.length > 0 ? current : known.filter(({ role }) => role === 'recipient');
  if (opening.length === 0 || !opening.every(isInKms))
    return ['export BACKUP_ENCRYPTION_KEY_FILE=/safe/place/backup.key'];
  return opening.map(
    ({ text: key }, at) =>
      `${at === 0 ? '' : '# or '}export BACKUP_ENCRYPTION_KEY=${key ?? 'aws-kms:…'}   # with credentials that may kms:Decrypt`,
  );
}

function isInKms({ kind }: KitKey): boolean {
  return kind === 'aws-kms';
}

const mongorestore = [
  'mongorestore --archive=restored.archive --dryRun --verbose',
  'mongorestore --archive=restored.archive',
];

function withoutHazina(kit: RecoveryKit): KitSection {
  const { keys: known, example } = kit;
  const title = 'Restore without Hazina';
  if (known.every(isInKms))
    return {
      title,
      parts: [
        text(
          'The script asks no KMS, and all of these keys are there: Hazina alone opens the backups (with the settings above), and mongorestore restores what it gives. A public key in BACKUP_RECIPIENTS, its private half in the safe, makes new backups open without KMS.',
        ),
        {
          kind: 'commands',
          lines: [`hazina extract ${example.backupId} -o restored.archive`, ...mongorestore],
        },
      ],
    };
  return {
    title,
    parts: [
      text(
        'Needed: Python 3.8 or later, recovery/hazina_recover.py (one file; keep a copy with this page) and mongorestore. docs/recovery.md explains each step.',
      ),
      ...(known.some(isInKms)
        ? [
            text(
              'The script asks no KMS: a backup whose only key is there is opened by "hazina extract" alone, or by the script with another key that it was sealed for ("hazina inspect ID" tells which).',
            ),
          ]
        : []),
      ...fetching(kit),
      {
        kind: 'commands',
        lines: [
          'pip install cryptography zstandard',
          'export BACKUP_ENCRYPTION_KEY_FILE=/safe/place/backup.key   # without it the key is asked for',
          `python3 hazina_recover.py data.hzn -o restored.archive --backup-id ${example.backupId}`,
          ...mongorestore,
        ],
      },
    ],
  };
}

/** The folder of the backup, from each place in turn: the primary store may be what was lost. */
function fetching({ primary, copies: others, example }: RecoveryKit): KitPart[] {
  const places = [primary, ...others];
  const ca = places.flatMap((place) => (place.kind === 's3' && place.caFile !== undefined ? [place.caFile] : []))[0];
  return [
    text(
      others.length === 0
        ? 'Fetch data.hzn, and header.hzn if it is there:'
        : 'Fetch data.hzn, and header.hzn if it is there, from one of these places; the newest backups may not be copied everywhere yet:',
    ),
    ...places.map((place): KitPart => ({
      kind: 'commands',
      lines: [fetchHeading(place), fetchCommand(place, example.folder)],
    })),
    ...(ca === undefined ? [] : [text(aboutAuthority(ca))]),
  ];
}

function fetchHeading(place: KitPlace): string {
  const variables = secretVariablesOf(place).join(', ');
  return `# from ${place.name}${variables === '' ? '' : `, with credentials in ${variables}`}`;
}

/** Hazina trusts the file beside what the machine trusts, the AWS command line instead of it. */
function aboutAuthority(caFile: string): string {
  return `Keep a copy of ${caFile} with this page. "aws" trusts nothing but that file: leave --ca-bundle away for a place whose certificate is from a public authority.`;
}

function notes(): KitSection {
  return {
    title: 'Notes',
    parts: [
      blank('Access to the store (account, role, who grants it)'),
      blank('People to call'),
      blank('Last drill: when, how long, by whom'),
      blank('Other'),
    ],
  };
}

function text(words: string): KitPart {
  return { kind: 'text', text: words };
}

function blank(label: string): KitPart {
  return { kind: 'blank', label };
}
