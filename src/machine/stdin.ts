// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The guest's standard input: whoever has bytes pushes them, the guest's read(0) takes them.
 * Nothing pushed is ever lost or reordered.
 */
export class Stdin {
  readonly #chunks: Uint8Array[] = [];
  #offset = 0;
  #available = 0;
  #closed = false;
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
      taken += part.length;
      this.#offset += part.length;
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    this.#available -= taken;
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
