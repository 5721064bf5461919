// Jest runs the TypeScript sources directly: swc compiles, the `source` condition resolves #names.
const base = {
  testEnvironment: '<rootDir>/test/support/quick-environment.mjs',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

const withServices = {
  ...base,
  globalSetup: '<rootDir>/test/services/jest-global-setup.ts',
  globalTeardown: '<rootDir>/test/services/jest-global-teardown.ts',
};

export default {
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // Every test file loads the whole product anew, and what it leaves on the heap stays with its worker. One of 600 MB takes the system half a second to clear
  // away, which is the time after which Jest calls a worker "failed to exit gracefully" though no handle is open: a large one is replaced between two files.
  workerIdleMemoryLimit: '150MB',
  // Many tests start processes and speak to real servers: on a busy machine Jest's own 5 s are not enough. What a test promises about time, it measures itself.
  testTimeout: 30_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{libs,apps}/**/*.spec.ts',
        '<rootDir>/test/{services,support,architecture,endurance}/**/*.spec.ts',
        '<rootDir>/scripts/**/*.spec.ts',
      ],
    },
    {
      ...withServices,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/{integration,e2e}/**/*.spec.ts'],
    },
    {
      // The fault matrix (docs/reliability.md); not part of `npm test`.
      ...withServices,
      displayName: 'faults',
      // After each test and each file: nothing is left.
      testEnvironment: '<rootDir>/test/support/fault-environment.ts',
      testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
    },
    {
      // What happens over days in a running installation (npm run test:stories); not part of `npm test`.
      ...withServices,
      displayName: 'stories',
      testEnvironment: '<rootDir>/test/support/fault-environment.ts',
      testMatch: ['<rootDir>/test/stories/**/*.spec.ts'],
    },
    {
      // What the HTTP surface withstands (npm run test:surface); not part of `npm test`.
      ...withServices,
      displayName: 'surface',
      testMatch: ['<rootDir>/test/surface/**/*.spec.ts'],
    },
  ],
};
