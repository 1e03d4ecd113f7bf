// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The Monaco editor and one text model for each file, behind the few things the pane asks of it.
 * Knows nothing of the state classes: it is told, and it tells by callbacks.
 */
import type { editor, IDisposable } from 'monaco-editor/editor/editor.api.js';
import type { Diagnostic } from '../../protocol/assembler.ts';
import type { HeatMark } from '../profile/heat.ts';
import { BreakpointMarks, type BreakpointMark } from './breakpoint-marks.ts';
import { HeatMargin } from './heat-margin.ts';
import type { Monaco } from './monaco.ts';
import { NASM_LANGUAGE } from './nasm-language.ts';
import { replaceChangedLines } from './replace-lines.ts';

export interface EditorEvents {
  /** The user changed the text. */
  readonly onEdit: (file: string, text: string) => void;
  readonly onCaret: (file: string, line: number, column: number) => void;
  readonly onToggleBreakpoint: (file: string, line: number) => void;
  /** Breakpoints of a file moved along with an edit. */
  readonly onBreakpointsMoved: (file: string, lines: readonly number[]) => void;
  readonly onRunTo: (file: string, line: number) => void;
  /** A definition in another file was asked for. */
  readonly onOpen: (file: string, line: number, column: number) => void;
}

const SCHEME = 'asm';

/** An editor of fewer pixels in height lies in a tab that is not shown. */
const HIDDEN = 20;

/** In the overview of the whole file; seen on either theme. */
const CURRENT_MARK = '#1e90ad';

export class CodeEditor {
  readonly #monaco: Monaco;
  readonly #events: EditorEvents;
  readonly #editor: editor.IStandaloneCodeEditor;
  readonly #models = new Map<string, editor.ITextModel>();
  readonly #views = new Map<string, editor.ICodeEditorViewState | null>();
  readonly #breakpoints: BreakpointMarks;
  readonly #disposables: IDisposable[] = [];
  readonly #heat: HeatMargin;
  /** The line brought into sight last, for as long as nothing of the editor can be seen. */
  #hiddenLine: number | null = null;
  #current: editor.IEditorDecorationsCollection | null = null;
  /** True while a change comes from the program, not from the user. */
  #applying = false;

  constructor(monaco: Monaco, host: HTMLElement, theme: 'light' | 'dark', events: EditorEvents) {
    this.#monaco = monaco;
    this.#events = events;
    this.#breakpoints = new BreakpointMarks(monaco, (file, lines) =>
      events.onBreakpointsMoved(file, lines),
    );
    this.setTheme(theme);
    this.#editor = monaco.editor.create(host, {
      model: null,
      ariaLabel: 'Assembly source. Control M lets the Tab key leave the editor.',
      automaticLayout: true,
      contextmenu: true,
      fixedOverflowWidgets: true,
      folding: true,
      fontFamily: "'JetBrains Mono Variable', ui-monospace, 'DejaVu Sans Mono', monospace",
      fontLigatures: false,
      fontSize: 12.5,
      glyphMargin: true,
      gotoLocation: { multipleDefinitions: 'goto' },
      lineHeight: 19,
      lineNumbersMinChars: 3,
      minimap: { enabled: false },
      padding: { top: 6, bottom: 6 },
      renderLineHighlight: 'line',
      rulers: [80],
      scrollBeyondLastLine: false,
      smoothScrolling: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      tabSize: 4,
      wordBasedSuggestions: 'off',
      hover: { above: false },
    });
    this.#heat = new HeatMargin(monaco, this.#editor);
    this.#listen();
  }

  /** The path of a model of ours. */
  fileOf(model: editor.ITextModel): string {
    return model.uri.path.slice(1);
  }

  uriOf(file: string) {
    return this.#monaco.Uri.from({ scheme: SCHEME, path: `/${file}` });
  }

  /** Makes the models equal to the sources, disturbing neither caret nor undo where they are. */
  setSources(sources: Readonly<Record<string, string>>): void {
    this.#applying = true;
    try {
      for (const [file, text] of Object.entries(sources)) {
        const model = this.#models.get(file);
        if (!model) this.#addModel(file, text);
        else if (model.getValue() !== text) replaceChangedLines(this.#monaco, model, text);
      }
      for (const [file, model] of this.#models) {
        if (file in sources) continue;
        this.#models.delete(file);
        model.dispose();
      }
    } finally {
      this.#applying = false;
    }
  }

  /** Shows a file where one left it, or at a line. */
  open(file: string): void {
    const model = this.#models.get(file);
    const old = this.#editor.getModel();
    if (!model || model === old) return;
    if (old) this.#views.set(this.fileOf(old), this.#editor.saveViewState());
    this.#editor.setModel(model);
    const view = this.#views.get(file);
    if (view) this.#editor.restoreViewState(view);
    else this.#tellCaret();
  }

  /** Whether a line of the open file is in sight. */
  inSight(line: number): boolean {
    return this.#editor
      .getVisibleRanges()
      .some(
        ({ startLineNumber, endLineNumber }) => line >= startLineNumber && line <= endLineNumber,
      );
  }

  /** Brings a line of the open file into sight, near the middle when it was not in sight. */
  reveal(line: number, column?: number): void {
    // At once: a step's line is there in one frame, not some frames later.
    const { Immediate } = this.#monaco.editor.ScrollType;
    // Monaco would measure the line for it, and so lay out the page once more in a step's frame.
    if (!this.inSight(line)) this.#editor.revealLineInCenterIfOutsideViewport(line, Immediate);
    this.#hiddenLine = this.#editor.getLayoutInfo().height < HIDDEN ? line : null;
    if (column === undefined) return;
    this.#editor.setPosition({ lineNumber: line, column });
    this.#editor.focus();
  }

  setTheme(theme: 'light' | 'dark'): void {
    this.#monaco.editor.setTheme(`glassbox-${theme}`);
  }

  setNarrow(narrow: boolean): void {
    this.#editor.updateOptions({
      fontSize: narrow ? 11.5 : 12.5,
      folding: !narrow,
      wordWrap: 'off',
    });
    this.#heat.narrow = narrow;
  }

  /** Marks the line the machine stands at; null: none. */
  setCurrent(file: string, line: number | null, running: boolean): void {
    this.#current ??= this.#editor.createDecorationsCollection();
    if (line === null || this.#openFile !== file) {
      this.#current.clear();
      return;
    }
    this.#current.set([
      {
        range: new this.#monaco.Range(line, 1, line, 1),
        options: {
          isWholeLine: true,
          className: running ? 'gb-line-running' : 'gb-line-current',
          glyphMarginClassName: 'gb-glyph-current',
          glyphMarginHoverMessage: { value: 'The next instruction is on this line (rip)' },
          overviewRuler: {
            color: CURRENT_MARK,
            position: this.#monaco.editor.OverviewRulerLane.Full,
          },
          zIndex: 5,
        },
      },
    ]);
  }

  /** Shows how hot the lines of the open file are; null: without heat. */
  setHeat(file: string, marks: readonly HeatMark[] | null): void {
    this.#heat.show(this.#openFile === file ? marks : null);
  }

  setBreakpoints(file: string, marks: readonly BreakpointMark[]): void {
    const model = this.#models.get(file);
    if (model) this.#breakpoints.show(file, model, marks);
  }

  setDiagnostics(diagnostics: readonly Diagnostic[]): void {
    const { MarkerSeverity } = this.#monaco;
    const severity = {
      error: MarkerSeverity.Error,
      warning: MarkerSeverity.Warning,
      note: MarkerSeverity.Info,
    };
    for (const [file, model] of this.#models) {
      const markers = diagnostics
        .filter((d) => d.file === file && d.line >= 1)
        .map((d) => {
          const line = Math.min(d.line, model.getLineCount());
          return {
            severity: severity[d.severity],
            message: d.text,
            source: 'nasm',
            startLineNumber: line,
            startColumn: model.getLineFirstNonWhitespaceColumn(line) || 1,
            endLineNumber: line,
            endColumn: model.getLineMaxColumn(line),
          };
        });
      this.#monaco.editor.setModelMarkers(model, 'nasm', markers);
    }
  }

  focus(): void {
    this.#editor.focus();
  }

  /** Runs one of Monaco's own commands, for buttons that do what a key does. */
  command(id: string): void {
    this.#editor.focus();
    void this.#editor.getAction(id)?.run();
  }

  dispose(): void {
    for (const each of this.#disposables) each.dispose();
    this.#editor.dispose();
    for (const model of this.#models.values()) model.dispose();
  }

  get #openFile(): string | null {
    const model = this.#editor.getModel();
    return model ? this.fileOf(model) : null;
  }

  #addModel(file: string, text: string): void {
    const model = this.#monaco.editor.createModel(text, NASM_LANGUAGE, this.uriOf(file));
    model.setEOL(this.#monaco.editor.EndOfLineSequence.LF);
    model.onDidChangeContent(() => {
      this.#breakpoints.follow(file, model);
      if (!this.#applying) this.#events.onEdit(file, model.getValue());
    });
    this.#models.set(file, model);
  }

  #tellCaret(): void {
    const file = this.#openFile;
    const position = this.#editor.getPosition();
    if (file !== null && position) {
      this.#events.onCaret(file, position.lineNumber, position.column);
    }
  }

  #listen(): void {
    const { MouseTargetType } = this.#monaco.editor;
    const e = this.#editor;
    this.#disposables.push(
      e.onDidLayoutChange(({ height }) => {
        if (this.#hiddenLine === null || height < HIDDEN) return;
        e.revealLineInCenter(this.#hiddenLine, this.#monaco.editor.ScrollType.Immediate);
        this.#hiddenLine = null;
      }),
      e.onDidChangeCursorPosition(() => this.#tellCaret()),
      e.onMouseDown((event) => {
        const file = this.#openFile;
        const line = event.target.position?.lineNumber;
        const gutter =
          event.target.type === MouseTargetType.GUTTER_GLYPH_MARGIN ||
          event.target.type === MouseTargetType.GUTTER_LINE_NUMBERS;
        if (!gutter || !event.event.leftButton || file === null || line === undefined) return;
        this.#events.onToggleBreakpoint(file, line);
      }),
      e.addAction({
        id: 'glassbox.toggle-breakpoint',
        label: 'Toggle Breakpoint (F9)',
        contextMenuGroupId: 'navigation',
        contextMenuOrder: 3,
        run: () => this.#atCaret(this.#events.onToggleBreakpoint),
      }),
      e.addAction({
        id: 'glassbox.explain',
        label: 'Explain What Is at the Caret (Shift+F1)',
        keybindings: [this.#monaco.KeyMod.Shift | this.#monaco.KeyCode.F1],
        contextMenuGroupId: 'navigation',
        run: () => e.getAction('editor.action.showHover')?.run(),
      }),
      e.addAction({
        id: 'glassbox.run-to-cursor',
        label: 'Run to Cursor (Ctrl+F10)',
        contextMenuGroupId: 'navigation',
        contextMenuOrder: 4,
        run: () => this.#atCaret(this.#events.onRunTo),
      }),
      this.#monaco.editor.registerEditorOpener({
        openCodeEditor: (_source, resource, place) => {
          if (resource.scheme !== SCHEME) return false;
          const at =
            place === undefined
              ? [1, 1]
              : 'startLineNumber' in place
                ? [place.startLineNumber, place.startColumn]
                : [place.lineNumber, place.column];
          this.#events.onOpen(resource.path.slice(1), at[0] ?? 1, at[1] ?? 1);
          return true;
        },
      }),
    );
  }

  #atCaret(action: (file: string, line: number) => void): void {
    const file = this.#openFile;
    const line = this.#editor.getPosition()?.lineNumber;
    if (file !== null && line !== undefined) action(file, line);
  }
}
