// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The guest's standard input: whoever has bytes pushes them, the guest's read(0) takes them.
 * Nothing pushed is ever lost or reordered. What was taken can be kept, so that it can be taken
 * again (`rewind`).
 */
export class Stdin {
  readonly #chunks: Uint8Array[] = [];
  #offset = 0;
  #available = 0;
  #closed = false;
  #taken = 0;
  /** What was taken, as far back as `forget` allows; null when it is not kept. */
  #kept: Uint8Array[] | null = null;
  #wake: (() => void) | null = null;
  #onWanted: (() => void) | null = null;

  /** Bytes pushed and not yet read. */
  get available(): number {
    return this.#available;
  }

  /** No more will be pushed; reads find the end once `available` is 0. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** From now on what is taken is kept. */
  keep(): void {
    this.#kept ??= [];
  }

  /** Lets go of what was taken before the byte number `taken`. */
  forget(taken: number): void {
    const kept = this.#kept ?? [];
    let start = this.#taken - kept.reduce((sum, part) => sum + part.length, 0);
    while (kept[0] !== undefined && start + kept[0].length <= taken) {
      start += kept[0].length;
      kept.shift();
    }
  }

  /**
   * Goes to where `taken` bytes are taken, back or forth.
   * @throws RangeError when those bytes are not kept, or were never pushed.
   */
  rewind(taken: number): void {
    if (taken > this.#taken) {
      const n = this.read(new Uint8Array(taken - this.#taken));
      if (typeof n !== 'number' || taken !== this.#taken) throw new RangeError('no such input yet');
      return;
    }
    const first = this.#chunks[0];
    if (first !== undefined) this.#chunks[0] = first.subarray(this.#offset);
    this.#offset = 0;
    while (this.#taken > taken) {
      const part = this.#kept?.pop();
      if (part === undefined) throw new RangeError('this input is not kept');
      const keep = Math.max(0, part.length - (this.#taken - taken));
      if (keep > 0) this.#kept?.push(part.subarray(0, keep));
      this.#chunks.unshift(part.subarray(keep));
      this.#taken -= part.length - keep;
      this.#available += part.length - keep;
    }
  }

  /** Sets the one listener that is told each time a read has to wait, so that input can be pulled. */
  onWanted(listener: () => void): void {
    this.#onWanted = listener;
  }

  /** The bytes are copied. After `close` they are ignored, as a closed pipe would. */
  push(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    this.#chunks.push(bytes.slice());
    this.#available += bytes.length;
    this.#wakeUp();
  }

  close(): void {
    this.#closed = true;
    this.#wakeUp();
  }

  /**
   * Takes up to `into.length` bytes.
   * @returns the number taken; 0 at the end; a promise to ask again when there is nothing yet.
   */
  read(into: Uint8Array): number | Promise<void> {
    const first = this.#chunks[0];
    if (first === undefined) return this.#closed ? 0 : this.#wait();
    let taken = 0;
    while (taken < into.length) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(this.#offset, this.#offset + into.length - taken);
      into.set(part, taken);
      this.#kept?.push(part.slice());
      taken += part.length;
      this.#offset += part.length;
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    this.#available -= taken;
    this.#taken += taken;
    return taken;
  }

  #wait(): Promise<void> {
    const waiting = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#onWanted?.();
    return waiting;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
