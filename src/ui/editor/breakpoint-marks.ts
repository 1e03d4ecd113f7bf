// SPDX-License-Identifier: GPL-2.0-or-later
/** The dots of breakpoints beside the lines of each file; they follow their lines through edits. */
import type { editor } from 'monaco-editor/editor/editor.api.js';
import type { Monaco } from './monaco.ts';

export interface BreakpointMark {
  readonly line: number;
  /** Whether the current program has code for it. */
  readonly live: boolean;
}

export class BreakpointMarks {
  readonly #monaco: Monaco;
  readonly #moved: (file: string, lines: readonly number[]) => void;
  /** Monaco's names of the dots, by file. */
  readonly #ids = new Map<string, string[]>();
  readonly #marks = new Map<string, readonly BreakpointMark[]>();

  /** @param moved is told of the lines of a file's breakpoints when an edit has moved them. */
  constructor(monaco: Monaco, moved: (file: string, lines: readonly number[]) => void) {
    this.#monaco = monaco;
    this.#moved = moved;
  }

  show(file: string, model: editor.ITextModel, marks: readonly BreakpointMark[]): void {
    if (sameMarks(this.#marks.get(file) ?? [], marks)) return;
    this.#marks.set(file, marks);
    const decorations = marks.map(({ line, live }) => ({
      range: new this.#monaco.Range(line, 1, line, 1),
      options: {
        stickiness: this.#monaco.editor.TrackedRangeStickiness.NeverGrowsWhenTypingAtEdges,
        glyphMarginClassName: live ? 'gb-glyph-breakpoint' : 'gb-glyph-breakpoint gb-idle',
        glyphMarginHoverMessage: {
          value: live ? 'Breakpoint' : 'Breakpoint on a line without code',
        },
      },
    }));
    this.#ids.set(file, model.deltaDecorations(this.#ids.get(file) ?? [], decorations));
  }

  /** The text has changed. */
  follow(file: string, model: editor.ITextModel): void {
    const ids = this.#ids.get(file) ?? [];
    const marks = this.#marks.get(file) ?? [];
    if (ids.length === 0) return;
    const lines = ids.flatMap((id) => model.getDecorationRange(id)?.startLineNumber ?? []);
    if (lines.every((line, i) => line === marks[i]?.line)) return;
    this.#marks.set(
      file,
      lines.map((line, i) => ({ line, live: marks[i]?.live ?? false })),
    );
    this.#moved(file, lines);
  }
}

function sameMarks(a: readonly BreakpointMark[], b: readonly BreakpointMark[]): boolean {
  const text = (marks: readonly BreakpointMark[]) => marks.map((m) => `${m.line} ${m.live}`).join();
  return text(a) === text(b);
}
