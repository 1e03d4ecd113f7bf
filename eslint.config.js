import js from '@eslint/js';
import globals from 'globals';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/**
 * The rooms of src/ and the rooms each may import from (docs/ARCHITECTURE.md).
 * Whatever is not listed for a room is refused there.
 */
const ROOMS = {
  shared: [],
  protocol: ['shared'],
  assembler: ['shared', 'protocol'],
  machine: ['shared', 'protocol'],
  cpu: ['shared', 'protocol', 'machine'],
  debugger: ['shared', 'protocol', 'machine', 'cpu'],
  nn: ['shared', 'protocol'],
  storage: ['shared', 'protocol', 'machine', 'nn'],
  worker: ['shared', 'protocol', 'assembler', 'machine', 'cpu', 'debugger', 'storage', 'nn'],
  client: ['shared', 'protocol'],
  state: ['shared', 'protocol', 'client', 'storage', 'nn'],
  ui: ['shared', 'protocol', 'state', 'nn'],
  app: ['shared', 'protocol', 'client', 'state', 'storage', 'ui', 'nn'],
};

/** Rooms that run the same in Node, in a worker and in tests: no Svelte, DOM, Comlink or Node. */
const PORTABLE = ['shared', 'protocol', 'assembler', 'machine', 'cpu', 'debugger', 'nn'];

const direction = Object.entries(ROOMS).map(([room, allowed]) => {
  const refused = [...Object.keys(ROOMS), 'cli'].filter((r) => r !== room && !allowed.includes(r));
  const patterns = [
    {
      regex: `^(\\.\\./)+(${refused.join('|')})/`,
      message: `src/${room} may import only from: ${allowed.join(', ') || 'nothing'} (docs/ARCHITECTURE.md).`,
    },
  ];
  if (PORTABLE.includes(room)) {
    patterns.push({
      regex: '^(svelte|comlink|node:|idb|monaco-editor)',
      message: `src/${room} runs in Node, the worker and tests alike: pass platform services in.`,
    });
  }
  return {
    files: [`src/${room}/**/*.{ts,svelte}`],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  };
});

export default ts.config(
  {
    ignores: [
      'dist',
      'node_modules',
      'public',
      'test-results',
      'playwright-report',
      'data',
      '.cache',
    ],
  },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: {
        projectService: { allowDefaultProject: ['svelte.config.js'] },
        extraFileExtensions: ['.svelte'],
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-console': 'error',
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/prefer-literal-enum-member': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, svelteConfig },
    },
  },
  {
    files: ['src/cli/**', 'e2e/**', '**/*.test.ts', '**/testing/**'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['**/*.js'], extends: [ts.configs.disableTypeChecked] },
  ...direction,
);
