// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Assembling as one types. A good result becomes the program; a bad one marks its lines and leaves
 * the last good program in place.
 */
import type { AssemblerApi, AssembleResult, Diagnostic } from '../protocol/assembler.ts';
import type { DebugInfo } from '../protocol/debug-info.ts';
import { Listeners } from './collections.ts';
import { DebugIndex } from '../shared/debug-index.ts';
import type { ProjectFiles } from './project-files.svelte.ts';

export interface Program {
  /** `sigmoid` of `sigmoid.asm`. */
  readonly name: string;
  readonly image: Uint8Array<ArrayBuffer>;
  readonly debug: DebugInfo;
  readonly index: DebugIndex;
  /** Where the bytes come from: built with the page, or assembled here. */
  readonly origin: 'page' | 'assembled';
  /** The sources it was made of. */
  readonly sources: Readonly<Record<string, string>>;
}

export type BuildStatus =
  | { readonly kind: 'loading' }
  | { readonly kind: 'assembling' }
  /** The program is what the editor shows. `ms` is null for the image built with the page. */
  | { readonly kind: 'good'; readonly ms: number | null }
  /** The editor does not assemble; the program, if any, is an older one. */
  | { readonly kind: 'bad'; readonly ms: number };

/** The image built with the page, or null when it cannot be had. */
export type Prebuilt = (
  name: string,
) => Promise<{ readonly image: Uint8Array<ArrayBuffer>; readonly debug: DebugInfo } | null>;

/** How long typing must rest before it is assembled, in milliseconds. */
const ASSEMBLE_DELAY = 300;

export class ProjectBuild {
  readonly #files: ProjectFiles;
  readonly #assembler: AssemblerApi;
  readonly #prebuilt: Prebuilt;
  readonly #delay: number;
  readonly #stopHearing: () => void;
  readonly #programs = new Listeners<Program>();
  readonly #sources = new WeakMap<object, Readonly<Record<string, string>>>();
  #main = $state('');
  #program = $state.raw<Program | null>(null);
  #diagnostics = $state.raw<readonly Diagnostic[]>([]);
  #status = $state.raw<BuildStatus>({ kind: 'loading' });
  #timer: ReturnType<typeof setTimeout> | null = null;
  #running: Promise<void> | null = null;
  /** The sources of the latest finished assembly. */
  #done: Readonly<Record<string, string>> | null = null;
  #loaded = false;
  #disposed = false;

  constructor(
    files: ProjectFiles,
    assembler: AssemblerApi,
    prebuilt: Prebuilt,
    main: string,
    delay = ASSEMBLE_DELAY,
  ) {
    this.#files = files;
    this.#assembler = assembler;
    this.#prebuilt = prebuilt;
    this.#main = main;
    this.#delay = delay;
    this.#stopHearing = files.onChange(() => this.#schedule());
  }

  /** The file that is assembled, relative to `asm/`. */
  get main(): string {
    return this.#main;
  }

  /** The latest program that assembled. */
  get program(): Program | null {
    return this.#program;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  get errors(): number {
    return this.#diagnostics.filter((d) => d.severity === 'error').length;
  }

  get status(): BuildStatus {
    return this.#status;
  }

  /** The sources a program was made of; null for one that was not made here. */
  sourcesOf(program: object | null): Readonly<Record<string, string>> | null {
    return program === null ? null : (this.#sources.get(program) ?? null);
  }

  /** Hears of every new program; @returns the function that ends it. */
  onProgram(listener: (program: Program) => void): () => void {
    return this.#programs.add(listener);
  }

  /** The first program: the page's own image when nothing is edited, else the edited sources. */
  async load(): Promise<void> {
    await this.#first();
    this.#loaded = true;
    if (this.#done !== this.#files.sources) this.#schedule();
  }

  async #first(): Promise<void> {
    if (this.#files.modifiedCount === 0 && (await this.#usePrebuilt())) {
      this.#done = this.#files.sources;
      this.#status = { kind: 'good', ms: null };
      return;
    }
    await this.assembleNow();
    if (this.#program === null) await this.#usePrebuilt();
  }

  /** Chooses another main file and assembles it. */
  async openProgram(main: string): Promise<void> {
    if (main === this.#main) return;
    this.#main = main;
    this.#done = null;
    await this.assembleNow();
  }

  /**
   * Assembles what the editor shows, unless that is done already.
   * @returns the program when the sources assemble, null when they do not.
   */
  async assembleNow(): Promise<Program | null> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#done !== this.#files.sources) {
      this.#running ??= this.#assembleOnce().finally(() => (this.#running = null));
      await this.#running;
    }
    return this.#status.kind === 'good' ? this.#program : null;
  }

  dispose(): void {
    this.#disposed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stopHearing();
    this.#programs.clear();
  }

  #schedule(): void {
    if (!this.#loaded) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.assembleNow(), this.#delay);
  }

  async #usePrebuilt(): Promise<boolean> {
    const sources = this.#files.sources;
    const built = await this.#prebuilt(programName(this.#main));
    if (!built || this.#disposed) return false;
    this.#accept({ ...built, origin: 'page', sources });
    return true;
  }

  async #assembleOnce(): Promise<void> {
    const sources = this.#files.sources;
    const main = this.#main;
    this.#status = { kind: 'assembling' };
    const result: AssembleResult = await this.#assembler.assemble({ sources, main });
    if (this.#disposed) return;
    this.#done = sources;
    this.#diagnostics = result.diagnostics;
    if (result.ok) {
      this.#accept({ image: result.image, debug: result.debug, origin: 'assembled', sources });
      this.#status = { kind: 'good', ms: result.ms };
    } else {
      this.#status = { kind: 'bad', ms: result.ms };
    }
  }

  #accept(made: Omit<Program, 'name' | 'index'>): void {
    const program: Program = {
      ...made,
      name: programName(this.#main),
      index: new DebugIndex(made.debug),
    };
    this.#sources.set(program, program.sources);
    this.#program = program;
    this.#programs.tell(program);
  }
}

function programName(main: string): string {
  return main.replace(/^.*\//, '').replace(/\.asm$/, '');
}
