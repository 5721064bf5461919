import { gzipSync } from 'node:zlib';
import type { Caller, HostileRequest } from './hostile-request.js';

const json = [['content-type', 'application/json']] as const;

/** JSON texts that are no value of any field here. */
const operators = [
  '{"$ne":null}',
  '{"$gt":""}',
  '{"$where":"sleep(9)"}',
  '{"$regex":".*"}',
  '{"toString":"x"}',
  '{}',
  '[]',
];
const noTexts = [...operators, '["clinic"]', '7', '-0', '1e400', 'true', 'false', '[[]]', '[null]', '{"length":3}'];
const noFlags = [...operators, '1', '0', '"true"', '"false"', '"yes"', '""', '[true]', '1e400'];
const noLists = [...operators, '"clinic"', '7', 'true', '{"0":"a","length":1}', '[7]', '[null]', '[["a"]]', '[{}]'];
const noNumbers = [...operators, '"1"', '0', '-1', '1.5', '1e400', '1e20', 'true', '[1]', '1000001'];
/** JSON texts: a label with what steers a terminal or a log, or with half a character. */
const badLabels = [
  ...[
    String.raw`"a\nb"`,
    String.raw`"a\r\nX: y"`,
    String.raw`"\u001b[2J"`,
    String.raw`"\u0000"`,
    String.raw`"\u202eevil"`,
  ],
  ...[String.raw`"\ud800"`, String.raw`"a\udfff"`, String.raw`"\u2028"`, String.raw`"\ufeffx"`, String.raw`"\u0085"`],
  JSON.stringify('x'.repeat(201)),
];
const badTargets = [
  ...[
    '""',
    '"CLINIC"',
    '"../etc"',
    String.raw`"clinic\u0000"`,
    '"clinic "',
    '"-clinic"',
    '"__proto__"',
    '"сlinic"',
    'null',
  ],
];

interface Route {
  readonly as: Caller;
  readonly method: string;
  readonly path: string;
  /** Field to JSON texts that are not for it. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

const backup = '/api/admin/backups/clinic-20261123T020000Z-k3f9q2';
const trigger = '/api/admin/backups/trigger';
const routes: readonly Route[] = [
  {
    ...{ as: 'operator', method: 'POST', path: trigger },
    fields: {
      target: [...noTexts, ...badTargets],
      label: [...noTexts, ...badLabels, 'null'],
      pinned: [...noFlags, 'null'],
    },
  },
  {
    ...{ as: 'operator', method: 'POST', path: `${backup}/verify` },
    fields: { level: [...noTexts, 'null', '""', '"READABLE"', '"__proto__"', '"constructor"'] },
  },
  {
    ...{ as: 'operator', method: 'PATCH', path: backup },
    fields: { pinned: [...noFlags, 'null'], label: [...noTexts, ...badLabels] },
  },
  {
    ...{ as: 'admin', method: 'POST', path: '/api/admin/backups/cleanup' },
    fields: { target: [...noTexts, ...badTargets], dryRun: [...noFlags, 'null'], confirm: [...noNumbers, 'null'] },
  },
  {
    ...{ as: 'admin', method: 'POST', path: `${backup}/restore` },
    fields: {
      targetName: [...noTexts, '""', '"../x"', '"mongodb://u:canary@h/"'],
      mode: [...noTexts, '""', '"REPLACE"', '"__proto__"'],
      databases: [...noLists, '["a/b"]', '["$external"]', '["a\\u0000"]'],
      include: noLists,
      exclude: noLists,
      rename: [...noLists, '[{"from":"a"}]', '[{"from":"a","to":"b","$set":1}]', '[["a","b"]]'],
      confirm: noTexts,
      onConflict: [...noTexts, '""', '"keep-first"'],
      ignoreWrites: noFlags,
      usersAndRoles: noFlags,
      dryRun: noFlags,
    },
  },
  {
    ...{ as: 'operator', method: 'POST', path: '/api/admin/drills' },
    fields: {
      target: [...noTexts, ...badTargets],
      choice: [...noTexts, '""', '"oldest"'],
      backupId: [...noTexts, '""', '"../x"'],
      targetName: [...noTexts, '""'],
    },
  },
  {
    ...{ as: 'admin', method: 'POST', path: '/api/admin/keys/rotate' },
    fields: { target: [...noTexts, ...badTargets], dryRun: noFlags, rewrite: noFlags },
  },
  {
    ...{ as: 'admin', method: 'POST', path: '/api/admin/catalog/sync' },
    fields: { target: [...noTexts, ...badTargets], adopt: noFlags, dryRun: noFlags },
  },
  { ...{ as: 'admin', method: 'POST', path: '/api/admin/tokens/revoke' }, fields: { jti: [...noTexts, '""'] } },
  {
    ...{ as: 'admin', method: 'PUT', path: '/api/admin/system/log-level' },
    fields: { level: [...noTexts, '""', '"silent"', '"DEBUG"'], seconds: noNumbers },
  },
];
const unknownFields = [
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '$set',
    '$where',
    'uri',
    'backupId',
    's3Key',
    'role',
    'claim',
  ],
  ...['status', 'webhookUrl', 'a.b', '', ' target', 'Target', '\u0000'],
];
const noJson = [
  ...[
    '{',
    '{"target":',
    '{"a":1,}',
    "{'a':1}",
    'undefined',
    'NaN',
    '{"target":"a"}{"target":"b"}',
    '\u0000',
    '\ufeff[',
    '//',
  ],
  ...['null', '[]', '[{}]', '"clinic"', '7', 'true', '{"target": "mongodb://u:canary@h', '{"label":"\u0001"}'],
];
/** 64 KiB of levels. */
const deep = [
  '['.repeat(65_000),
  `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`,
  `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
];
const deepIn = (field: string) => `{"${field}":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`;
const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'];
const encodings = ['br', 'bogus', 'gzip, gzip', 'deflate'];

const post = (name: string, body: unknown, headers: HostileRequest['headers'], expect: number[]): HostileRequest => ({
  ...{ name: `POST trigger: ${name}`, as: 'operator', method: 'POST', path: trigger },
  ...{ body, expect },
  ...(headers === undefined ? {} : { headers }),
});

export const hostileBodies: readonly HostileRequest[] = [
  ...routes.flatMap(({ as, method, path, fields }) => [
    ...Object.entries(fields).flatMap(([field, values]) =>
      values.map((value) => ({
        name: `${method} ${path} {${field}: ${value.slice(0, 40)}}`,
        ...{ as, method, path, headers: json, body: `{"${field}":${value}}`, expect: [400] },
      })),
    ),
    ...unknownFields.map((field) => ({
      name: `${method} ${path} with the field ${JSON.stringify(field)}`,
      ...{ as, method, path, headers: json, body: `{${JSON.stringify(field)}:{"x":1}}`, expect: [400] },
    })),
  ]),
  ...noJson.map((body) => post(JSON.stringify(body.slice(0, 30)), body, json, [400])),
  ...deep.map((body) => post(`${body.length} bytes of levels`, body, json, [400])),
  ...['target', 'label', 'pinned', 'x'].map((field) => post(`levels in ${field}`, deepIn(field), json, [400])),
  ...types.map((type) => post(type, '{"target":"clinic"}', [['content-type', type]], [400])),
  post('another charset', '{}', [['content-type', 'application/json; charset=utf-7']], [400, 415]),
  ...encodings.map((encoding) => post(encoding, 'x', [...json, ['content-encoding', encoding]], [400, 415])),
  post(
    'a gzip of 8 MB of blanks',
    gzipSync(Buffer.alloc(8_000_000, ' ')),
    [...json, ['content-encoding', 'gzip']],
    [400, 415],
  ),
  post('bytes that are no UTF-8', Buffer.from('{"label":"\xff\xfe"}', 'latin1'), json, [400]),
  post('64 KiB and a byte', `{"label":"${'x'.repeat(65_536)}"}`, json, [413]),
];
