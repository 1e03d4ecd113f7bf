// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Monaco with the features we use and no language but ours. Its own module, so that a dynamic
 * import makes one chunk of it all.
 */
import 'monaco-editor/features/bracketMatching/register.js';
import 'monaco-editor/features/caretOperations/register.js';
import 'monaco-editor/features/clipboard/register.js';
import 'monaco-editor/features/codeEditor/register.js';
import 'monaco-editor/features/codicon/register.js';
import 'monaco-editor/features/comment/register.js';
import 'monaco-editor/features/contextmenu/register.js';
import 'monaco-editor/features/cursorUndo/register.js';
import 'monaco-editor/features/documentSymbols/register.js';
import 'monaco-editor/features/find/register.js';
import 'monaco-editor/features/folding/register.js';
import 'monaco-editor/features/gotoError/register.js';
import 'monaco-editor/features/gotoLine/register.js';
import 'monaco-editor/features/gotoSymbol/register.js';
import 'monaco-editor/features/hover/register.js';
import 'monaco-editor/features/iPadShowKeyboard/register.js';
import 'monaco-editor/features/indentation/register.js';
import 'monaco-editor/features/lineSelection/register.js';
import 'monaco-editor/features/linesOperations/register.js';
import 'monaco-editor/features/links/register.js';
import 'monaco-editor/features/multicursor/register.js';
import 'monaco-editor/features/quickCommand/register.js';
import 'monaco-editor/features/quickOutline/register.js';
import 'monaco-editor/features/referenceSearch/register.js';
import 'monaco-editor/features/toggleTabFocusMode/register.js';
import 'monaco-editor/features/wordHighlighter/register.js';
import 'monaco-editor/features/wordOperations/register.js';
import * as monaco from 'monaco-editor/editor/editor.api.js';
import EditorWorker from 'monaco-editor/editor/editor.worker.js?worker';
import { NASM_LANGUAGE, nasmConfiguration, nasmGrammar } from './nasm-language.ts';
import { darkTheme, lightTheme } from './themes.ts';

self.MonacoEnvironment = { getWorker: () => new EditorWorker({ name: 'editor' }) };

monaco.languages.register({ id: NASM_LANGUAGE, extensions: ['.asm', '.inc'], aliases: ['NASM'] });
monaco.languages.setMonarchTokensProvider(NASM_LANGUAGE, nasmGrammar);
monaco.languages.setLanguageConfiguration(NASM_LANGUAGE, nasmConfiguration);
monaco.editor.defineTheme('glassbox-light', lightTheme);
monaco.editor.defineTheme('glassbox-dark', darkTheme);
// The menu names this key beside F12, but Monaco itself binds it to implementations alone.
monaco.editor.addKeybindingRule({
  keybinding: monaco.KeyMod.CtrlCmd | monaco.KeyCode.F12,
  command: 'editor.action.revealDefinition',
  when: 'editorTextFocus',
});
void document.fonts.ready.then(() => monaco.editor.remeasureFonts());

export { monaco };

/** What `import('./monaco.ts')` gives. */
export type Monaco = typeof monaco;
