// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The guest's files as the page manages them: the embedded digits and weights put in place at the
 * start, MNIST on request, whatever the programs wrote, and files of one's own.
 */
import { IMAGE_BYTES } from '../nn/canvas.ts';
import { parseIdxImages, parseIdxLabels } from '../nn/idx.ts';
import { err, ok, type Result } from '../shared/result.ts';
import {
  DataSets,
  dataPath,
  type DataSetName,
  type LoadMnist,
  type LoadProgress,
} from '../storage/datasets.ts';
import type { GuestFileInfo } from '../storage/guest-files.ts';
import { storageMessage } from '../storage/projects.ts';

/** The part of `GuestFileStore` that is used here. */
export interface FileStore {
  list(): Promise<GuestFileInfo[]>;
  read(path: string): Promise<Uint8Array<ArrayBuffer> | null>;
  write(path: string, data: Uint8Array | Blob): Promise<Result<null, string>>;
  remove(path: string): Promise<boolean>;
  onChange(listener: (paths: readonly string[]) => void): () => void;
  close(): void;
}

export interface DatasetsOptions {
  readonly openStore: () => Promise<Result<FileStore, string>>;
  /** The page's address, against which `data/…` is resolved. */
  readonly base: string;
  readonly fetch?: ConstructorParameters<typeof DataSets>[2];
  /** Bytes used by this page and granted to it; `navigator.storage.estimate`. */
  readonly estimate?: () => Promise<{ readonly usage?: number; readonly quota?: number }>;
  readonly random?: () => number;
}

export type MnistStatus =
  | { readonly kind: 'absent' }
  | { readonly kind: 'loading'; readonly progress: LoadProgress | null }
  | { readonly kind: 'present' }
  | { readonly kind: 'failed'; readonly message: string };

/** One digit of the embedded test set. */
export interface SampleDigit {
  /** Its number in the set. */
  readonly index: number;
  readonly label: number;
  /** 28 × 28 bytes. */
  readonly image: Uint8Array;
}

export class DatasetsState {
  readonly #options: DatasetsOptions;
  #store: FileStore | null = null;
  #sets: DataSets | null = null;
  #stopHearing: () => void = () => undefined;
  #abort: AbortController | null = null;
  #files = $state.raw<readonly GuestFileInfo[]>([]);
  #mnist = $state.raw<MnistStatus>({ kind: 'absent' });
  #problem = $state<string | null>(null);
  #ready = $state(false);
  #usage = $state.raw<{ usage: number; quota: number } | null>(null);
  #samples = $state.raw<readonly SampleDigit[]>([]);
  #settleWeights: () => void = () => undefined;
  /** Settles when the weights are in place, or cannot be: long before the digits are. */
  readonly weightsInPlace = new Promise<void>((resolve) => (this.#settleWeights = resolve));
  #test: { images: Uint8Array; labels: Uint8Array } | null = null;

  constructor(options: DatasetsOptions) {
    this.#options = options;
  }

  /** By path. */
  get files(): readonly GuestFileInfo[] {
    return this.#files;
  }

  get mnist(): MnistStatus {
    return this.#mnist;
  }

  /** What went wrong with the storage or the embedded data, as a sentence; or null. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Whether the embedded weights and digits are in place. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Bytes; null when the browser does not say. */
  get usage(): { readonly usage: number; readonly quota: number } | null {
    return this.#usage;
  }

  /** Ten digits of the embedded test set, one of each kind. */
  get samples(): readonly SampleDigit[] {
    return this.#samples;
  }

  has(path: string): boolean {
    return this.#files.some((file) => file.path === path);
  }

  /** Milliseconds since 1970 of the file's last change; 0 when there is none. */
  modified(path: string): number {
    return this.#files.find((file) => file.path === path)?.modified ?? 0;
  }

  /**
   * Opens the store and puts the embedded files in place; the weights first.
   * @param program whose weights are wanted
   */
  async start(program = 'sigmoid'): Promise<void> {
    this.#problem = null;
    const opened = await this.#options.openStore();
    if (!opened.ok) {
      this.#problem = opened.error;
      this.#settleWeights();
      return;
    }
    const store = opened.value;
    this.#store = store;
    this.#stopHearing = store.onChange(() => void this.refresh().catch(() => undefined));
    this.#sets = new DataSets(adapter(store), this.#options.base, this.#options.fetch);
    try {
      await this.#embed(this.#sets, program);
    } catch (error) {
      // The database was closed under us: the page goes away, or site data was cleared.
      if (this.#store === store) this.#problem = storageMessage(error);
      this.#settleWeights();
    }
  }

  async #embed(sets: DataSets, program: string): Promise<void> {
    const weights = await sets.ensureWeights(program);
    if (!weights.ok) this.#problem = weights.error;
    await this.refresh();
    this.#settleWeights();
    const digits = await sets.ensureDigits();
    if (!digits.ok) this.#problem ??= digits.error;
    if (await sets.has('mnist')) this.#mnist = { kind: 'present' };
    await this.refresh();
    this.#ready = true;
    await this.moreSamples();
  }

  /** Puts the weights of another program in place. */
  async ensureWeights(program: string): Promise<void> {
    const done = await this.#sets?.ensureWeights(program);
    if (done?.ok === false) this.#problem = done.error;
    await this.refresh();
  }

  async refresh(): Promise<void> {
    if (!this.#store) return;
    this.#files = await this.#store.list();
    const told = await this.#options.estimate?.().catch(() => null);
    if (told?.usage !== undefined && told.quota !== undefined) {
      this.#usage = { usage: told.usage, quota: told.quota };
    }
  }

  async loadMnist(from: LoadMnist['from'] = 'network'): Promise<void> {
    if (!this.#sets || this.#mnist.kind === 'loading') return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#mnist = { kind: 'loading', progress: null };
    const loaded = await this.#sets.loadMnist({
      from,
      signal: abort.signal,
      onProgress: (progress) => {
        if (this.#mnist.kind === 'loading') this.#mnist = { kind: 'loading', progress };
      },
    });
    this.#abort = null;
    if (loaded.ok) this.#mnist = { kind: 'present' };
    else if (loaded.error.kind === 'aborted') this.#mnist = { kind: 'absent' };
    else this.#mnist = { kind: 'failed', message: loaded.error.message };
    await this.refresh();
  }

  cancelMnist(): void {
    this.#abort?.abort();
  }

  async removeMnist(): Promise<void> {
    await this.#sets?.removeMnist();
    this.#mnist = { kind: 'absent' };
    await this.refresh();
  }

  /** @returns the bytes of a guest file, or null when it is gone. */
  async read(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return (await this.#store?.read(path)) ?? null;
  }

  async remove(path: string): Promise<void> {
    await this.#store?.remove(path);
    if (path.startsWith('data/mnist/')) this.#mnist = { kind: 'absent' };
    await this.refresh();
  }

  /** Puts a file of one's own in place. @returns why not, as a sentence, or null. */
  async upload(path: string, data: Blob): Promise<string | null> {
    if (!this.#store) return 'The file storage is not open.';
    const written = await this.#store.write(path, data);
    await this.refresh();
    return written.ok ? null : written.error;
  }

  /** Draws ten other digits, one of each kind. */
  async moreSamples(): Promise<void> {
    this.#test ??= await this.#loadTest();
    if (!this.#test) return;
    const { images, labels } = this.#test;
    const random = this.#options.random ?? Math.random;
    const samples: SampleDigit[] = [];
    for (let digit = 0; digit <= 9; digit++) {
      const all = [...labels.keys()].filter((i) => labels[i] === digit);
      const index = all[Math.floor(random() * all.length)];
      if (index === undefined) continue;
      const image = images.slice(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES);
      samples.push({ index, label: digit, image });
    }
    this.#samples = samples;
  }

  dispose(): void {
    this.#abort?.abort();
    this.#stopHearing();
    this.#store?.close();
    this.#store = null;
  }

  async #loadTest(): Promise<{ images: Uint8Array; labels: Uint8Array } | null> {
    const images = await this.#parsed('digits', 't10k-images-idx3-ubyte');
    const labels = await this.read(dataPath('digits', 't10k-labels-idx1-ubyte'));
    const parsed = labels ? parseIdxLabels(labels) : err('missing');
    return images && parsed.ok ? { images, labels: parsed.value.labels } : null;
  }

  async #parsed(
    set: DataSetName,
    name: 't10k-images-idx3-ubyte' | 'train-images-idx3-ubyte',
  ): Promise<Uint8Array | null> {
    const bytes = await this.read(dataPath(set, name));
    const parsed = bytes ? parseIdxImages(bytes) : err('missing');
    if (!parsed.ok || parsed.value.rows * parsed.value.columns !== IMAGE_BYTES) return null;
    return parsed.value.pixels;
  }
}

/** The store as `DataSets` wants it: paths only, and failures thrown. */
function adapter(store: FileStore): ConstructorParameters<typeof DataSets>[0] {
  return {
    read: (path) => store.read(path),
    write: async (path, bytes) => {
      const written = await store.write(path, bytes);
      if (!written.ok) throw new Error(written.error);
    },
    remove: async (path) => {
      await store.remove(path);
    },
    list: async () => (await store.list()).map((file) => file.path),
  };
}

/** A size for people: `203.6 kB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1000).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A path for an uploaded file: as typed, or its name under `data/`. */
export function uploadPath(name: string): Result<string, string> {
  const clean = name.trim().replace(/^\.?\/+/, '');
  if (clean === '') return err('The file needs a name.');
  return ok(clean.includes('/') ? clean : `data/${clean}`);
}
