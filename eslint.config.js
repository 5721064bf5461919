import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Which folder may import which, and which packages stay where: .dependency-cruiser.cjs.
export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'data/', 'libs/client/src/schema.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: ['libs/config/**', '**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only libs/config reads the environment; take typed options' },
      ],
    },
  },
  {
    // Whoever reads an error wants to know what to do now. One that wraps another has a next step of its own where the other brings none.
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          "NewExpression[callee.name='AppError'][arguments.0.type!='ObjectExpression']",
          "NewExpression[callee.name='AppError'] > ObjectExpression:not(:has(Property[key.name='hint']))",
          "NewExpression[callee.name='AppError'] > ObjectExpression > SpreadElement > ConditionalExpression Property[key.name='hint']",
          "NewExpression[callee.name='AppError'] Property[key.name='hint'][value.value='']",
        ].map((selector) => ({
          selector,
          message: 'An AppError says what to do: give it a hint, here and always',
        })),
      ],
    },
  },
  {
    // What is waited for is waited for by its condition; what fails is repaired, not repeated.
    files: ['test/**/*.ts', '**/*.spec.ts'],
    ignores: ['test/services/wait-until.ts', 'test/support/pace.ts', 'test/quickstart/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          "NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout'][arguments.0.name='resolve']",
          "NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout'] > ArrowFunctionExpression CallExpression[callee.name='resolve']",
          "ImportDeclaration[source.value=/timers.promises$/] ImportSpecifier[imported.name='setTimeout']",
          "CallExpression[callee.object.name='Atomics'][callee.property.name='wait']",
        ].map((selector) => ({
          selector,
          message:
            'No test sleeps: wait for a condition (test/services/wait-until.ts); for the pace of a background see test/support/pace.ts',
        })),
        {
          selector: "CallExpression[callee.property.name='retryTimes']",
          message: 'No test is repeated to pass: find out why it fails',
        },
      ],
    },
  },
  {
    // Replies are classes only for the OpenAPI document: they describe shapes, and plain values of the shape are what is sent.
    files: ['apps/api/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setInterval: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
        module: 'writable',
      },
    },
  },
);
