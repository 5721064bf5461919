import { describe, expect, it } from '@jest/globals';
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
  ...{ location: '/backups', storeSettings: ['BACKUP_DIRECTORY=/backups'], storeSecrets: [], copies: [], keys: [raw] },
  ...{ backups: 3, targets: ['clinic'] },
  example: {
    backupId: 'clinic-20261126T090000Z-abcdef',
    folder: 'clinic/clinic-20261126T090000Z-abcdef/1/',
    database: 'clinic',
  },
  ...changes,
});

describe('a recovery kit', () => {
  it('tells how each place of copies is read instead of the store, and no secret of it', () => {
    const copies = [
      {
        name: 'offsite',
        storeSettings: ['S3_BACKUP_BUCKET=far', 'AWS_REGION=eu-north-1'],
        storeSecrets: ['AWS_ACCESS_KEY_ID'],
      },
      { name: 'shelf', storeSettings: ['BACKUP_DIRECTORY=/mnt/shelf'], storeSecrets: [] },
    ];
    const page = kitAsText(kit({ copies }));
    expect(page).toContain('Where copies are\n----------------');
    expect(page).toContain(
      '  # offsite\n  export S3_BACKUP_BUCKET=far\n  export AWS_REGION=eu-north-1\n  export AWS_ACCESS_KEY_ID=…\n',
    );
    expect(page).toContain('  # shelf\n  export BACKUP_DIRECTORY=/mnt/shelf\n');
    expect(kitAsHtml(kit({ copies }))).toContain('export S3_BACKUP_BUCKET=far');
  });

  it('says nothing of copies where there are none', () => {
    expect(kitAsText(kit())).not.toContain('copies are');
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
