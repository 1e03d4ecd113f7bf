// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The `Engine` contract on Unicorn: the reference, and the stepper.
 *
 * Two gaits. *Fast*: Unicorn runs whole translated blocks; at the head of each a hook counts its
 * instructions, and stops before any block that needs care: one that would pass the budget, holds
 * a breakpoint or an instruction Unicorn must not execute, or accesses memory where silicon would
 * object. *Careful*: what is harmless in one go, up to an address at which Unicorn is told to stop;
 * the rest one instruction at a time by the CPU's own single-step flag, each looked at first.
 *
 * Pages with watched bytes are taken away from the guest. What touches one ends either gait by a
 * page fault, before its instruction, which is then executed alone with those pages in place.
 */
import type { Addr } from '../../shared/brand.ts';
import { GPR } from '../../shared/cpu-state.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { MAX_RAM } from '../../machine/layout.ts';
import type { Engine, EngineStop, Fault, RunResult, Watch } from '../cpu.ts';
import type { GuardedInstruction } from '../guard.ts';
import { LONGEST_INSTRUCTION } from '../operand-access.ts';
import { executeInSoftware, linearAddress } from '../software.ts';
import { WatchSet } from '../watch.ts';
import type { ExecutionProfile } from '../profile.ts';
import { countBefore, makeBlock, pieceOf, type Block } from './blocks.ts';
import { UnicornCore, type CoreHandler } from './core.ts';
import { BlockCounts } from './counts.ts';
import { interruptFault, isCanonical, stackMove } from './faults.ts';
import { KnownCode } from './known-code.ts';
import { loadUnicorn, type UnicornModule } from './loader.ts';
import { GuestPages } from './pages.ts';

/** Rounds of rep and slow steps after which a run ends early, so that a pause is answered. */
const MOST_ROUNDS = 20_000;

/** How many rounds one instruction at the careful gait counts for, by the time it takes. */
const STEP_COST = 50;

const BUDGET: EngineStop = { kind: 'budget' };

/** Cores that are free: making one takes a third of a second and its memory is never given back. */
const idle: UnicornCore[] = [];

/** An engine on this memory. Call once for each memory; `dispose` gives its core to the next. */
export async function createUnicornEngine(memory: GuestMemory): Promise<Engine> {
  return new UnicornEngine(memory, await loadUnicorn());
}

class UnicornEngine implements Engine, CoreHandler {
  readonly name = 'unicorn';
  readonly #memory: GuestMemory;
  readonly #module: UnicornModule;
  #core: UnicornCore;
  #pages: GuestPages;
  readonly #code: KnownCode;
  #breakpoints: ReadonlySet<number> = new Set<number>();
  #watches = new WatchSet([]);
  #profile: ExecutionProfile | null = null;
  #counts: BlockCounts | null = null;

  // One run
  #executed = 0;
  #limit = 0;
  #rounds = 0;
  #stop: EngineStop | null = null;
  /** The run has ended before an instruction that touches a page with watched bytes. */
  #caught = false;

  // The block being executed at the fast gait
  #block: Block | null = null;
  /** Instructions of it that are in `#executed` already. */
  #charged = 0;
  /** Address of a rep instruction that has begun and is not counted yet, or -1. */
  #repeating = -1;
  /**
   * The first block of a start is announced twice: Unicorn starts with a pending request to leave
   * (it "kicks" the CPU), which is honoured behind the first hook, before the first instruction.
   */
  #fresh = false;
  #stepping = false;
  /** Address of the rep instruction whose rounds are counted at the careful gait, or -1. */
  #round = -1;

  constructor(memory: GuestMemory, module: UnicornModule) {
    this.#memory = memory;
    this.#module = module;
    this.#code = new KnownCode(memory, (address, length) => this.#pages.read(address, length));
    this.#core = takeCore(module, memory.size);
    this.#pages = this.#attach();
  }

  #attach(): GuestPages {
    this.#core.handler = this;
    const pages = new GuestPages(this.#core, this.#memory, () => this.#code.forget());
    pages.withhold(this.#watches.pages());
    return pages;
  }

  setBreakpoints(addresses: ReadonlySet<Addr>): void {
    this.#breakpoints = new Set(addresses);
    this.#code.setBreakpoints(this.#breakpoints);
  }

  setWatches(watches: readonly Watch[]): void {
    if (watches.length === 0 && !this.#watches.any) return;
    this.#watches = new WatchSet(watches);
    this.#pages.withhold(this.#watches.pages());
  }

  setProfile(profile: ExecutionProfile | null): void {
    this.updateProfile();
    this.#profile = profile;
    this.#counts = profile && new BlockCounts(profile);
  }

  updateProfile(): void {
    this.#counts?.fold();
  }

  dispose(): void {
    this.#pages.dispose();
    this.#core.handler = null;
    idle.push(this.#core);
  }

  run(budget: number): RunResult {
    if (!this.#watches.any) return this.#go(budget);
    let executed = 0;
    let caught = this.#watches.isUnderWay(this.#memory.state);
    for (let steps = 0; ; steps++) {
      if (!caught) {
        const run = this.#go(budget - executed);
        executed += run.executed;
        if (!this.#caught || steps >= MOST_ROUNDS / STEP_COST) return { stop: run.stop, executed };
      }
      caught = false;
      const one = this.#goWatched();
      executed += one.executed;
      const onItsWay = one.executed === 0;
      if (one.stop.kind !== 'budget' || onItsWay || executed >= budget) {
        return { stop: one.stop, executed };
      }
      if (this.#breakpoints.has(Number(this.#memory.state.rip))) {
        return { stop: { kind: 'breakpoint' }, executed };
      }
    }
  }

  /** Executes the one instruction at rip with the watched pages in place. */
  #goWatched(): RunResult {
    this.#pages.grant(true);
    const near = this.#watches.begin(this.#memory);
    const one = this.#go(1);
    this.#pages.grant(false);
    const hit = near ? this.#watches.finish(this.#memory, one.executed === 1) : null;
    return hit ? { stop: hit, executed: one.executed } : one;
  }

  /** A run that heeds watches only by ending before what touches their pages. */
  #go(budget: number): RunResult {
    if (this.#memory.size > this.#core.size) this.#grow();
    const { state } = this.#memory;
    this.#executed = 0;
    this.#limit = budget;
    this.#rounds = 0;
    this.#stop = null;
    this.#caught = false;
    this.#core.load(state);
    this.#profile?.calls.begin(state.instructions, this.#core.rip);
    if (this.#breakpoints.has(this.#core.rip) || budget === 1) this.#step(true);
    while (!this.#stop) {
      if (this.#executed >= budget || this.#rounds >= MOST_ROUNDS) this.#stop = BUDGET;
      else if (!this.#walk()) this.#dash();
    }
    // behind a jump to nowhere Unicorn faults before it asks whether to go on
    if (this.#executed >= budget && isRefusal(this.#stop)) this.#stop = BUDGET;
    this.#core.store(state);
    this.#pages.collect();
    state.instructions += this.#executed;
    this.#profile?.calls.settle(state.instructions);
    if (this.#stop.kind === 'syscall') {
      state.setGpr(GPR.rcx, state.rip);
      state.setGpr(GPR.r11, BigInt(state.rflags));
    }
    return { stop: this.#stop, executed: this.#executed };
  }

  /** A bigger core for a RAM that has grown. */
  #grow(): void {
    this.#pages.dispose();
    this.#core.close();
    this.#core = takeCore(this.#module, this.#memory.size);
    this.#pages = this.#attach();
  }

  // The fast gait

  #dash(): void {
    this.#block = null;
    this.#repeating = -1;
    this.#fresh = true;
    this.#resume();
    this.#settle();
  }

  #resume(until?: number): void {
    if (this.#core.resume(until) || this.#stop) return;
    const { rip } = this.#core;
    this.#rewind(rip);
    const detail = 'an instruction that Unicorn does not know';
    this.#fault({ signal: 'SIGILL', code: 'unsupported', rip: BigInt(rip), detail });
  }

  /** Counts a rep instruction that was on its way, if it has come to its end. */
  #settle(): void {
    if (this.#repeating >= 0 && this.#core.rip !== this.#repeating) this.#count(this.#repeating);
    this.#repeating = -1;
    this.#block = null;
  }

  /** Takes back what was counted ahead, when a block is left in the middle at `rip`. */
  #rewind(rip: number): void {
    if (this.#block) {
      const done = Math.min(this.#charged, countBefore(this.#block, rip));
      this.#executed -= this.#charged - done;
      this.#counts?.takeBack(this.#block, done, this.#charged);
    }
    this.#block = null;
    this.#repeating = -1;
  }

  block(address: number, size: number | null): void {
    if (this.#stepping) {
      if (address === this.#round && this.#rounds++ >= MOST_ROUNDS) this.#core.stop();
      return;
    }
    if (this.#block?.open) this.#endOpen(this.#block, address);
    if (this.#repeating >= 0) {
      if (address !== this.#repeating) this.#count(this.#repeating);
      this.#repeating = -1;
    }
    const last = this.#profile && this.#block?.instructions.at(-1);
    if (last) this.#followFlow(last, address);
    const block = this.#code.blockAt(address, size);
    if (
      block.special ||
      block.broken ||
      this.#executed + block.count > this.#limit ||
      !this.#accessible(block)
    ) {
      this.#block = null;
      this.#core.stop();
      return;
    }
    if (this.#fresh) {
      this.#fresh = false;
      return;
    }
    this.#block = block;
    this.#charged = block.count;
    if (block.endsWithRep) {
      this.#charged--;
      this.#repeating = block.last;
      if (this.#rounds++ >= MOST_ROUNDS) {
        this.#block = null;
        this.#repeating = -1;
        this.#core.stop();
        return;
      }
    }
    this.#executed += this.#charged;
    this.#counts?.ran(block);
  }

  /** One instruction has retired. */
  #count(address: number): void {
    this.#executed++;
    this.#counts?.one(address);
  }

  /** The profile hears of an executed call or return, which has led to `to`. */
  #followFlow({ flow }: GuardedInstruction, to: number): void {
    if (!flow || !this.#profile) return;
    const now = this.#memory.state.instructions + this.#executed;
    const rsp = this.#core.gpr(GPR.rsp);
    if (flow === 'call') this.#profile.calls.called(now, to, rsp);
    else this.#profile.calls.returned(now, rsp);
  }

  /** Takes back what was counted of an open block that has ended before `next`, inside of it. */
  #endOpen(block: Block, next: number): void {
    const first = block.instructions[0]?.address ?? next;
    if (next > first && next <= block.last) this.#rewind(next);
  }

  /** Whether the block's memory operands are where silicon and Unicorn both accept them. */
  #accessible(block: Block): boolean {
    if (block.leaves) {
      const rbp = this.#core.gpr(GPR.rbp);
      if (!this.#pages.isPresent(rbp) || !this.#pages.isPresent(rbp + 7)) return false;
    }
    return block.checks.length === 0 || this.#aligned(block);
  }

  #aligned(block: Block): boolean {
    const heap = this.#core.module.HEAPU8;
    const { env } = this.#core;
    for (const { base, index, scale, constant } of block.checks) {
      let sum = constant;
      if (base >= 0) sum += heap[env + base * 8] ?? 0;
      if (index >= 0) sum += (heap[env + index * 8] ?? 0) * scale;
      if ((sum & 15) !== 0) return false;
    }
    return true;
  }

  // The careful gait

  /**
   * Steps through the block at rip if it needs care.
   * @returns false when it needs none.
   */
  #walk(): boolean {
    const start = this.#core.rip;
    const known = this.#code.known(start);
    if (!known) return false;
    const careful =
      known.special ||
      known.broken ||
      this.#executed + known.count > this.#limit ||
      !this.#accessible(known);
    if (!careful) return false;
    const end = start + known.size;
    let at = start;
    do {
      if (!this.#advance(known, at)) this.#step(false);
      this.#rounds += STEP_COST;
      if (this.#stop || this.#executed >= this.#limit || this.#rounds >= MOST_ROUNDS) return true;
      const next = this.#core.rip;
      if (next <= at && next !== at) return true;
      at = next;
    } while (at > start && at < end);
    return true;
  }

  /** Executes the one instruction at rip. */
  #step(first: boolean): void {
    const core = this.#core;
    const { rip } = core;
    if (!first && this.#breakpoints.has(rip)) {
      this.#stop = { kind: 'breakpoint' };
      return;
    }
    const instruction = this.#code.instructionAt(rip);
    if (!('kind' in instruction)) {
      const { code, address } = instruction;
      const exact = this.#ripExact();
      const at = address === rip ? exact : BigInt(address);
      this.#fault({ signal: 'SIGSEGV', code, rip: exact, address: at });
    } else if (instruction.kind === 'unsupported') {
      this.#fault({
        signal: 'SIGILL',
        code: 'unsupported',
        rip: BigInt(rip),
        detail: instruction.detail,
      });
    } else if (instruction.kind === 'invalid') {
      this.#fault({ signal: 'SIGILL', code: 'invalid-opcode', rip: BigInt(rip) });
    } else if (instruction.kind === 'privileged') {
      this.#fault({ signal: 'SIGSEGV', code: 'general-protection', rip: BigInt(rip) });
    } else if (instruction.kind === 'software') {
      this.#serve(instruction);
    } else if (!this.#misaligned(instruction)) {
      const rsp = core.gprExact(GPR.rsp);
      if (instruction.kind === 'rep') this.#repeat(instruction);
      else this.#trap(instruction);
      if (instruction.leaves && this.#isRefused()) core.setGprExact(GPR.rsp, rsp);
      if (instruction.endsBlock && !this.#isRefused() && !isCanonical(this.#ripExact())) {
        this.#refuseBranch(instruction.address);
      }
      const begun = instruction.kind === 'rep' && core.rip === rip;
      if (!begun && !this.#isRefused()) {
        this.#count(rip);
        this.#followFlow(instruction, core.rip);
      }
    }
  }

  #isRefused(): boolean {
    return this.#caught || isRefusal(this.#stop);
  }

  /** rip in all its 64 bits. */
  #ripExact(): bigint {
    this.#core.store(this.#memory.state);
    return this.#memory.state.rip;
  }

  #serve(instruction: GuardedInstruction): void {
    const { state } = this.#memory;
    this.#core.store(state);
    this.#pages.collect();
    if (this.#pages.withholds && this.#watches.begin(this.#memory)) {
      this.#catch();
      return;
    }
    const before = state.instructions;
    state.instructions = before + this.#executed;
    const fault = executeInSoftware(
      this.#memory,
      this.#memory.bytes.slice(instruction.address, instruction.address + instruction.length),
    );
    state.instructions = before;
    if (fault) this.#fault(fault);
    else this.#count(instruction.address);
    this.#core.load(state);
  }

  /** Whether the instruction's operand is not aligned as it must be; then the run has stopped. */
  #misaligned(instruction: GuardedInstruction): boolean {
    if (!instruction.aligned) return false;
    this.#core.store(this.#memory.state);
    const address = linearAddress(instruction.aligned, this.#memory.state);
    if ((address & 15n) === 0n) return false;
    this.#fault({
      signal: 'SIGSEGV',
      code: 'misaligned',
      rip: BigInt(instruction.address),
      address,
    });
    return true;
  }

  /**
   * Executes what can be executed in one go of the block, from rip = `at` on.
   * @returns false when that is not worth it; nothing has happened then.
   */
  #advance(block: Block, at: number): boolean {
    const piece = pieceOf(block, at, this.#limit - this.#executed, this.#breakpoints);
    const last = piece.at(-1);
    if (last === undefined || piece.length < 2) return false;
    const end = last.address + last.length;
    const part = makeBlock(piece, end - at, false);
    if (part.special || !this.#accessible(part)) return false;
    this.#until(end);
    // Straight on: what lies before rip has been executed, wherever it is now.
    const { rip } = this.#core;
    const done = rip === end ? piece.length : countBefore(part, rip);
    this.#executed += done;
    this.#counts?.executed(piece, done);
    return true;
  }

  /** Executes the rep instruction at rip, or as many rounds of it as are left to this run. */
  #repeat(instruction: GuardedInstruction): void {
    const { address, length } = instruction;
    if (this.#code.isFixed(address, length)) {
      this.#round = address;
      this.#until(address + length);
      this.#round = -1;
      return;
    }
    do this.#trap(instruction);
    while (!this.#stop && this.#core.rip === address && ++this.#rounds < MOST_ROUNDS);
  }

  /** Lets the CPU execute the code from rip up to `end`, without looking at it. */
  #until(end: number): void {
    this.#stepping = true;
    this.#resume(end);
    this.#stepping = false;
  }

  /** Lets the CPU execute one instruction, or one round of a rep instruction. */
  #trap(instruction: GuardedInstruction): void {
    this.#stepping = true;
    this.#core.setTrap(true);
    this.#resume();
    this.#stepping = false;
    this.#core.setTrap(false);
    if (instruction.pushesFlags && !this.#stop) {
      // pushf has put the single-step flag onto the stack
      const heap = this.#core.module.HEAPU8;
      const at = this.#core.base + this.#core.gpr(GPR.rsp) + 1;
      heap[at] = (heap[at] ?? 0) & ~1;
    }
  }

  // Events from within a run

  interrupt(vector: number): void {
    const core = this.#core;
    const PAGE_FAULT = 14;
    const DEBUG = 1;
    if (vector === PAGE_FAULT) {
      const address = core.faultAddress;
      const write = (core.faultCode & 2) !== 0;
      if (this.#pages.isWithheld(Number(address), write)) {
        this.#rewind(core.rip);
        this.#catch();
        core.stop();
        return;
      }
      if (this.#pages.populate(Number(address), write)) {
        this.#rewind(core.rip);
        return;
      }
    }
    if (vector === DEBUG && this.#stepping) {
      core.stop();
      return;
    }
    const rip = this.#ripExact();
    if (this.#block && !isCanonical(rip)) {
      const { last } = this.#block;
      this.#rewind(last);
      this.#refuseBranch(last);
      core.stop();
      return;
    }
    this.#rewind(core.rip);
    const instruction = isUser(rip) ? this.#pages.read(Number(rip), LONGEST_INSTRUCTION) : null;
    this.#fault(interruptFault(vector, { core, memory: this.#memory, rip, instruction }));
    core.stop();
  }

  /**
   * The branch at `address` has gone where there is no address: on the silicon it is the branch that
   * faults, and nothing but the return address of a call has been written.
   */
  #refuseBranch(address: number): void {
    const core = this.#core;
    const moved = stackMove(this.#pages.read(address, LONGEST_INSTRUCTION));
    core.setGprExact(GPR.rsp, BigInt.asUintN(64, core.gprExact(GPR.rsp) - BigInt(moved)));
    core.rip = address;
    this.#fault({ signal: 'SIGSEGV', code: 'general-protection', rip: BigInt(address) });
  }

  syscall(): void {
    this.#stop = { kind: 'syscall' };
    this.#core.stop();
  }

  #catch(): void {
    this.#caught = true;
    this.#stop = BUDGET;
  }

  #fault(fault: Fault): void {
    this.#stop = { kind: 'fault', fault };
  }
}

/** Whether the instruction at rip has not been executed because it faulted. */
function isRefusal(stop: EngineStop | null): boolean {
  return stop?.kind === 'fault' && stop.fault.code !== 'breakpoint-trap';
}

function isUser(rip: bigint): boolean {
  return rip < BigInt(MAX_RAM);
}

function takeCore(module: UnicornModule, size: number): UnicornCore {
  const index = idle.findIndex((core) => core.size >= size);
  const [core] = index < 0 ? [] : idle.splice(index, 1);
  return core ?? new UnicornCore(module, size);
}
