// SPDX-License-Identifier: GPL-2.0-or-later
/** Monaco's Monarch engine, which comes without types; used by the test of the grammar. */
declare module 'monaco-editor/editor/standalone/common/monarch/monarchCompile.js' {
  export function compile(languageId: string, grammar: object): object;
}

declare module 'monaco-editor/editor/standalone/common/monarch/monarchLexer.js' {
  export const MonarchTokenizer: new (
    languageService: object,
    themeService: object,
    languageId: string,
    lexer: object,
    configurationService: object,
  ) => object;
}
