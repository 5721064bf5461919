import { describe, expect, it } from '@jest/globals';
import mongoose from 'mongoose';
import { recordSchema, text } from './schema-options.js';
import { backupSchema, type BackupDocument } from './backup.schema.js';

// The Backup model (requirements): its fields, its defaults, its rules. No server is needed for these.

const Backup = mongoose.createConnection().model<BackupDocument>('Backup', backupSchema);
const least = {
  ...{ backupId: 'clinic-20261123T020000Z-k3f9q2', target: 'clinic', trigger: 'manual', status: 'pending' },
  ...{ createdAt: new Date('2026-11-23T02:00:00.000Z'), correlationId: 'c-12345678' },
} as const;

describe('the Backup model', () => {
  it('has every field of the requirements under its name', () => {
    const names = [
      ...['backupId', 'status', 'database', 's3Key', 'hash', 'size', 'startedAt', 'completedAt', 'errorMessage'],
      ...['metadata', 'metadata.collections', 'metadata.totalDocuments', 'metadata.totalSize'],
      ...['metadata.compressionRatio', 'retentionDate', 'verificationStatus', 'verificationStatus.verified'],
      ...['verificationStatus.verifiedAt', 'verificationStatus.verificationHash'],
    ];
    expect(names.filter((name) => backupSchema.pathType(name) === 'adhocOrUndefined')).toEqual([]);
  });

  it('begins unverified, unclaimed, with nothing but what was given', async () => {
    const backup = new Backup(least);
    await backup.validate();
    const { _id, ...fields } = backup.toObject();
    expect(fields).toMatchObject({
      ...{
        database: null,
        s3Key: null,
        hash: null,
        size: null,
        errorMessage: null,
        metadata: null,
        retentionDate: null,
      },
      verificationStatus: { verified: false, level: null, verifiedAt: null, verificationHash: null },
      claim: { fence: 0, owner: null, beat: 0, lost: 0 },
      marks: { wanted: 0, written: 0 },
      ...{ listed: true, failures: 0, events: [], commit: null, verifyFrom: new Date(0) },
    });
    expect(fields).not.toHaveProperty('running');
  });

  it.each(['backupId', 'target', 'trigger', 'status', 'createdAt', 'correlationId'] as const)(
    'does not take a backup without %s',
    async (name) => {
      const { [name]: _, ...rest } = least;
      await expect(new Backup(rest).validate()).rejects.toThrow(name);
    },
  );

  it.each([
    ['status', 'done'],
    ['trigger', 'mood'],
    ['compression', 'rar'],
    ['size', 'large'],
    ['startedAt', 'yesterday'],
  ])('does not take %s %s', async (name, value) => {
    await expect(new Backup({ ...least, [name]: value }).validate()).rejects.toThrow(name);
  });

  it('does not take fields that it does not know', () => {
    expect(() => new Backup({ ...least, role: 'admin' })).toThrow('role');
  });

  it('has unique indexes on the id, the one running place of a target, the places of the fleet, and the slot of a target', () => {
    const unique = backupSchema.indexes().filter(([, { unique: isUnique }]) => isUnique === true);
    expect(unique.map(([keys, { partialFilterExpression }]) => [keys, partialFilterExpression])).toEqual([
      [{ backupId: 1 }, undefined],
      [{ running: 1 }, { running: { $type: 'string' } }],
      [{ fleetPlace: 1 }, { fleetPlace: { $type: 'string' } }],
      [{ target: 1, slot: 1 }, { slot: { $type: 'date' } }],
    ]);
  });
});

it('schemas throw on what they do not know, in filters too', () => {
  const schema = recordSchema<{ name: string }>('things', { name: text });
  const { strict, strictQuery, minimize, optimisticConcurrency } = schema.options as Record<string, unknown>;
  expect({ strict, strictQuery, minimize, optimisticConcurrency }).toEqual({
    ...{ strict: 'throw', strictQuery: 'throw', minimize: false, optimisticConcurrency: true },
  });
});
