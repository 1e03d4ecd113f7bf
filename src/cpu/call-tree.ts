// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Instructions by path of calls. Engines tell of every call and return, and the instruction number
 * at which it happened; all instructions in between belong to the path that was current.
 *
 * A frame is known by where its return address lies: it is gone as soon as rsp is above that. So
 * what unwinds the stack by itself, or was never called, does no lasting harm.
 */

/** One path of calls, the last of which went to `address`. */
export interface CallNode {
  readonly address: number;
  readonly parent: CallNode | null;
  readonly children: Map<number, CallNode>;
  readonly depth: number;
  /** How often the last call of the path was made. */
  calls: number;
  /** Instructions executed on this very path, not in what it called. */
  self: number;
}

/** Deeper calls, and further paths, are counted in what called them. */
const MOST_DEPTH = 250;
const MOST_NODES = 50_000;
/** Frames that are remembered; far more than a stack of 8 MiB holds without a program's own fault. */
const MOST_FRAMES = 2 ** 20;

export class CallTree {
  /** The code outside of all calls seen; its address is where counting began. */
  root: CallNode | null = null;
  #counting = true;
  #current: CallNode | null = null;
  #nodes = 0;
  /** Where the return address of each open frame lies, outermost first, and its node. */
  #slots: number[] = [];
  #frames: CallNode[] = [];
  /** Instruction number up to which everything has been attributed. */
  #until = 0;
  /** What was open when counting was interrupted, and at which instruction number. */
  #left: { at: number; node: CallNode | null; slots: number[]; frames: CallNode[] } | null = null;

  /**
   * Whether costs and calls are counted; frames are followed in any case. To be cleared and set
   * between stretches. When the program stands again where counting was interrupted, all is as it
   * was; elsewhere it goes on with the frames that are known to be open there.
   */
  get counting(): boolean {
    return this.#counting;
  }

  set counting(counting: boolean) {
    if (counting === this.#counting) return;
    this.#counting = counting;
    if (counting) return; // `begin` looks where that is
    const [slots, frames] = [[...this.#slots], [...this.#frames]];
    this.#left = { at: this.#until, node: this.#current, slots, frames };
  }

  /** A stretch of execution begins at instruction number `now`, at `rip`. */
  begin(now: number, rip: number): void {
    const left = this.#left;
    if (this.#counting && left) {
      this.#left = null;
      if (left.at === now) {
        this.#current = left.node;
        this.#slots = left.slots;
        this.#frames = left.frames;
      }
    }
    this.#current ??= this.root = this.#node(rip, null);
    this.#until = now;
  }

  /** All up to `now` has been executed. */
  settle(now: number): void {
    if (this.#current && this.#counting) this.#current.self += now - this.#until;
    this.#until = now;
  }

  /** A call to `target` has been executed; the return address lies at `rsp`. */
  called(now: number, target: number, rsp: number): void {
    this.settle(now);
    // what lies below this return address has been overwritten, or will be
    while (this.#slots.length > 0 && (this.#slots.at(-1) ?? 0) <= rsp) this.#leave();
    if (this.#slots.length >= MOST_FRAMES || !this.#current) return;
    const node = this.#childOf(this.#current, target);
    if (this.#counting && node !== this.#current) node.calls++;
    this.#slots.push(rsp);
    this.#frames.push(this.#current);
    this.#current = node;
  }

  /** A return has been executed; rsp is above its return address. */
  returned(now: number, rsp: number): void {
    this.settle(now);
    while (this.#slots.length > 0 && (this.#slots.at(-1) ?? 0) < rsp) this.#leave();
  }

  #leave(): void {
    this.#slots.pop();
    this.#current = this.#frames.pop() ?? this.#current;
  }

  #childOf(node: CallNode, target: number): CallNode {
    const known = node.children.get(target);
    if (known) return known;
    if (node.depth >= MOST_DEPTH || this.#nodes >= MOST_NODES) return node;
    const child = this.#node(target, node);
    node.children.set(target, child);
    return child;
  }

  #node(address: number, parent: CallNode | null): CallNode {
    this.#nodes++;
    const depth = parent ? parent.depth + 1 : 0;
    return { address, parent, children: new Map(), depth, calls: 0, self: 0 };
  }
}
