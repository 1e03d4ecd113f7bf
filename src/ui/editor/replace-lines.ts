// SPDX-License-Identifier: GPL-2.0-or-later
import type { editor } from 'monaco-editor/editor/editor.api.js';
import type { Monaco } from './monaco.ts';
import { changedLines } from './text-lines.ts';

/** Makes a model's text another, as one step that can be undone; lines alike are not touched. */
export function replaceChangedLines(monaco: Monaco, model: editor.ITextModel, text: string): void {
  const { before, after, oldLines, newLines } = changedLines(model.getValue(), text);
  const to = oldLines.length - after;
  const lines = newLines.slice(before, newLines.length - after);
  const atEnd = to >= oldLines.length;
  // Whole lines with their ends, except that the last line of the text has none.
  const range = atEnd
    ? new monaco.Range(
        before === 0 ? 1 : before,
        before === 0 ? 1 : model.getLineMaxColumn(before),
        oldLines.length,
        model.getLineMaxColumn(oldLines.length),
      )
    : new monaco.Range(before + 1, 1, to + 1, 1);
  const joined = lines.join('\n');
  const inserted = atEnd
    ? (before === 0 || lines.length === 0 ? '' : '\n') + joined
    : lines.map((line) => `${line}\n`).join('');
  model.pushStackElement();
  model.pushEditOperations([], [{ range, text: inserted }], () => null);
  model.pushStackElement();
}
