// SPDX-License-Identifier: GPL-2.0-or-later
/** Bars between line numbers and text, the longer the hotter the line. */
import type { editor } from 'monaco-editor/editor/editor.api.js';
import type { HeatMark } from '../profile/heat.ts';
import type { Monaco } from './monaco.ts';

/** Room between line numbers and text, in CSS pixels. */
const ROOM = { narrow: 4, wide: 10, heat: 22 } as const;

/** From this level on, a mark beside the scroll bar says where to look. */
const HOT = 5;

export class HeatMargin {
  readonly #monaco: Monaco;
  readonly #editor: editor.IStandaloneCodeEditor;
  #marks: readonly HeatMark[] | null = null;
  #shown: editor.IEditorDecorationsCollection | null = null;
  #narrow = false;

  constructor(monaco: Monaco, of: editor.IStandaloneCodeEditor) {
    this.#monaco = monaco;
    this.#editor = of;
    this.#makeRoom();
  }

  /** Whether space is scarce. */
  set narrow(narrow: boolean) {
    this.#narrow = narrow;
    this.#makeRoom();
  }

  /** Shows these marks of the open file; null: no heat at all. */
  show(marks: readonly HeatMark[] | null): void {
    const room = (marks === null) !== (this.#marks === null);
    this.#marks = marks;
    if (room) this.#makeRoom();
    const lines = this.#editor.getModel()?.getLineCount() ?? 0;
    const decorations = (marks ?? [])
      .filter(({ line }) => line <= lines)
      .map((mark) => this.#bar(mark));
    if (this.#shown === null) this.#shown = this.#editor.createDecorationsCollection(decorations);
    else this.#shown.set(decorations);
  }

  #bar({ line, level, text }: HeatMark): editor.IModelDeltaDecoration {
    return {
      range: new this.#monaco.Range(line, 1, line, 1),
      options: {
        stickiness: this.#monaco.editor.TrackedRangeStickiness.NeverGrowsWhenTypingAtEdges,
        linesDecorationsClassName: `gb-heat gb-heat-${level}`,
        linesDecorationsTooltip: text,
        ...(level >= HOT && {
          overviewRuler: {
            color: '#d9682b',
            position: this.#monaco.editor.OverviewRulerLane.Left,
          },
        }),
      },
    };
  }

  #makeRoom(): void {
    const { narrow, wide, heat } = ROOM;
    const lineDecorationsWidth = this.#marks !== null ? heat : this.#narrow ? narrow : wide;
    this.#editor.updateOptions({ lineDecorationsWidth });
  }
}
