// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The sources as the user has them: the originals, the user's edits upon them, and the keeping of
 * the edits. Nothing is lost in silence: a save that fails says so, and two tabs that change the
 * same file are told of each other.
 */
import { err, ok, type Result } from '../shared/result.ts';
import type { FileChange, ProjectStore, StoredFile } from '../storage/projects.ts';
import { emptyMap, Listeners, plainMap, plainSet, withEntry, withoutKey } from './collections.ts';

export interface FileEntry {
  readonly path: string;
  /** Differs from the original. */
  readonly modified: boolean;
  /** The user made it: there is no original to go back to. */
  readonly added: boolean;
}

/** Where the edits stand with the browser's storage. */
export type SaveState =
  | { readonly kind: 'saved' }
  | { readonly kind: 'saving' }
  | { readonly kind: 'failed'; readonly message: string };

/** How long typing must rest before it is stored, in milliseconds. */
const SAVE_DELAY = 400;

const PATH = /^(?:[A-Za-z0-9_-][\w.-]*\/)*[A-Za-z0-9_-][\w.-]*\.(?:asm|inc)$/;

export class ProjectFiles {
  readonly #originals: Readonly<Record<string, string>>;
  readonly #store: ProjectStore;
  readonly #saveDelay: number;
  readonly #stopHearing: () => void;
  #sources = $state.raw<Readonly<Record<string, string>>>({});
  /** Path to text, for files that differ from the original. */
  #edits = $state.raw(emptyMap<string, string>());
  #conflicts = $state.raw(emptyMap<string, StoredFile>());
  #save = $state.raw<SaveState>({ kind: 'saved' });
  #undo = $state.raw<ReadonlyMap<string, string> | null>(null);
  #external = $state<string | null>(null);
  readonly #revisions = plainMap<string, number>();
  readonly #unsaved = plainSet<string>();
  readonly #changes = new Listeners<undefined>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #saving: Promise<void> = Promise.resolve();

  readonly #entries = $derived.by((): readonly FileEntry[] =>
    Object.keys(this.#sources)
      .sort()
      .map((path) => ({
        path,
        modified: this.#edits.has(path),
        added: this.#originals[path] === undefined,
      })),
  );

  constructor(
    originals: Readonly<Record<string, string>>,
    store: ProjectStore,
    saveDelay = SAVE_DELAY,
  ) {
    this.#originals = originals;
    this.#sources = originals;
    this.#store = store;
    this.#saveDelay = saveDelay;
    this.#stopHearing = store.onChange((change) => this.#hear(change));
  }

  /** Path relative to `asm/` to text, edits included. Replaced as a whole by each change. */
  get sources(): Readonly<Record<string, string>> {
    return this.#sources;
  }

  get entries(): readonly FileEntry[] {
    return this.#entries;
  }

  get modifiedCount(): number {
    return this.#edits.size;
  }

  get save(): SaveState {
    return this.#save;
  }

  /** Files that another tab changed while this one had changes of its own. */
  get conflicts(): readonly string[] {
    return [...this.#conflicts.keys()];
  }

  /** Whether the latest "back to the original" can be taken back. */
  get canUndoRevert(): boolean {
    return this.#undo !== null;
  }

  /** The file that another tab changed last, until dismissed. */
  get changedElsewhere(): string | null {
    return this.#external;
  }

  dismissChangedElsewhere(): void {
    this.#external = null;
  }

  text(path: string): string | null {
    return this.#sources[path] ?? null;
  }

  original(path: string): string | null {
    return this.#originals[path] ?? null;
  }

  isModified(path: string): boolean {
    return this.#edits.has(path);
  }

  /** Hears of every change of the sources; @returns the function that ends it. */
  onChange(listener: () => void): () => void {
    return this.#changes.add(listener);
  }

  /** Fetches the stored edits. Without storage the page works on, and says that it keeps nothing. */
  async load(): Promise<void> {
    const loaded = await this.#store.load();
    if (!loaded.ok) {
      if (loaded.error.kind === 'storage') {
        this.#save = { kind: 'failed', message: loaded.error.message };
      }
      return;
    }
    let edits = this.#edits;
    for (const [path, file] of loaded.value) {
      this.#revisions.set(path, file.revision);
      if (file.text === null || file.text === this.#originals[path]) continue;
      edits = withEntry(edits, path, file.text);
    }
    this.#replace(edits);
  }

  edit(path: string, text: string): void {
    if (this.text(path) === text) return;
    this.#undo = null;
    this.#set(path, text === this.#originals[path] ? null : text);
    this.#scheduleSave();
  }

  /** Back to the original; a file without one is removed. Can be undone. */
  revert(paths: readonly string[]): void {
    let undo = emptyMap<string, string>();
    for (const path of paths) {
      const text = this.#edits.get(path);
      if (text === undefined) continue;
      undo = withEntry(undo, path, text);
      this.#set(path, null);
    }
    if (undo.size === 0) return;
    this.#undo = undo;
    this.#scheduleSave();
  }

  revertAll(): void {
    this.revert([...this.#edits.keys()]);
  }

  undoRevert(): void {
    const undo = this.#undo;
    this.#undo = null;
    for (const [path, text] of undo ?? []) this.#set(path, text);
    this.#scheduleSave();
  }

  /** @returns why the file cannot be made, as a sentence, when it cannot. */
  add(path: string): Result<string, string> {
    const clean = path.trim().replace(/^asm\//, '');
    if (!PATH.test(clean)) {
      return err('A file name ends in .asm or .inc and has letters, digits, - and _ only.');
    }
    if (this.#sources[clean] !== undefined) return err(`${clean} is there already.`);
    this.#set(clean, '; SPDX-License-Identifier: GPL-2.0-or-later\n');
    this.#scheduleSave();
    return ok(clean);
  }

  /** Ends a conflict: keep this tab's text (and write over the other's), or take the other's. */
  resolveConflict(path: string, keep: 'mine' | 'theirs'): void {
    const theirs = this.#conflicts.get(path);
    if (!theirs) return;
    this.#conflicts = withoutKey(this.#conflicts, path);
    this.#revisions.set(path, theirs.revision);
    if (keep === 'theirs') {
      this.#unsaved.delete(path);
      this.#set(path, theirs.text, false);
    } else {
      this.#unsaved.add(path);
      this.#scheduleSave();
    }
  }

  /** Stores all that is not stored yet; call it before the page goes away. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#saving = this.#saving.then(() => this.#saveAll());
    return this.#saving;
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stopHearing();
    this.#changes.clear();
    this.#store.close();
  }

  #set(path: string, text: string | null, mine = true): void {
    if (mine) this.#unsaved.add(path);
    this.#replace(
      text === null ? withoutKey(this.#edits, path) : withEntry(this.#edits, path, text),
    );
  }

  #replace(edits: ReadonlyMap<string, string>): void {
    this.#edits = edits;
    this.#sources = { ...this.#originals, ...Object.fromEntries(edits) };
    this.#changes.tell(undefined);
  }

  #scheduleSave(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#save = { kind: 'saving' };
    this.#timer = setTimeout(() => void this.flush(), this.#saveDelay);
  }

  async #saveAll(): Promise<void> {
    let failure: string | null = null;
    for (const path of [...this.#unsaved]) {
      if (this.#conflicts.has(path)) continue;
      this.#unsaved.delete(path);
      const text = this.#edits.get(path) ?? null;
      const saved = await this.#store.save(path, text, this.#revisions.get(path) ?? 0);
      if (saved.ok) {
        this.#revisions.set(path, saved.value);
      } else if (saved.error.kind === 'conflict') {
        this.#clash(path, saved.error.theirs);
      } else {
        this.#unsaved.add(path);
        failure = saved.error.message;
      }
    }
    if (failure !== null) this.#save = { kind: 'failed', message: failure };
    else if (this.#timer === null) this.#save = { kind: 'saved' };
  }

  #clash(path: string, theirs: StoredFile): void {
    const mine = this.#edits.get(path) ?? null;
    if (mine === theirs.text) {
      this.#revisions.set(path, theirs.revision);
      return;
    }
    this.#unsaved.add(path);
    this.#conflicts = withEntry(this.#conflicts, path, theirs);
  }

  #hear(change: FileChange): void {
    const { path, text, revision } = change;
    if (revision <= (this.#revisions.get(path) ?? 0)) return;
    if (this.#unsaved.has(path) || this.#conflicts.has(path)) {
      this.#clash(path, { text, revision });
      return;
    }
    this.#revisions.set(path, revision);
    this.#external = path;
    this.#set(path, text === this.#originals[path] ? null : text, false);
  }
}
