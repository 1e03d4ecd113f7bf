// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The data sets and weights among the guest's files: the embedded digits, MNIST on request, and
 * the weights that come with the page. Everything is checked before it is stored, uncompressed,
 * under the path where the programs look for it.
 */
import { IDX_FILES, parseIdx } from '../nn/idx.ts';
import type { IdxFileName } from '../nn/idx.ts';
import { err, ok } from '../shared/result.ts';
import type { Result } from '../shared/result.ts';
import { fetchBytes } from './fetch-bytes.ts';
import type { Fetch } from './fetch-bytes.ts';
import { LARGEST_IDX, mnistFromFiles, mnistProblem, unpack } from './mnist-files.ts';
import type { GivenFile, MnistSet } from './mnist-files.ts';

/** The guest's files, as far as data sets need them; paths like `data/mnist/NAME`. */
export interface DataStore {
  read(path: string): Promise<Uint8Array | null>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  list(): Promise<readonly string[]>;
}

export type DataSetName = 'digits' | 'mnist';

export interface LoadProgress {
  readonly file: IdxFileName;
  /** 0 … 3: how many of the four files are complete. */
  readonly done: number;
  /** Bytes of this file so far, and all of them if the server said how many. */
  readonly received: number;
  readonly total: number | null;
  /** Where it comes from, for people. */
  readonly source: string;
}

export type LoadError =
  | { readonly kind: 'aborted' }
  /** `message` says what to do; the remedy is to give the files by hand. */
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'bad-files'; readonly message: string }
  | { readonly kind: 'storage'; readonly message: string };

export interface LoadMnist {
  /** The network, or files dropped by hand: gzipped or not, told apart by what is in them. */
  readonly from: 'network' | readonly GivenFile[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/** The mirrors in common use, tried in this order after the page's own server. */
export const MNIST_MIRRORS = [
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
] as const;

const DIGIT_SUMS = 'data/digits/SHA256SUMS';
/** Bytes of the weights that come with the page, by program. */
const WEIGHTS: Readonly<Record<string, number>> = {
  /** 784-32-10 in double precision. */
  sigmoid: 203_600,
  /** 784-128-64-10 in single precision. */
  relu: 437_544,
};
const BY_HAND =
  'Download the four MNIST files (train-images-idx3-ubyte.gz and its three companions) ' +
  'by hand and drop them here, all together.';

export function dataPath(set: DataSetName, name: IdxFileName): string {
  return `data/${set}/${name}`;
}

export class DataSets {
  readonly #store: DataStore;
  readonly #fetch: Fetch;
  readonly #base: string;

  /** @param base the page's address, against which `data/…` is resolved */
  constructor(store: DataStore, base: string, fetcher: Fetch = (url, init) => fetch(url, init)) {
    this.#store = store;
    this.#base = base;
    this.#fetch = fetcher;
  }

  /** Whether all four files of a set are there. */
  async has(set: DataSetName): Promise<boolean> {
    const paths = new Set(await this.#store.list());
    return IDX_FILES.every((name) => paths.has(dataPath(set, name)));
  }

  /**
   * Puts the embedded digits there, unless they are there in the page's version.
   * The error is a sentence for people.
   */
  async ensureDigits(): Promise<Result<null, string>> {
    const complete = await this.has('digits');
    const sums = await fetchBytes(this.#fetch, new URL(DIGIT_SUMS, this.#base), {});
    if (complete) {
      if (!sums.ok) return ok(null);
      const stored = await this.#store.read(DIGIT_SUMS);
      if (stored !== null && sameBytes(stored, sums.value)) return ok(null);
    }
    const files: [string, Uint8Array][] = [];
    for (const name of IDX_FILES) {
      const path = dataPath('digits', name);
      const packed = await fetchBytes(this.#fetch, new URL(`${path}.gz`, this.#base), {});
      if (!packed.ok) return err(`The embedded digits could not be loaded: ${packed.error}`);
      const bytes = await unpack(packed.value);
      const parsed = bytes.ok ? parseIdx(bytes.value) : bytes;
      if (!bytes.ok || !parsed.ok) {
        return err(
          `The embedded digits are damaged: ${name}: ${parsed.ok ? 'not gzip data' : parsed.error}`,
        );
      }
      files.push([path, bytes.value]);
    }
    // The sums last: they vouch for the rest.
    if (sums.ok) files.push([DIGIT_SUMS, sums.value]);
    return this.#writeAll(files);
  }

  /**
   * Puts the page's weights of a program there if no weights are; a trained file is never
   * overwritten, and a program that the page has no weights for needs none.
   */
  async ensureWeights(program = 'sigmoid'): Promise<Result<null, string>> {
    const size = WEIGHTS[program];
    const path = `data/weights/${program}.bin`;
    if (size === undefined || (await this.#store.list()).includes(path)) return ok(null);
    const weights = await fetchBytes(this.#fetch, new URL(path, this.#base), {});
    if (!weights.ok) return err(`The trained weights could not be loaded: ${weights.error}`);
    if (weights.value.length !== size) {
      return err(`The trained weights have ${weights.value.length} bytes, not ${size}.`);
    }
    return this.#writeAll([[path, weights.value]]);
  }

  /** Loads MNIST, checks all of it, then stores it: all four files or, on an error, none. */
  async loadMnist(request: LoadMnist): Promise<Result<null, LoadError>> {
    const { from, signal } = request;
    const set = from === 'network' ? await this.#download(request) : await mnistFromFiles(from);
    if (signal?.aborted === true) return err({ kind: 'aborted' });
    if (!set.ok) return set;
    const written = await this.#writeAll(
      [...set.value].map(([name, bytes]) => [dataPath('mnist', name), bytes] as const),
    );
    if (written.ok) return written;
    await this.removeMnist();
    return err({ kind: 'storage', message: written.error });
  }

  async removeMnist(): Promise<void> {
    for (const name of IDX_FILES) await this.#store.remove(dataPath('mnist', name));
  }

  async #download(request: LoadMnist): Promise<Result<MnistSet, LoadError>> {
    const set = new Map<IdxFileName, Uint8Array>();
    const sources = this.#sources();
    const failures: string[] = [];
    for (const name of IDX_FILES) {
      let bytes: Uint8Array | null = null;
      while (bytes === null) {
        const source = sources[0];
        if (source === undefined) {
          const tried = failures.join('; ');
          const message = `MNIST could not be downloaded (${tried}). ${BY_HAND}`;
          return err({ kind: 'unreachable', message });
        }
        const loaded = await this.#downloadOne(name, set.size, source, request);
        if (request.signal?.aborted === true) return err({ kind: 'aborted' });
        if (loaded.ok) {
          bytes = loaded.value;
        } else {
          // What fails once is not asked again for the files that follow.
          failures.push(`${source.label}: ${loaded.error}`);
          sources.shift();
        }
      }
      set.set(name, bytes);
    }
    return ok(set);
  }

  #sources(): Source[] {
    const local = new URL('data/mnist/', this.#base).href;
    return [
      { url: local, suffix: '', label: "the page's server" },
      { url: local, suffix: '.gz', label: "the page's server, packed" },
      ...MNIST_MIRRORS.map((url) => ({ url, suffix: '.gz' as const, label: new URL(url).host })),
    ];
  }

  async #downloadOne(
    name: IdxFileName,
    done: number,
    source: Source,
    { signal, onProgress }: LoadMnist,
  ): Promise<Result<Uint8Array, string>> {
    const fetched = await fetchBytes(this.#fetch, new URL(name + source.suffix, source.url), {
      limit: LARGEST_IDX,
      ...(signal === undefined ? {} : { signal }),
      onProgress: (received, total) =>
        onProgress?.({ file: name, done, received, total, source: source.label }),
    });
    if (!fetched.ok) return fetched;
    const bytes = await unpack(fetched.value);
    if (!bytes.ok) return err(`${name}: ${bytes.error}`);
    const problem = mnistProblem(name, bytes.value);
    return problem === null ? bytes : err(`${name}: ${problem}`);
  }

  async #writeAll(
    files: readonly (readonly [path: string, bytes: Uint8Array])[],
  ): Promise<Result<null, string>> {
    try {
      for (const [path, bytes] of files) await this.#store.write(path, bytes);
      return ok(null);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return err(`The browser's storage did not take the files: ${why}`);
    }
  }
}

interface Source {
  readonly url: string;
  readonly suffix: '' | '.gz';
  readonly label: string;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
