// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * A file that a WASI program writes. The shim's own grows by just what each write brings and copies
 * all of it every time, which for a file of many small writes is most of the work.
 */
import { File, OpenFile, wasi } from '@bjorn3/browser_wasi_shim';

/** Room of a new file, in bytes; doubled when it is used up. */
const FIRST_ROOM = 1 << 16;

export class OutputFile extends File {
  #room = new Uint8Array(FIRST_ROOM);
  #size = 0;
  #opened = false;

  constructor() {
    super(new Uint8Array(0));
  }

  /** What has been written, a view; null when the file was never opened. */
  written(): Uint8Array<ArrayBuffer> | null {
    return this.#opened ? this.#room.subarray(0, this.#size) : null;
  }

  override get size(): bigint {
    return BigInt(this.#size);
  }

  override path_open(
    flags: number,
    _rights: bigint,
    fdFlags: number,
  ): { ret: number; fd_obj: OpenFile } {
    this.#opened = true;
    if (flags & wasi.OFLAGS_TRUNC) this.#size = 0;
    const file = new OpenOutput(this);
    if (fdFlags & wasi.FDFLAGS_APPEND) file.fd_seek(0n, wasi.WHENCE_END);
    return { ret: wasi.ERRNO_SUCCESS, fd_obj: file };
  }

  /** Writes at an offset, behind the end too. */
  put(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length;
    if (end > this.#room.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#room.length));
      larger.set(this.#room.subarray(0, this.#size));
      this.#room = larger;
    }
    this.#room.fill(0, this.#size, Math.max(this.#size, offset));
    this.#room.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
  }

  take(offset: number, count: number): Uint8Array {
    return this.#room.slice(offset, Math.min(offset + count, this.#size));
  }
}

class OpenOutput extends OpenFile {
  readonly #file: OutputFile;

  constructor(file: OutputFile) {
    super(file);
    this.#file = file;
  }

  override fd_write(data: Uint8Array): { ret: number; nwritten: number } {
    this.#file.put(data, Number(this.file_pos));
    this.file_pos += BigInt(data.length);
    return { ret: wasi.ERRNO_SUCCESS, nwritten: data.length };
  }

  override fd_read(size: number): { ret: number; data: Uint8Array } {
    const data = this.#file.take(Number(this.file_pos), size);
    this.file_pos += BigInt(data.length);
    return { ret: wasi.ERRNO_SUCCESS, data };
  }

  override fd_seek(offset: bigint, whence: number): { ret: number; offset: bigint } {
    const end = this.#file.size;
    const from = whence === wasi.WHENCE_SET ? 0n : whence === wasi.WHENCE_CUR ? this.file_pos : end;
    const to = from + offset;
    if (to < 0n) return { ret: wasi.ERRNO_INVAL, offset: 0n };
    this.file_pos = to;
    return { ret: wasi.ERRNO_SUCCESS, offset: to };
  }
}
