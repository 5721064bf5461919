import { describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { kitPlace, type KitPlace } from './kit-place.js';
import type { KitKey, RecoveryKit } from './recovery-kit.js';
import { kitAsHtml, kitAsText } from './render-kit.js';

const raw: KitKey = {
  ...{ keyId: '0123456789abcdef', role: 'current', kind: 'raw', text: null },
  variable: 'BACKUP_ENCRYPTION_KEY',
};
const arn = 'aws-kms:arn:aws:kms:eu-central-1:111122223333:key/1234abcd';
const kms: KitKey = { ...raw, kind: 'aws-kms', text: arn };

const kit = (changes: Partial<RecoveryKit> = {}): RecoveryKit => ({
  ...{ madeAt: new Date('2026-11-26T09:00:00Z'), version: '0.1.0', storeId: 'a'.repeat(32) },
  ...{
    location: '/backups',
    primary: { name: 'primary', kind: 'directory', directory: '/backups' },
    copies: [],
    keys: [raw],
  },
  ...{ backups: 3, targets: ['clinic'] },
  example: {
    backupId: 'clinic-20261126T090000Z-abcdef',
    folder,
    database: 'clinic',
  },
  ...changes,
});

const offsite: KitPlace = {
  ...{ name: 'offsite', kind: 's3', bucket: 'far', prefix: '' },
  ...{ region: 'eu-north-1', forcePathStyle: false },
};
const folder = 'clinic/clinic-20261126T090000Z-abcdef/1/';

describe('a recovery kit', () => {
  it('tells how each place of copies is read instead of the store, and no secret of it', () => {
    const copies: KitPlace[] = [
      { ...offsite, credentials: { AWS_ACCESS_KEY_ID: 'FAR_ID', AWS_SECRET_ACCESS_KEY: 'FAR_SECRET' } },
      { name: 'shelf', kind: 'directory', directory: '/mnt/my shelf' },
    ];
    const page = kitAsText(kit({ copies }));
    expect(page).toContain('Where copies are\n----------------');
    expect(page).toContain(
      '  # offsite\n  export S3_BACKUP_BUCKET=far\n  export S3_BACKUP_PREFIX=/\n  export AWS_REGION=eu-north-1\n' +
        '  export AWS_ACCESS_KEY_ID=…   # what FAR_ID holds\n  export AWS_SECRET_ACCESS_KEY=…   # what FAR_SECRET holds\n',
    );
    expect(page).toContain("  # shelf\n  export BACKUP_DIRECTORY='/mnt/my shelf'\n");
    expect(kitAsHtml(kit({ copies }))).toContain('export S3_BACKUP_BUCKET=far');
  });

  it('tells how a backup is fetched from each place by itself, with the credentials of that place', () => {
    const credentials = { AWS_ACCESS_KEY_ID: 'FAR_ID', AWS_SECRET_ACCESS_KEY: 'FAR_SECRET' };
    const shelf: KitPlace = { name: 'shelf', kind: 'directory', directory: '/mnt/my shelf/' };
    const [, page = ''] = kitAsText(kit({ copies: [{ ...offsite, credentials }, shelf] })).split('without Hazina\n');
    expect(page).toContain(`  # from primary\n  cp /backups/${folder}* .\n`);
    expect(page).toContain(
      '  # from offsite, with credentials in FAR_ID, FAR_SECRET\n' +
        '  AWS_ACCESS_KEY_ID="$FAR_ID" AWS_SECRET_ACCESS_KEY="$FAR_SECRET" ' +
        `aws s3 cp --recursive --region eu-north-1 s3://far/${folder} .\n`,
    );
    expect(page).toContain(`  # from shelf\n  cp '/mnt/my shelf/${folder}'* .\n`);
    expect(page).not.toContain('--ca-bundle');
  });

  it('names the private authority of a store among its settings, and to aws', () => {
    const primary: KitPlace = {
      ...{ name: 'primary', kind: 's3', bucket: 'near', prefix: 'hazina/', forcePathStyle: true },
      ...{ endpoint: 'https://s3.example.org', caFile: '/etc/our ca.pem' },
    };
    const page = kitAsText(kit({ primary, location: 's3://near/hazina/ at s3.example.org' }));
    expect(page).toContain("  export S3_CA_FILE='/etc/our ca.pem'\n");
    expect(page).toContain(
      '  # from primary, with credentials in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY\n' +
        "  aws s3 cp --recursive --endpoint-url https://s3.example.org --ca-bundle '/etc/our ca.pem' " +
        `s3://near/hazina/${folder} .\n`,
    );
    expect(page).toContain('Keep a copy of /etc/our ca.pem');
  });

  it('is made of what leads to a store, and of none of its secrets', () => {
    const secret = new Secret('never-on-paper');
    const place = kitPlace(
      'offsite',
      {
        ...{ kind: 's3', bucket: 'far', prefix: '', forcePathStyle: false, sse: 'none', checksums: 'auto' },
        ...{ uploadConcurrency: 1, proxy: secret, credentials: { accessKeyId: secret, secretAccessKey: secret } },
      },
      { caFile: '/ca.pem' },
    );
    expect(place).toEqual({
      ...{ name: 'offsite', kind: 's3', bucket: 'far', prefix: '', forcePathStyle: false, caFile: '/ca.pem' },
    });
  });

  it('says nothing of copies where there are none', () => {
    expect(kitAsText(kit())).not.toContain('copies are');
  });

  it.each([
    [
      'kept in KMS for recipients alone',
      [
        { ...kms, role: 'recipient' },
        { ...kms, role: 'recipient', text: `${arn}0` },
      ],
    ],
    ['kept in KMS', [kms]],
  ] as const)('with keys that are all %s names no file and no script that would open nothing', (_, keys) => {
    const page = kitAsText(kit({ keys }));
    expect(page).toContain(`\n  export BACKUP_ENCRYPTION_KEY=${arn} `);
    expect(page.match(/^ {2}# or export BACKUP_ENCRYPTION_KEY=/gm) ?? []).toHaveLength(keys.length - 1);
    expect(page).not.toContain('BACKUP_ENCRYPTION_KEY_FILE');
    expect(page).not.toContain('hazina_recover.py');
    const [, without = ''] = page.split('Restore without Hazina');
    expect(without).toContain('  hazina extract clinic-20261126T090000Z-abcdef -o restored.archive\n');
  });

  it('with recipients of whom one holds a private key asks for the file of that', () => {
    const holder: KitKey = { ...raw, role: 'recipient', kind: 'x25519-public', text: 'x25519-public:…' };
    const page = kitAsText(kit({ keys: [{ ...kms, role: 'recipient' }, holder] }));
    expect(page).toContain('  export BACKUP_ENCRYPTION_KEY_FILE=/safe/place/backup.key\n');
    expect(page).toContain('python3 hazina_recover.py');
  });

  it.each([
    ['a joiner of emoji', 'pass:a family of \u{1f468}\u200d\u{1f469} and more'],
    ['two spaces', 'pass:twelve  letters and more'],
    ['a space that does not break', 'pass:twelve\u00a0letters and more'],
    ['a tab', 'pass:twelve\tletters and more'],
  ])('prints no other key than the real one, which has %s', (_, key) => {
    const kinds = { ...raw, kind: 'scrypt' as const, text: key };
    for (const page of [kitAsText(kit({ keys: [kinds] })), kitAsHtml(kit({ keys: [kinds] }))]) {
      const [, base64 = ''] = /base64 -d .* makes its file of: +([A-Za-z0-9+/=]+)/.exec(page) ?? [];
      expect(Buffer.from(base64, 'base64').toString()).toBe(key);
      expect(page).not.toContain('pass:');
    }
  });

  it('prints a key as it is where paper shows all of it', () => {
    const key = 'pass:correct horse, <battery> & stäple';
    const keys: KitKey[] = [{ ...raw, kind: 'scrypt', text: key }];
    expect(kitAsText(kit({ keys }))).toContain(`:  ${key}\n`);
    expect(kitAsHtml(kit({ keys }))).toContain(':  pass:correct horse, &lt;battery&gt; &amp; stäple</td>');
    expect(kitAsHtml(kit())).toMatch(/^td, pre \{.*white-space: pre-wrap;/m);
  });

  it('with a key in KMS asks for no file of it, and says that the script cannot open what it alone opens', () => {
    const page = kitAsText(kit({ keys: [kms] }));
    expect(page).toContain(`export BACKUP_ENCRYPTION_KEY=${arn}`);
    const [, withHazina = ''] = page.split('Restore with Hazina');
    expect(withHazina.split('Restore without Hazina')[0]).not.toContain('BACKUP_ENCRYPTION_KEY_FILE');
    expect(page).toContain('The script asks no KMS');
    expect(kitAsText(kit())).not.toContain('KMS');
  });
});
