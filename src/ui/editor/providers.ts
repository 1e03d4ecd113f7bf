// SPDX-License-Identifier: GPL-2.0-or-later
/** Go to definition, hover and outline for NASM, over the symbol index and the running machine. */
import type {
  editor,
  IDisposable,
  IRange,
  languages,
  Position,
} from 'monaco-editor/editor/editor.api.js';
import { describeWord, type HoverFacts } from './hover-text.ts';
import { describeInstruction, type InstructionFacts } from './instruction-hover.ts';
import type { Monaco } from './monaco.ts';
import { NASM_LANGUAGE } from './nasm-language.ts';
import {
  includeOn,
  type Definition,
  type DefinitionKind,
  type SymbolIndex,
} from './symbol-index.ts';

export interface ProviderOptions {
  readonly index: SymbolIndex;
  readonly facts: () => HoverFacts;
  readonly instructions: InstructionFacts;
  readonly fileOf: (model: editor.ITextModel) => string;
  readonly uriOf: (file: string) => editor.ITextModel['uri'];
}

export function registerProviders(monaco: Monaco, options: ProviderOptions): IDisposable {
  const { index, facts, fileOf, uriOf } = options;

  const rangeOf = (d: Definition): IRange => ({
    startLineNumber: d.line,
    startColumn: d.column,
    endLineNumber: d.line,
    endColumn: d.endColumn,
  });

  const kinds: Record<DefinitionKind, languages.SymbolKind> = {
    label: monaco.languages.SymbolKind.Function,
    local: monaco.languages.SymbolKind.Key,
    data: monaco.languages.SymbolKind.Variable,
    constant: monaco.languages.SymbolKind.Constant,
    macro: monaco.languages.SymbolKind.Module,
    define: monaco.languages.SymbolKind.Constant,
    struct: monaco.languages.SymbolKind.Struct,
    event: monaco.languages.SymbolKind.Event,
  };

  const registrations = [
    monaco.languages.registerDefinitionProvider(NASM_LANGUAGE, {
      provideDefinition(model: editor.ITextModel, position: Position) {
        const file = fileOf(model);
        const include = includeOn(model.getLineContent(position.lineNumber));
        if (include && position.column >= include.column && position.column <= include.endColumn) {
          const target = index.resolveInclude(include.path, file);
          if (target === null) return null;
          const top = { startLineNumber: 1, startColumn: 1, endLineNumber: 1, endColumn: 1 };
          return { uri: uriOf(target), range: top };
        }
        const word = model.getWordAtPosition(position);
        if (!word) return null;
        return index
          .find(word.word, file, position.lineNumber, facts().debug?.files)
          .map((d) => ({ uri: uriOf(d.file), range: rangeOf(d) }));
      },
    }),
    monaco.languages.registerHoverProvider(NASM_LANGUAGE, {
      async provideHover(model: editor.ITextModel, position: Position) {
        const word = model.getWordAtPosition(position);
        if (!word || inComment(model.getLineContent(position.lineNumber), position.column)) {
          return null;
        }
        const place = [fileOf(model), position.lineNumber] as const;
        const known = describeWord(word.word, ...place, index, facts());
        const lines =
          known.length > 0
            ? known
            : await describeInstruction(options.instructions, ...place, word.word);
        if (lines.length === 0) return null;
        return {
          range: {
            startLineNumber: position.lineNumber,
            startColumn: word.startColumn,
            endLineNumber: position.lineNumber,
            endColumn: word.endColumn,
          },
          contents: lines.map((value) => ({ value })),
        };
      },
    }),
    monaco.languages.registerDocumentSymbolProvider(NASM_LANGUAGE, {
      displayName: 'NASM',
      provideDocumentSymbols(model: editor.ITextModel) {
        return index.outline(fileOf(model)).map((d) => ({
          name: d.name,
          detail: d.detail.slice(0, 60),
          kind: kinds[d.kind],
          tags: [],
          range: rangeOf(d),
          selectionRange: rangeOf(d),
        }));
      },
    }),
    monaco.languages.registerLinkProvider(NASM_LANGUAGE, {
      provideLinks(model: editor.ITextModel) {
        const links: languages.ILink[] = [];
        model.getLinesContent().forEach((line, i) => {
          const include = includeOn(line);
          const target = include && index.resolveInclude(include.path, fileOf(model));
          if (!include || !target) return;
          links.push({
            range: {
              startLineNumber: i + 1,
              startColumn: include.column,
              endLineNumber: i + 1,
              endColumn: include.endColumn,
            },
            url: uriOf(target),
            tooltip: `Open ${target}`,
          });
        });
        return { links };
      },
    }),
  ];
  return { dispose: () => registrations.forEach((r) => r.dispose()) };
}

/** Whether a column (1-based) lies behind the semicolon that begins a comment. */
export function inComment(line: string, column: number): boolean {
  let quote = '';
  for (let i = 0; i < column - 1 && i < line.length; i++) {
    const c = line.charAt(i);
    if (quote === '') {
      if (c === ';') return true;
      if (c === '"' || c === "'" || c === '`') quote = c;
    } else if (c === '\\' && quote === '`') {
      i++;
    } else if (c === quote) {
      quote = '';
    }
  }
  return false;
}
