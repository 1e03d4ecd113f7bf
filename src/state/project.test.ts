// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AssembleRequest, AssembleResult } from '../protocol/assembler.ts';
import type { DebugInfo } from '../protocol/debug-info.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { FileChange, ProjectStore, SaveFailure, StoredFile } from '../storage/projects.ts';
import { ProjectState } from './project.svelte.ts';
import { memoryStore, type Store } from './store.ts';

const ORIGINALS = { 'sigmoid.asm': 'start:\n  nop\n', 'math/exp.asm': 'exp:\n  ret\n' };

/** An assembler whose code is one byte for each line with an instruction. */
class FakeAssembler {
  readonly requests: AssembleRequest[] = [];

  async assemble(request: AssembleRequest): Promise<AssembleResult> {
    this.requests.push(request);
    await Promise.resolve();
    const text = String(request.sources[request.main]);
    const lines = text.split('\n');
    const bad = lines.findIndex((l) => l.includes('bogus'));
    if (bad >= 0) {
      const diagnostic = {
        file: request.main,
        line: bad + 1,
        severity: 'error',
        text: 'no such instruction',
      } as const;
      return { ok: false, diagnostics: [diagnostic], ms: 1 };
    }
    return { ok: true, ...made(text), diagnostics: [], ms: 2 };
  }
}

function made(text: string): { image: Uint8Array<ArrayBuffer>; debug: DebugInfo } {
  const lines: number[] = [];
  let address = 0x1000;
  text.split('\n').forEach((line, i) => {
    if (/^\s+\w/.test(line)) lines.push(address++, 1, 0, i + 1);
  });
  return {
    image: new TextEncoder().encode(text),
    debug: {
      version: 1,
      sha256: text,
      entry: 0x1000,
      files: ['sigmoid.asm'],
      lines,
      sections: [{ name: '.text', start: 0x1000, size: 0x100 }],
      symbols: [],
      tensors: [],
      events: [],
    } as unknown as DebugInfo,
  };
}

/** One database shared by the stores of several tabs. */
class FakeDb {
  readonly files = new Map<string, StoredFile>();
  readonly tabs = new Set<FakeStore>();
  full = false;
}

class FakeStore implements ProjectStore {
  readonly listeners = new Set<(change: FileChange) => void>();
  /** While true, broadcasts to this tab are lost, as to a tab that sleeps. */
  deaf = false;
  readonly #db: FakeDb;

  constructor(db: FakeDb) {
    this.#db = db;
    db.tabs.add(this);
  }

  load(): Promise<Result<ReadonlyMap<string, StoredFile>, SaveFailure>> {
    if (this.#db.full) return Promise.resolve(err({ kind: 'storage', message: 'refused' }));
    return Promise.resolve(ok(new Map(this.#db.files)));
  }

  save(path: string, text: string | null, basedOn: number): Promise<Result<number, SaveFailure>> {
    if (this.#db.full) return Promise.resolve(err({ kind: 'storage', message: 'no room' }));
    const there: StoredFile = this.#db.files.get(path) ?? { text: null, revision: 0 };
    if (there.revision !== basedOn) {
      return Promise.resolve(err({ kind: 'conflict', theirs: there }));
    }
    const revision = basedOn + 1;
    this.#db.files.set(path, { text, revision });
    for (const tab of this.#db.tabs) {
      if (tab === this || tab.deaf) continue;
      for (const listener of tab.listeners) listener({ path, text, revision });
    }
    return Promise.resolve(ok(revision));
  }

  onChange(listener: (change: FileChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.listeners.clear();
  }
}

let db: FakeDb;
let assembler: FakeAssembler;
const open: ProjectState[] = [];

function project(
  store: Store = memoryStore(),
  edits: ProjectStore = new FakeStore(db),
): ProjectState {
  const state = new ProjectState({
    originals: ORIGINALS,
    assembler,
    edits,
    store,
    prebuilt: () => Promise.resolve(made(ORIGINALS['sigmoid.asm'])),
  });
  open.push(state);
  return state;
}

beforeEach(() => {
  vi.useFakeTimers();
  db = new FakeDb();
  assembler = new FakeAssembler();
});

afterEach(() => {
  for (const state of open.splice(0)) state.dispose();
  vi.useRealTimers();
});

describe('building', () => {
  it('begins with the image of the page when nothing is edited', async () => {
    const p = project();
    await p.load();
    expect(p.build.program?.origin).toBe('page');
    expect(assembler.requests).toHaveLength(0);
    expect(await p.build.assembleNow()).toBe(p.build.program);
    expect(assembler.requests).toHaveLength(0);
  });

  it('assembles once after typing rests', async () => {
    const p = project();
    await p.load();
    p.files.edit('sigmoid.asm', 'start:\n  ret');
    await vi.advanceTimersByTimeAsync(200);
    p.files.edit('sigmoid.asm', 'start:\n  ret\n');
    await vi.advanceTimersByTimeAsync(299);
    expect(assembler.requests).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(assembler.requests).toHaveLength(1);
    expect(p.build.status).toEqual({ kind: 'good', ms: 2 });
    expect(p.build.program?.origin).toBe('assembled');
  });

  it('keeps the last good program through an error, and says where the error is', async () => {
    const p = project();
    await p.load();
    p.files.edit('sigmoid.asm', 'start:\n  ret\n');
    const good = await p.build.assembleNow();
    p.files.edit('sigmoid.asm', 'start:\n  bogus\n');
    expect(await p.build.assembleNow()).toBeNull();
    expect(p.build.program).toBe(good);
    expect(p.build.errors).toBe(1);
    expect(p.build.diagnostics[0]).toMatchObject({ file: 'sigmoid.asm', line: 2 });
  });

  it('assembles again when the text changed during an assembly', async () => {
    const p = project();
    await p.load();
    p.files.edit('sigmoid.asm', 'start:\n  ret\n');
    const first = p.build.assembleNow();
    p.files.edit('sigmoid.asm', 'start:\n  nop\n  ret\n');
    await first;
    expect(assembler.requests).toHaveLength(2);
    expect(p.build.program?.sources['sigmoid.asm']).toBe('start:\n  nop\n  ret\n');
  });

  it('falls back to the image of the page when stored edits do not assemble', async () => {
    db.files.set('sigmoid.asm', { text: '  bogus\n', revision: 3 });
    const p = project();
    await p.load();
    expect(p.build.status.kind).toBe('bad');
    expect(p.build.program?.origin).toBe('page');
  });
});

describe('edits', () => {
  it('are stored after a rest and come back with the next session', async () => {
    const p = project();
    await p.load();
    p.files.edit('math/exp.asm', 'exp:\n  nop\n');
    expect(p.files.save.kind).toBe('saving');
    await vi.advanceTimersByTimeAsync(400);
    expect(p.files.save.kind).toBe('saved');
    const again = project();
    await again.load();
    expect(again.files.text('math/exp.asm')).toBe('exp:\n  nop\n');
    expect(again.files.entries.find((f) => f.path === 'math/exp.asm')?.modified).toBe(true);
  });

  it('that equal the original are no edits', async () => {
    const p = project();
    await p.load();
    p.files.edit('math/exp.asm', 'x');
    p.files.edit('math/exp.asm', ORIGINALS['math/exp.asm']);
    expect(p.files.modifiedCount).toBe(0);
  });

  it('go back to the original for all, and forward again', async () => {
    const p = project();
    await p.load();
    p.files.edit('math/exp.asm', 'x');
    p.files.edit('sigmoid.asm', 'y');
    p.files.revertAll();
    expect(p.files.sources).toEqual(ORIGINALS);
    expect(p.files.canUndoRevert).toBe(true);
    p.files.undoRevert();
    expect(p.files.text('math/exp.asm')).toBe('x');
    expect(p.files.text('sigmoid.asm')).toBe('y');
    await p.files.flush();
    expect(db.files.get('sigmoid.asm')?.text).toBe('y');
  });

  it('say so when they cannot be stored, and are stored when they can', async () => {
    const p = project();
    await p.load();
    db.full = true;
    p.files.edit('sigmoid.asm', 'y');
    await p.files.flush();
    expect(p.files.save).toEqual({ kind: 'failed', message: 'no room' });
    db.full = false;
    await p.files.flush();
    expect(p.files.save).toEqual({ kind: 'saved' });
    expect(db.files.get('sigmoid.asm')?.text).toBe('y');
  });

  it('make new files, with sensible names only', async () => {
    const p = project();
    await p.load();
    expect(p.files.add('my/kernel.asm')).toEqual({ ok: true, value: 'my/kernel.asm' });
    expect(p.files.entries.find((f) => f.path === 'my/kernel.asm')?.added).toBe(true);
    for (const bad of ['../x.asm', 'x.txt', '/x.asm', 'sigmoid.asm', '', 'a/../b.asm']) {
      expect(p.files.add(bad).ok, bad).toBe(false);
    }
  });
});

describe('two tabs', () => {
  it('follow each other while only one writes', async () => {
    const [a, b] = [project(), project()];
    await a.load();
    await b.load();
    a.files.edit('sigmoid.asm', 'from a');
    await a.files.flush();
    expect(b.files.text('sigmoid.asm')).toBe('from a');
    expect(b.files.changedElsewhere).toBe('sigmoid.asm');
    b.files.edit('sigmoid.asm', 'from b');
    await b.files.flush();
    expect(a.files.text('sigmoid.asm')).toBe('from b');
    expect(a.files.conflicts).toEqual([]);
  });

  it('are told of a clash, and nothing is overwritten until one decides', async () => {
    const [a, b] = [project(), project()];
    await a.load();
    await b.load();
    b.files.edit('sigmoid.asm', 'from b');
    a.files.edit('sigmoid.asm', 'from a');
    await a.files.flush();
    await b.files.flush();
    expect(b.files.conflicts).toEqual(['sigmoid.asm']);
    expect(b.files.text('sigmoid.asm')).toBe('from b');
    expect(db.files.get('sigmoid.asm')?.text).toBe('from a');
    b.files.resolveConflict('sigmoid.asm', 'mine');
    await b.files.flush();
    expect(db.files.get('sigmoid.asm')?.text).toBe('from b');
    expect(a.files.text('sigmoid.asm')).toBe('from b');
  });

  it('may take the other text', async () => {
    const store = new FakeStore(db);
    const [a, b] = [project(), project(memoryStore(), store)];
    await a.load();
    await b.load();
    store.deaf = true;
    a.files.edit('sigmoid.asm', 'from a');
    await a.files.flush();
    b.files.edit('sigmoid.asm', 'from b');
    await b.files.flush();
    expect(b.files.conflicts).toEqual(['sigmoid.asm']);
    b.files.resolveConflict('sigmoid.asm', 'theirs');
    await b.files.flush();
    expect(b.files.text('sigmoid.asm')).toBe('from a');
    expect(db.files.get('sigmoid.asm')).toEqual({ text: 'from a', revision: 1 });
  });
});

describe('breakpoints', () => {
  it('snap to the next line that has code and resolve to its address', async () => {
    const p = project();
    await p.load();
    expect(p.breakpoints.toggle('sigmoid.asm', 1)).toBe(2);
    expect(p.breakpoints.all).toMatchObject([{ address: 0x1000 }]);
    expect(p.breakpoints.toggle('sigmoid.asm', 2)).toBe(2);
    expect(p.breakpoints.all).toEqual([]);
    expect(p.breakpoints.toggle('sigmoid.asm', 3)).toBeNull();
  });

  it('follow their line through an edit and resolve anew', async () => {
    const p = project();
    await p.load();
    p.breakpoints.toggle('sigmoid.asm', 2);
    p.files.edit('sigmoid.asm', 'start:\n  add\n  nop\n');
    p.breakpoints.move('sigmoid.asm', [3]);
    await p.build.assembleNow();
    expect(p.breakpoints.all).toMatchObject([{ address: 0x1001 }]);
  });

  it('are kept, and one whose line lost its code stays without an address', async () => {
    const store = memoryStore();
    const p = project(store);
    await p.load();
    p.breakpoints.toggle('sigmoid.asm', 2);
    p.files.edit('sigmoid.asm', 'start:\n; nothing\n  nop\n');
    await p.build.assembleNow();
    expect(p.breakpoints.all).toMatchObject([{ file: 'sigmoid.asm', line: 2, address: null }]);
    const again = project(store);
    expect(again.breakpoints.inFile('sigmoid.asm')).toEqual([2]);
  });
});
