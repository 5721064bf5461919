import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';

// Sealed containers of any content, also of contents that no writer makes. Written from docs/container-format.md, on Node's crypto alone.

export const craftedKey = Buffer.alloc(32, 0x11);
export const craftedKeyText = `hex:${'11'.repeat(32)}`;
export const craftedDek = Buffer.alloc(32, 0x22);
export const craftedFileId = '33'.repeat(16);
export const craftedBackupId = 'clinic-20261123T020000Z-k3f9q2';

export function hkdf(key: Buffer, info: string, salt: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, 32));
}

function gcm(key: Buffer, nonce: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** A slot of kind `raw`. */
export function craftSlot(options: { key?: Buffer; dek?: Buffer; fileId?: string } = {}): Record<string, unknown> {
  const { key = craftedKey, dek = craftedDek, fileId = craftedFileId } = options;
  const keyId = hkdf(key, 'hazina/v1/key-id').subarray(0, 8).toString('hex');
  const salt = Buffer.alloc(16, 0x44);
  const wrapKey = hkdf(key, `hazina/v1/wrap/${fileId}/${keyId}`, salt);
  return {
    keyId,
    kind: 'raw',
    salt: salt.toString('hex'),
    wrapped: gcm(wrapKey, Buffer.alloc(12), dek).toString('base64'),
  };
}

/** All fields of a good header, in order. */
export function craftFields(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    v: 1,
    fileId: craftedFileId,
    suite: 'AES256-GCM-HKDF-1MB',
    content: { kind: 'mongodump-archive', compression: 'none' },
    createdAt: '2026-11-23T02:00:00.000Z',
    backupId: craftedBackupId,
    slots: [craftSlot()],
    ...changes,
  };
}

/** The good header without some of its fields. */
export function craftFieldsWithout(...names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(craftFields()).filter(([name]) => !names.includes(name)));
}

/** A header region with a right MAC over whatever it holds: a JSON text, or fields. */
export function craftHeader(
  json: string | Buffer | Record<string, unknown> = craftFields(),
  options: { dek?: Buffer; padding?: number; length?: number; magic?: string } = {},
): Buffer {
  const { dek = craftedDek, padding = 0, magic = 'HAZINA\0\x01' } = options;
  const text = Buffer.from(typeof json === 'string' || Buffer.isBuffer(json) ? json : JSON.stringify(json));
  const region = Buffer.alloc(4096);
  region.write(magic, 'latin1');
  region.writeUInt32BE(options.length ?? text.length, 8);
  text.copy(region, 12);
  if (padding !== 0) region[4063] = padding;
  const mac = createHmac('sha256', hkdf(dek, 'hazina/v1/header')).update(region.subarray(0, 4064)).digest();
  mac.copy(region, 4064);
  return region;
}

/** Payload head and segments, each with its number and whether it is sealed as the last: any plaintexts, any order. */
export function craftPayload(
  segments: readonly { readonly index: number; readonly last: boolean; readonly plaintext: Buffer }[],
  options: { dek?: Buffer; fileId?: string } = {},
): Buffer {
  const { dek = craftedDek, fileId = craftedFileId } = options;
  const [salt, prefix] = [Buffer.alloc(32, 0x55), Buffer.alloc(7, 0x66)];
  const key = hkdf(hkdf(dek, 'hazina/v1/payload'), `hazina/v1/${fileId}`, salt);
  const sealed = segments.map(({ index, last, plaintext }) => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(index);
    return gcm(key, Buffer.concat([prefix, counter, Buffer.from([Number(last)])]), plaintext);
  });
  return Buffer.concat([Buffer.from([40]), salt, prefix, ...sealed]);
}

/** A whole file of one segment. */
export function craftFile(header: Buffer = craftHeader(), plaintext: Buffer = Buffer.from('plaintext')): Buffer {
  return Buffer.concat([header, craftPayload([{ index: 0, last: true, plaintext }])]);
}
