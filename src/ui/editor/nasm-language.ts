// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * NASM for Monaco: a Monarch grammar and the editing behaviour around it.
 *
 * Token names, in the order a theme should care: `keyword` (instruction), `keyword.prefix`,
 * `keyword.directive`, `keyword.pseudo`, `keyword.size`, `keyword.preprocessor`, `macro` (a word
 * that stands where an instruction would), `variable.register`, `label`, `label.local`,
 * `identifier`, `number`, `string`, `string.escape`, `comment`, `annotation` and its parts.
 */
import type { languages } from 'monaco-editor/editor/editor.api.js';
import {
  DIRECTIVES,
  INTEGER_MNEMONICS,
  OPERATORS_AS_WORDS,
  PREFIXES,
  PSEUDO,
  REGISTERS,
  SIMD_PATTERN,
  X87_PATTERN,
} from './nasm-words.ts';

export const NASM_LANGUAGE = 'nasm';

/** A NASM identifier; the first character is stricter than the rest. */
const NAME = String.raw`[A-Za-z_.?@][\w$#@~.?]*`;

/** What a word outside an operand position is. `other` names the token of an unknown word. */
function wordCases(other: string): Record<string, string> {
  return {
    '@registers': 'variable.register',
    '@integer': 'keyword',
    [`~(?:${SIMD_PATTERN}|${X87_PATTERN})`]: 'keyword',
    '@prefixes': 'keyword.prefix',
    '@pseudo': 'keyword.pseudo',
    '@directives': 'keyword.directive',
    '@sizes': 'keyword.size',
    '~__\\??\\w+\\??__': 'constant',
    '~\\..*': 'label.local',
    '@default': other,
  };
}

export const nasmGrammar: languages.IMonarchLanguage = {
  defaultToken: '',
  ignoreCase: true,
  integer: [...INTEGER_MNEMONICS],
  registers: [...REGISTERS],
  prefixes: PREFIXES,
  pseudo: PSEUDO,
  directives: DIRECTIVES,
  sizes: OPERATORS_AS_WORDS,
  tokenizer: {
    root: [
      // label: at the start of a line, colon or not before data and equ
      [new RegExp(`^(\\s*)(\\.[\\w$#@~.?]+)(:?)`), ['', 'label.local', 'delimiter']],
      [new RegExp(`^(\\s*)(${NAME}|\\$${NAME})(:)`), ['', 'label', 'delimiter']],
      [
        new RegExp(
          `^(\\s*)(${NAME})(?=\\s+(?:equ|d[bwdqtoyz]|res[bwdqtoyz]|incbin|times)(?:\\s|$))`,
        ),
        ['', 'label'],
      ],
      [
        new RegExp(`^(\\s*)(section|segment)(\\s+)([.\\w]+)`),
        ['', 'keyword.directive', '', 'type.section'],
      ],
      [new RegExp(`^(\\s*)(struc|istruc)(\\s+)(${NAME})`), ['', 'keyword.directive', '', 'label']],
      [new RegExp(`^(\\s*)(${NAME})`), ['', { cases: wordCases('macro') }]],
      { include: '@preprocessor' },
      { include: '@common' },
    ],

    preprocessor: [
      [/^\s*%\s*comment\b/, { token: 'comment', next: '@comment' }],
      [
        new RegExp(
          `(%i?(?:macro|define|xdefine|assign|defstr|deftok|substr|strlen|strcat|pathsearch))(\\s+)(${NAME})`,
        ),
        ['keyword.preprocessor', '', 'macro'],
      ],
      [/%%[\w$#@~.?]+/, 'label.local'],
      [/%\$+[\w$#@~.?]+/, 'label.local'],
      [/%(?:[-+]?\d+|\{[^}]*\}|\+|!\w+|\?\??|,|\[)/, 'variable.parameter'],
      [/%[a-z]\w*/, 'keyword.preprocessor'],
    ],

    common: [
      { include: '@comments' },
      { include: '@strings' },
      { include: '@numbers' },
      [/\$\$/, 'keyword.here'],
      [new RegExp(`\\$${NAME}`), 'identifier'],
      [/\$/, 'keyword.here'],
      [new RegExp(NAME), { cases: wordCases('identifier') }],
      [/[ \t\r]+/, ''],
      [/\\$/, 'delimiter'],
      [/[[\](){}]/, '@brackets'],
      [/<<<?|>>>?|<=>?|>=|==|!=|<>|&&|\|\||\^\^|\/\/|%%|[-+*/%&|^~!<>=?:,]/, 'delimiter'],
    ],

    comments: [
      [
        /(;@)(\s*)(tensor|event)(\s+)([\w.$#@~?]+)/,
        [
          'annotation.mark',
          'annotation',
          'annotation.keyword',
          'annotation',
          { token: 'annotation.name', next: '@annotation' },
        ],
      ],
      [/;@.*$/, 'annotation.unknown'],
      [/;.*$/, 'comment'],
    ],

    // the rest of an annotation's line: TYPE[DIM]… AXIS=NAME…; the next line is another matter
    annotation: [
      [/^/, { token: '', next: '@pop' }],
      [/\b[uif](?:8|16|32|64)\b/, 'annotation.type'],
      [/(\w+)(=)(\w+)/, ['annotation.axis', 'annotation', 'annotation.name']],
      [/\[|\]/, 'annotation'],
      [/[^\s[\]]+/, 'annotation'],
      [/\s+/, 'annotation'],
    ],

    strings: [
      [/"[^"]*"/, 'string'],
      [/'[^']*'/, 'string'],
      [/["'][^"']*$/, 'string.invalid'],
      [/`/, { token: 'string', next: '@escaped' }],
    ],

    escaped: [
      [/^/, { token: '', next: '@pop' }],
      [/\\(?:x[0-9a-f]{1,2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[0-7]{1,3}|.)/, 'string.escape'],
      [/`/, { token: 'string', next: '@pop' }],
      [/[^\\`]+$/, { token: 'string.invalid', next: '@pop' }],
      [/[^\\`]+/, 'string'],
    ],

    numbers: [
      // floats: hexadecimal, decimal with point or exponent
      [/0[xh][0-9a-f_]*\.?[0-9a-f_]*p[-+]?[\d_]+/, 'number.float'],
      [/\d[\d_]*\.[\d_]*(?:e[-+]?[\d_]+)?/, 'number.float'],
      [/\d[\d_]*e[-+]?\d[\d_]*(?![\w])/, 'number.float'],
      // integers with a base prefix
      [/0[xh][0-9a-f_]+(?![\w])/, 'number.hex'],
      [/\$\d[0-9a-f_]*(?![\w])/, 'number.hex'],
      [/0[by][01_]+(?![\w])/, 'number.binary'],
      [/0[oq][0-7_]+(?![\w])/, 'number.octal'],
      [/0[dt][\d_]+(?![\w])/, 'number'],
      // integers with a base suffix (hexadecimal first: 0bh and 1dh are hexadecimal)
      [/\d[0-9a-f_]*[hx](?![\w])/, 'number.hex'],
      [/[01][01_]*[by](?![\w])/, 'number.binary'],
      [/[0-7][0-7_]*[oq](?![\w])/, 'number.octal'],
      [/\d[\d_]*[dtp]?(?![\w.])/, 'number'],
      [/\d[\w.]*/, 'number.invalid'],
    ],

    comment: [
      [/^\s*%\s*endcomment\b/, { token: 'comment', next: '@pop' }],
      [/.*$/, 'comment'],
    ],
  },
};

export const nasmConfiguration: languages.LanguageConfiguration = {
  comments: { lineComment: ';' },
  brackets: [
    ['[', ']'],
    ['(', ')'],
    ['{', '}'],
  ],
  autoClosingPairs: [
    { open: '[', close: ']' },
    { open: '(', close: ')' },
    { open: '"', close: '"', notIn: ['comment', 'string'] },
    { open: '`', close: '`', notIn: ['comment', 'string'] },
  ],
  surroundingPairs: [
    { open: '[', close: ']' },
    { open: '(', close: ')' },
    { open: '"', close: '"' },
    { open: "'", close: "'" },
  ],
  wordPattern: /%?[%$]?[A-Za-z_.?@][\w$#@~.?]*|-?\d[\w.]*/,
  folding: { markers: { start: /^\s*;\s*#region\b/, end: /^\s*;\s*#endregion\b/ } },
};
