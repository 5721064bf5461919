/**
 * The arrows of docs/DESIGN.md: who may import whom. `npm run lint` enforces them; the comment is the reason.
 * Nothing points back, nothing points sideways, and every lib has one door (src/index.ts).
 */
const pure = [
  'config',
  'crypto',
  'archive',
  'storage',
  'retention',
  'catalog',
  'client',
  'queue',
  'notify',
  'hooks',
  'metrics',
  'logging',
];
const mayImport = {
  contracts: [],
  engine: ['archive', 'contracts'],
  pipeline: ['engine', 'archive', 'crypto', 'storage', 'retention', 'contracts'],
  ...Object.fromEntries(pure.map((lib) => [lib, ['contracts']])),
};
const appMayImport = {
  api: ['queue', 'catalog', 'storage', 'retention', 'notify', 'metrics', 'logging', 'config', 'contracts'],
  worker: [
    'pipeline',
    'engine',
    'archive',
    'storage',
    'crypto',
    'queue',
    'catalog',
    'notify',
    'hooks',
    'metrics',
    'logging',
    'retention',
    'config',
    'contracts',
  ],
  cli: [
    'pipeline',
    'engine',
    'archive',
    'storage',
    'crypto',
    'retention',
    'catalog',
    'queue',
    'notify',
    'hooks',
    'config',
    'contracts',
  ],
};
const spec = '\\.spec\\.ts$';
const oneOf = (names) => `(${names.join('|')})`;

const arrow = (kind, from, allowed) => ({
  name: `arrow-${from}`,
  severity: 'error',
  comment: `${kind}/${from} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other lib'}: arrows point from apps through pipeline and engine to contracts, never back or sideways (docs/DESIGN.md)`,
  from: { path: `^${kind}/${from}/` },
  to: { path: `^(libs|apps)/(?!${oneOf([...allowed, from])}/)` },
});

const packageOnlyIn = (name, pattern, where, why) => ({
  name: `package-${name}`,
  severity: 'error',
  comment: why,
  from: { path: '^(apps|libs)/', pathNot: [...where, spec] },
  to: { path: pattern },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle means that two files are one: move what they share below both',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans-unresolved',
      severity: 'error',
      comment: 'The import does not resolve: a missing dependency or a wrong path',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(mongodb-memory-server)$' },
    },
    {
      name: 'one-door',
      severity: 'error',
      comment: 'Import another lib by its name (#storage), which is its src/index.ts: the rest is its own business',
      from: { path: '^(apps|libs|bench)/([^/]+)/' },
      to: {
        path: '^libs/([^/]+)/',
        pathNot: ['^libs/$2/', '^libs/[^/]+/src/index\\.ts$', '^libs/storage/src/testing/'],
      },
    },
    {
      name: 'no-lib-imports-an-app',
      severity: 'error',
      comment: 'Libs know nothing of the processes that use them',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    ...Object.entries(mayImport).map(([lib, allowed]) => arrow('libs', lib, allowed)),
    ...Object.entries(appMayImport).map(([app, allowed]) => arrow('apps', app, allowed)),
    packageOnlyIn(
      'nest',
      'node_modules/@nestjs',
      ['^apps/', '\\.module\\.ts$'],
      'Nest stays in apps and *.module.ts, so that libs run without it',
    ),
    packageOnlyIn(
      'bullmq',
      'node_modules/bullmq',
      ['^libs/queue/', '^apps/worker/'],
      'The queue is one lib: others speak of jobs',
    ),
    packageOnlyIn(
      'bull-board',
      'node_modules/@bull-board',
      ['^libs/queue/', '^apps/api/src/queue/'],
      'The view of the queues is read-only by one adapter',
    ),
    packageOnlyIn(
      'mongoose',
      'node_modules/mongoose',
      ['^libs/catalog/'],
      'The catalogue is one lib: others speak of records',
    ),
    packageOnlyIn(
      'aws',
      'node_modules/@(aws-sdk|smithy)',
      ['^libs/storage/src/s3/', '^libs/crypto/src/providers/aws/'],
      'The AWS SDK stays in storage/s3 and the key providers: others speak ObjectStore and KeyServices',
    ),
    packageOnlyIn(
      'hpke',
      'node_modules/@hpke',
      ['^libs/crypto/src/hpke/'],
      'One place speaks HPKE: others seal for recipients and open as one',
    ),
    packageOnlyIn(
      'mongodb',
      'node_modules/(mongodb|bson)/',
      ['^libs/engine/src/(native|connection)/'],
      'The MongoDB driver stays in the engine lib',
    ),
    packageOnlyIn(
      'child-process',
      '^(node:)?child_process$',
      ['^libs/engine/src/mongodump/', '^libs/hooks/', '^apps/cli/bin/'],
      'Child processes live where they are killed as a group',
    ),
    packageOnlyIn(
      'config',
      '^libs/config/',
      ['^apps/', '^libs/config/'],
      'Libs get typed options: only apps read the configuration',
    ),
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      comment: 'What is shipped never depends on test code',
      from: { path: '^(apps|libs)/', pathNot: spec },
      to: { path: ['^test/', '^bench/', 'src/testing/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default'],
    },
  },
};
