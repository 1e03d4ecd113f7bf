// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Which guest code is translated together: a function with its loops, and small callees inside it.
 *
 * A region is rooted at one address. Direct jumps are followed; a call to a small function gets a
 * copy of its blocks of its own (a `Context`), so that registers stay in locals across it; a call
 * back into a function that is being inlined is an edge to its entry, so that recursion stays
 * inside too. Where a `ret` goes is decided at run time by comparing the popped address with the
 * return sites of its context; whatever matches none leaves the region.
 */
import type { Insn } from './decode.ts';
import { isBranch, LIMITS, type CodeSource, type Shape } from './shape.ts';

export interface Context {
  readonly id: number;
  readonly parent: Context | null;
  readonly entryIp: number;
  entry: Block | null;
  /** Where this function's `ret` may go inside the region. */
  readonly sites: Block[];
}

/** A block of the region, or an address outside it. */
export type Target = Block | number;

export type Terminator =
  | { readonly k: 'goto'; to: Target }
  | { readonly k: 'branch'; readonly insn: Insn; yes: Target; no: Target }
  | { readonly k: 'call'; readonly insn: Insn; to: Target }
  | { readonly k: 'ret'; readonly insn: Insn; readonly sites: readonly Block[] }
  /** `to`: where it is expected to go, if that is known. */
  | { readonly k: 'indirect'; readonly insn: Insn; to: Block | null }
  | { readonly k: 'syscall'; readonly insn: Insn }
  /** The instruction at `ip` is not translated: one step in the fallback engine. */
  | { readonly k: 'step'; readonly ip: number };

export interface Block {
  readonly id: number;
  readonly context: Context;
  readonly ip: number;
  /** All that the block executes, its terminating instruction included. */
  readonly insns: Insn[];
  term: Terminator;
  /** Compiled code may be entered here from outside. */
  entry: boolean;
  /** The same, but seldom: a call through a pointer comes back here when it went astray. */
  seldom: boolean;
}

export interface Region {
  readonly root: Block;
  readonly blocks: readonly Block[];
  readonly insnCount: number;
}

/** How a region takes callees in. */
export interface Inlining {
  /** Where the indirect call or jump at `ip` last went; null when it has not been executed. */
  expected(ip: number): number | null;
}

/**
 * Builds the region rooted at `rootIp`, or null when its first instruction is not translatable.
 * @param inlining null: callees stay outside.
 */
export function buildRegion(
  source: CodeSource,
  rootIp: number,
  shapeOf: (ip: number) => Shape,
  inlining: Inlining | null,
): Region | null {
  const builder = new RegionBuilder(source, shapeOf, inlining);
  return builder.build(rootIp);
}

class RegionBuilder {
  readonly #source: CodeSource;
  readonly #shapeOf: (ip: number) => Shape;
  readonly #blocks: Block[] = [];
  /** By context, and by address. */
  readonly #byIp: Map<number, Block>[] = [];
  readonly #inlining: Inlining | null;
  #contexts = 0;
  #insns = 0;

  constructor(source: CodeSource, shapeOf: (ip: number) => Shape, inlining: Inlining | null) {
    this.#inlining = inlining;
    this.#source = source;
    this.#shapeOf = shapeOf;
  }

  build(rootIp: number): Region | null {
    const root = this.#context(null, rootIp);
    const entry = root && this.#block(root, rootIp);
    if (!entry || entry.insns.length === 0) return null;
    entry.entry = true;
    return { root: entry, blocks: this.#blocks, insnCount: this.#insns };
  }

  #context(parent: Context | null, entryIp: number): Context | null {
    const shape = this.#shapeOf(entryIp);
    if (parent !== null && this.#insns + shape.insns.size > LIMITS.region) return null;
    const context: Context = { id: this.#contexts++, parent, entryIp, entry: null, sites: [] };
    this.#insns += shape.insns.size;
    this.#byIp.push(new Map());
    for (const ip of shape.leaders) this.#cut(context, shape, ip);
    context.entry = this.#block(context, entryIp);
    for (const block of this.#blocks.filter((b) => b.context === context)) {
      this.#link(block, context);
    }
    return context;
  }

  #block(context: Context, ip: number): Block | null {
    return this.#byIp[context.id]?.get(ip) ?? null;
  }

  /** Makes the block that starts at the leader `ip`; its targets are addresses as yet. */
  #cut(context: Context, shape: Shape, ip: number): void {
    const insns: Insn[] = [];
    let at = ip;
    let term: Terminator | null = null;
    while (!term) {
      const insn = shape.insns.get(at);
      if (!insn) {
        const next = this.#source.isBreakpoint(at) ? null : this.#source.insnAt(at);
        const step = next && !this.#source.translatable(next) && at === ip;
        term = step ? { k: 'step', ip: at } : { k: 'goto', to: at };
        break;
      }
      if (at !== ip && shape.leaders.has(at)) {
        term = { k: 'goto', to: at };
        break;
      }
      insns.push(insn);
      term = terminator(insn, context);
      at = insn.next;
    }
    if (insns.length === 0 && term.k !== 'step') return;
    const block: Block = {
      id: this.#blocks.length,
      context,
      ip,
      insns,
      term,
      entry: false,
      seldom: false,
    };
    this.#blocks.push(block);
    this.#byIp[context.id]?.set(ip, block);
  }

  /** Turns the addresses of a block's targets into blocks where they are part of the region. */
  #link(block: Block, context: Context): void {
    const term = block.term;
    switch (term.k) {
      case 'goto':
        term.to = this.#inside(context, term.to);
        break;
      case 'branch':
        term.yes = this.#inside(context, term.yes);
        term.no = this.#inside(context, term.no);
        break;
      case 'call':
        this.#linkCall(term, context);
        break;
      case 'syscall':
        this.#enterAt(context, term.insn.next);
        break;
      case 'step': {
        const insn = this.#source.insnAt(term.ip);
        if (insn) this.#enterAt(context, insn.next);
        break;
      }
      case 'indirect':
        this.#linkIndirect(term, context);
        break;
      case 'ret':
        break;
    }
  }

  #inside(context: Context, target: Target): Target {
    return typeof target === 'number' ? (this.#block(context, target) ?? target) : target;
  }

  #enterAt(context: Context, ip: number): void {
    const block = this.#block(context, ip);
    if (block) block.entry = true;
  }

  #linkIndirect(term: Extract<Terminator, { k: 'indirect' }>, context: Context): void {
    if (term.insn.mnemonic !== 'Call') return;
    const site = this.#block(context, term.insn.next);
    if (!site) return;
    const callee = this.#chosen(term.insn.ip, context);
    term.to = callee?.entry ?? null;
    // whoever it goes to instead comes back here
    if (term.to) site.seldom = true;
    else site.entry = true;
    callee?.sites.push(site);
  }

  /** A copy of the function that the indirect call at `ip` is expected to go to. */
  #chosen(ip: number, context: Context): Context | null {
    const target = this.#inlining?.expected(ip) ?? null;
    if (target === null || this.#depth(context) > LIMITS.depth) return null;
    for (let c: Context | null = context; c; c = c.parent) if (c.entryIp === target) return null;
    return this.#fits(target, LIMITS.chosen) ? this.#context(context, target) : null;
  }

  #depth(context: Context): number {
    let depth = 0;
    for (let c: Context | null = context; c; c = c.parent) depth++;
    return depth;
  }

  #fits(target: number, limit: number): boolean {
    return this.#inlining !== null && this.#shapeOf(target).insns.size <= limit;
  }

  #linkCall(term: Extract<Terminator, { k: 'call' }>, context: Context): void {
    const target = term.insn.target;
    const site = this.#block(context, term.insn.next);
    for (let c: Context | null = context; c; c = c.parent) {
      if (c.entryIp === target && c.entry && site) {
        term.to = c.entry;
        c.sites.push(site);
        return;
      }
    }
    if (site && this.#depth(context) <= LIMITS.depth && this.#fits(target, LIMITS.inline)) {
      const callee = this.#context(context, target);
      if (callee?.entry) {
        callee.sites.push(site);
        term.to = callee.entry;
        return;
      }
    }
    this.#enterAt(context, term.insn.next);
  }
}

/** How a block that ends with this instruction goes on; null when it does not end a block. */
export function terminator(insn: Insn, context: Context): Terminator | null {
  if (insn.mnemonic === 'Jmp') {
    return insn.target >= 0 ? { k: 'goto', to: insn.target } : { k: 'indirect', insn, to: null };
  }
  if (insn.mnemonic === 'Call') {
    return insn.target >= 0
      ? { k: 'call', insn, to: insn.target }
      : { k: 'indirect', insn, to: null };
  }
  if (insn.mnemonic === 'Ret') return { k: 'ret', insn, sites: context.sites };
  if (insn.mnemonic === 'Syscall') return { k: 'syscall', insn };
  if (isBranch(insn)) return { k: 'branch', insn, yes: insn.target, no: insn.next };
  return null;
}

/** Blocks of the region that may run next. */
export function successors(block: Block): Block[] {
  const term = block.term;
  const targets: Target[] =
    term.k === 'goto'
      ? [term.to]
      : term.k === 'branch'
        ? [term.yes, term.no]
        : term.k === 'call'
          ? [term.to]
          : term.k === 'ret'
            ? [...term.sites]
            : term.k === 'indirect' && term.to
              ? [term.to]
              : [];
  return targets.filter((t) => typeof t !== 'number');
}
