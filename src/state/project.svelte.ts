// SPDX-License-Identifier: GPL-2.0-or-later
/** The program being worked on: its sources, its building, its breakpoints, the open file. */
import type { AssemblerApi } from '../protocol/assembler.ts';
import type { ProjectStore } from '../storage/projects.ts';
import { Breakpoints } from './project-breakpoints.svelte.ts';
import { ProjectBuild, type Prebuilt } from './project-build.svelte.ts';
import { ProjectFiles } from './project-files.svelte.ts';
import { isString, type Store } from './store.ts';

export interface ProjectOptions {
  /** Path relative to `asm/` to text; `ORIGINAL_SOURCES` in the page. */
  readonly originals: Readonly<Record<string, string>>;
  readonly assembler: AssemblerApi;
  /** Where edits are kept; `IndexedDbProjectStore` in the page. */
  readonly edits: ProjectStore;
  /** Where breakpoints and the open file are kept. */
  readonly store: Store;
  readonly prebuilt: Prebuilt;
  /** The file to assemble; default `sigmoid.asm`. */
  readonly main?: string;
  /** Milliseconds of rest before assembling and saving; for tests. */
  readonly delays?: { readonly assemble: number; readonly save: number };
}

const OPEN_FILE = 'editor.file';

export class ProjectState {
  readonly files: ProjectFiles;
  readonly build: ProjectBuild;
  readonly breakpoints: Breakpoints;
  readonly #store: Store;
  readonly #stopHearing: () => void;
  #open = $state('');

  constructor(options: ProjectOptions) {
    const main = options.main ?? 'sigmoid.asm';
    this.#store = options.store;
    this.files = new ProjectFiles(options.originals, options.edits, options.delays?.save);
    this.build = new ProjectBuild(
      this.files,
      options.assembler,
      options.prebuilt,
      main,
      options.delays?.assemble,
    );
    this.breakpoints = new Breakpoints(options.store);
    this.#stopHearing = this.build.onProgram((p) => this.breakpoints.resolve(p.index));
    this.#open = options.store.get(OPEN_FILE, main, isString);
    if (this.files.text(this.#open) === null) this.#open = main;
  }

  /** The file in the editor. */
  get open(): string {
    return this.#open;
  }

  /** Shows a file; a path that is not there changes nothing. */
  show(path: string): void {
    if (this.files.text(path) === null || path === this.#open) return;
    this.#open = path;
    this.#store.set(OPEN_FILE, path);
  }

  /** Fetches the stored edits, then makes the first program. */
  async load(): Promise<void> {
    await this.files.load();
    this.show(this.#store.get(OPEN_FILE, this.#open, isString));
    await this.build.load();
  }

  /** Address of the first instruction of a line, or of the next line that has one; or null. */
  addressOf(file: string, line: number): number | null {
    const index = this.build.program?.index;
    const target = index?.codeLineFrom(file, line) ?? null;
    return target === null ? null : (index?.addressesOf(file, target)[0] ?? null);
  }

  dispose(): void {
    this.#stopHearing();
    this.build.dispose();
    this.files.dispose();
  }
}
