// SPDX-License-Identifier: GPL-2.0-or-later
/** The engine contract as a test suite: one set of programs for every engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeAssembler } from '../../cli/node-assembler.ts';
import type { AssemblerApi } from '../../protocol/assembler.ts';
import { addr } from '../../shared/brand.ts';
import { GPR, INITIAL_MXCSR, INITIAL_RFLAGS, type GprName } from '../../shared/cpu-state.ts';
import { hexBytes } from '../../shared/format.ts';
import { PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import type { Engine, Fault } from '../cpu.ts';

export const CODE = 0x400000;
const RODATA = 0x410000;
export const DATA = 0x420000;
const DATA_END = DATA + 0x20000;
const STACK_TOP = 0x500000;
const PLENTY = 10_000_000;

/** A machine of one engine that runs snippets of assembly. */
export class Bench {
  readonly memory = new GuestMemory(32 * 2 ** 20);
  readonly #assembler: AssemblerApi;
  #engine: Engine | undefined;

  constructor(assembler: AssemblerApi) {
    this.#assembler = assembler;
    const { memory } = this;
    memory.protect(addr(CODE), 0x10000, PROT.read | PROT.exec);
    memory.protect(addr(RODATA), 0x1000, PROT.read);
    memory.protect(addr(DATA), DATA_END - DATA, PROT.read | PROT.write);
    memory.protect(addr(STACK_TOP - 0x10000), 0x10000, PROT.read | PROT.write);
  }

  async open(create: (memory: GuestMemory) => Promise<Engine>): Promise<void> {
    this.#engine = await create(this.memory);
  }

  get engine(): Engine {
    if (!this.#engine) throw new Error('the bench has no engine yet');
    return this.#engine;
  }

  /** Assembles a program to `CODE` and sets the registers as for a new process. */
  async load(source: string): Promise<void> {
    const main = 'test.asm';
    const text = `bits 64\norg ${CODE}\n${source}\n`;
    const result = await this.#assembler.assemble({ sources: { [main]: text }, main });
    if (!result.ok)
      throw new Error(result.diagnostics.map((d) => `${d.line}: ${d.text}`).join('\n'));
    this.memory.write(addr(CODE), new Uint8Array(0x1000).fill(0xcc));
    this.memory.write(addr(CODE), result.image);
    this.memory.write(addr(DATA), new Uint8Array(DATA_END - DATA));
    this.reset();
  }

  reset(): void {
    const { state } = this.memory;
    state.bytes.fill(0);
    state.rip = BigInt(CODE);
    state.rflags = INITIAL_RFLAGS;
    state.mxcsr = INITIAL_MXCSR;
    state.setGpr(GPR.rsp, BigInt(STACK_TOP));
    this.engine.setBreakpoints(new Set());
    this.engine.setWatches([]);
  }

  gpr(name: GprName): bigint {
    return this.memory.state.gpr(GPR[name]);
  }

  /** Runs until something other than the budget ends it. */
  finish(budget = PLENTY): ReturnType<Engine['run']> {
    let executed = 0;
    for (;;) {
      const run = this.engine.run(budget);
      executed += run.executed;
      if (run.stop.kind !== 'budget' || executed > PLENTY) return { stop: run.stop, executed };
    }
  }

  /** Registers and data memory, for comparing runs. */
  snapshot(): string {
    const data = this.memory.bytes.subarray(DATA, DATA_END);
    return hexBytes(this.memory.state.bytes) + hexBytes(data);
  }
}

/** A program with loops, calls, a rep instruction, SSE and memory traffic across pages. */
export const MIXED = `
    mov ecx, 40
    mov edi, ${DATA + 0xff0}
    xor ebx, ebx
.next:
    call .work
    mov [rdi], rax
    cvtsi2sd xmm0, rax
    addsd xmm1, xmm0
    sqrtsd xmm2, xmm1
    movupd [rdi + 8], xmm2
    add rdi, 24
    pushf
    pop rdx
    add rbx, rdx
    dec ecx
    jnz .next
    mov esi, ${DATA + 0xff0}
    mov edi, ${DATA + 0x8000}
    mov ecx, 100
    rep movsq
    syscall
.work:
    push rbp
    mov rbp, rsp
    lea rax, [rcx * 4 + rcx]
    imul rax, rax, 77
    ror rax, 3
    adc rax, rbx
    leave
    ret`;

interface FaultCase {
  readonly name: string;
  readonly source: string;
  readonly fault: Partial<Fault>;
  /** Instructions before the one that faults. */
  readonly executed: number;
}

const BAD = 0x800000;
const FAULTS: readonly FaultCase[] = [
  {
    name: 'a read from nowhere',
    source: `inc rbx\nmov eax, ${BAD}\nmov rcx, [rax]`,
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'unmapped-read', address: BigInt(BAD) },
  },
  {
    name: 'a null pointer',
    source: 'inc rbx\nxor eax, eax\nmov [rax + 8], rbx',
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'unmapped-write', address: 8n },
  },
  {
    name: 'the machine’s own tables',
    source: 'inc rbx\nmov eax, 0x1000\nmov rcx, [rax]',
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'unmapped-read', address: 0x1000n },
  },
  {
    name: 'a write to read-only data',
    source: `inc rbx\nmov eax, ${RODATA}\nmov [rax], eax`,
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'write-protected', address: BigInt(RODATA) },
  },
  {
    name: 'a write to code',
    source: `inc rbx\nmov eax, ${CODE}\nmov [rax], eax`,
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'write-protected', address: BigInt(CODE) },
  },
  {
    name: 'a jump into data',
    source: `inc rbx\nmov eax, ${DATA}\njmp rax`,
    executed: 3,
    fault: { signal: 'SIGSEGV', code: 'exec-protected', rip: BigInt(DATA) },
  },
  {
    name: 'a jump to nowhere',
    source: 'inc rbx\nxor eax, eax\njmp rax',
    executed: 3,
    fault: { signal: 'SIGSEGV', code: 'unmapped-fetch', rip: 0n },
  },
  {
    name: 'an address that is none',
    source: 'inc rbx\nmov rax, 0x4141414141414141\nmov rcx, [rax]',
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'general-protection' },
  },
  {
    name: 'a misaligned movaps',
    source: `inc rbx\nmov eax, ${DATA + 8}\nmovaps xmm0, [rax]`,
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'misaligned', address: BigInt(DATA + 8) },
  },
  {
    name: 'a misaligned addpd',
    source: `mov eax, ${DATA + 4}\nshl rax, 1\nshr rax, 1\naddpd xmm0, [rax]`,
    executed: 3,
    fault: { signal: 'SIGSEGV', code: 'misaligned', address: BigInt(DATA + 4) },
  },
  {
    name: 'a division by zero',
    source: 'inc rbx\nxor ecx, ecx\ndiv rcx',
    executed: 2,
    fault: { signal: 'SIGFPE', code: 'divide-error' },
  },
  {
    name: 'ud2',
    source: 'inc rbx\nud2',
    executed: 1,
    fault: { signal: 'SIGILL', code: 'invalid-opcode' },
  },
  {
    name: 'a privileged instruction',
    source: 'inc rbx\nhlt',
    executed: 1,
    fault: { signal: 'SIGSEGV', code: 'general-protection' },
  },
  {
    name: 'an AVX instruction',
    source: 'inc rbx\nvaddpd ymm0, ymm1, ymm2',
    executed: 1,
    fault: { signal: 'SIGILL', code: 'unsupported' },
  },
  {
    name: 'int3',
    source: 'inc rbx\nint3',
    executed: 2,
    fault: { signal: 'SIGTRAP', code: 'breakpoint-trap', rip: BigInt(CODE + 3) },
  },
];

/** Declares the suite for one engine. */
export function engineContract(
  name: string,
  create: (memory: GuestMemory) => Promise<Engine>,
): void {
  describe(`${name} keeps the engine contract`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = new Bench(await nodeAssembler());
      await bench.open(create);
    });
    afterAll(() => bench.engine.dispose());
    beforeEach(() => bench.reset());

    it('counts exactly and stops at a syscall as the kernel would see it', async () => {
      await bench.load('mov eax, 60\nstc\nsyscall');
      const run = bench.engine.run(PLENTY);
      expect(run).toEqual({ stop: { kind: 'syscall' }, executed: 3 });
      const { state } = bench.memory;
      expect(state.rip).toBe(BigInt(CODE + 8));
      expect(bench.gpr('rcx')).toBe(state.rip);
      expect(bench.gpr('r11')).toBe(BigInt(state.rflags));
      expect(state.rflags & 1).toBe(1);
      expect(state.instructions).toBe(3);
    });

    it('honours budgets wherever they cut a program', async () => {
      await bench.load(MIXED);
      const whole = bench.finish();
      const expected = bench.snapshot();
      expect(whole.stop.kind).toBe('syscall');
      for (const budget of [1, 2, 3, 7, 50, 333]) {
        await bench.load(MIXED);
        const first = bench.engine.run(budget);
        expect(first.executed).toBe(budget);
        const rest = bench.finish(budget);
        expect(rest.executed + budget).toBe(whole.executed);
        expect(bench.snapshot() === expected).toBe(true);
      }
    });

    it('counts a rep instruction once, with a budget of one or of many', async () => {
      const source = `mov ecx, 300\nmov edi, ${DATA + 4000}\nmov al, 7\nrep stosb\nsyscall`;
      await bench.load(source);
      expect(bench.finish().executed).toBe(5);
      await bench.load(source);
      expect(bench.engine.run(3).executed).toBe(3);
      expect(bench.engine.run(1)).toEqual({ stop: { kind: 'budget' }, executed: 1 });
      expect(bench.gpr('rcx')).toBe(0n);
      expect(bench.memory.bytes.subarray(DATA + 4000, DATA + 4301).indexOf(0)).toBe(300);
    });

    it('leaves a rep instruction with its progress when it faults', async () => {
      await bench.load(`mov ecx, 1000\nmov edi, ${DATA_END - 100}\nmov al, 9\nrep stosb`);
      const run = bench.finish();
      expect(run.executed).toBe(3);
      expect(run.stop).toMatchObject({
        fault: { code: 'unmapped-write', address: BigInt(DATA_END) },
      });
      expect(bench.gpr('rcx')).toBe(900n);
      expect(bench.memory.bytes[DATA_END - 1]).toBe(9);
    });

    it('stops at breakpoints, before their instruction, and goes on from them', async () => {
      await bench.load('mov ecx, 3\n.l: inc rax\ninc rbx\ndec ecx\njnz .l\nsyscall');
      bench.engine.setBreakpoints(new Set([addr(CODE + 8)])); // inc rbx
      for (let i = 1n; i <= 3n; i++) {
        expect(bench.engine.run(PLENTY).stop.kind).toBe('breakpoint');
        expect(bench.memory.state.rip).toBe(BigInt(CODE + 8));
        expect([bench.gpr('rax'), bench.gpr('rbx')]).toEqual([i, i - 1n]);
      }
      expect(bench.engine.run(PLENTY).stop.kind).toBe('syscall');
      expect(bench.memory.state.instructions).toBe(1 + 3 * 4 + 1);
    });

    it('heeds breakpoints set after the code has run, and forgets removed ones', async () => {
      await bench.load('.l: inc rax\ninc rbx\njmp .l');
      bench.engine.run(3000);
      bench.engine.setBreakpoints(new Set([addr(CODE + 3)]));
      expect(bench.engine.run(PLENTY)).toEqual({ stop: { kind: 'breakpoint' }, executed: 1 });
      bench.engine.setBreakpoints(new Set());
      expect(bench.engine.run(3000)).toEqual({ stop: { kind: 'budget' }, executed: 3000 });
    });

    it.each(FAULTS)('reports $name exactly', async ({ source, fault, executed }) => {
      for (const budget of [PLENTY, 1]) {
        await bench.load(source);
        const run = bench.finish(budget);
        expect(run.stop).toMatchObject({ kind: 'fault', fault });
        expect(run.executed).toBe(executed);
        const { state } = bench.memory;
        expect(state.instructions).toBe(executed);
        if (fault.code !== 'breakpoint-trap' && run.stop.kind === 'fault') {
          expect(state.rip).toBe(run.stop.fault.rip);
        }
      }
    });

    it.each([1, 70, 150, 400, 700])(
      'reports a fault exactly behind %i instructions without a jump, and before as many',
      async (many) => {
        const body = 'add rbx, rcx\n'.repeat(many);
        const source = `mov ecx, 1\n${body}cmp ecx, 2\nmov rax, [${BAD}]\n${body}.l: jmp .l`;
        await bench.load(source);
        const run = bench.engine.run(PLENTY);
        expect(run.stop).toMatchObject({ fault: { code: 'unmapped-read', address: BigInt(BAD) } });
        expect(run.executed).toBe(many + 2);
        expect(bench.gpr('rbx')).toBe(BigInt(many));
        expect(bench.memory.state.rip).toBe(BigInt(CODE + 5 + 3 * many + 3));
        expect(bench.memory.state.rflags & 0x8d5).toBe(0x95); // of 1 - 2: CF, PF, AF, SF
      },
    );

    it('runs on at full speed where a page is touched for the first time', async () => {
      await bench.load(`mov ecx, 5000\nmov edi, ${DATA}\n.l: mov [rdi], rcx\nadd rdi, 16
        loop .l\nsyscall`);
      expect(bench.engine.run(PLENTY)).toEqual({ stop: { kind: 'syscall' }, executed: 15_003 });
      await bench.load('.self: call .self');
      const run = bench.finish();
      expect(run.executed).toBe(0x10000 / 8);
      expect(run.stop).toMatchObject({ fault: { code: 'unmapped-write' } });
      expect(bench.gpr('rsp')).toBe(BigInt(STACK_TOP - 0x10000));
    });

    it('sees what the machine writes between runs, data and code alike', async () => {
      await bench.load(`.l: mov rax, [${DATA}]\nmov ecx, 5\njmp .l`);
      bench.engine.run(30);
      bench.memory.write(addr(DATA), Uint8Array.of(42));
      bench.memory.write(addr(CODE + 9), Uint8Array.of(99)); // the 5
      bench.engine.run(6);
      expect([bench.gpr('rax'), bench.gpr('rcx')]).toEqual([42n, 99n]);
    });

    it('sees pages come, go and change their rights', async () => {
      await bench.load(`.l: mov rax, [${BAD}]\nmov [${BAD}], rcx\njmp .l`);
      const page = addr(BAD);
      const code = (): unknown => {
        const { stop } = bench.engine.run(10);
        return stop.kind === 'fault' ? stop.fault.code : stop.kind;
      };
      expect(code()).toBe('unmapped-read');
      bench.memory.protect(page, 4096, PROT.read);
      expect(code()).toBe('write-protected');
      bench.memory.protect(page, 4096, PROT.read | PROT.write);
      expect(code()).toBe('budget');
      bench.memory.protect(page, 4096, PROT.none);
      expect(code()).toMatch(/^(?:read|write)-protected$/);
      bench.memory.unmap(page, 4096);
      expect(code()).toMatch(/^unmapped-/);
    });

    it('executes code that writes itself', async () => {
      const page = 0x600000;
      bench.memory.protect(addr(page), 4096, PROT.read | PROT.write | PROT.exec);
      await bench.load(`
        mov edi, ${page}
        mov ecx, 3
    .again:
        mov byte [rdi], 0xb0            ; mov al, cl
        mov [rdi + 1], cl
        mov byte [rdi + 2], 0xc3        ; ret
        call rdi
        movzx eax, al
        add rbx, rax
        dec ecx
        jnz .again
        syscall`);
      const run = bench.finish();
      expect(run).toEqual({ stop: { kind: 'syscall' }, executed: 2 + 3 * 10 + 1 });
      expect(bench.gpr('rbx')).toBe(6n);
      bench.memory.unmap(addr(page), 4096);
    });

    it('rounds as MXCSR says and keeps its sticky flags', async () => {
      const convert = (mode: number): string =>
        `mov dword [rsp - 8], ${0x1f80 | (mode << 13)}\nldmxcsr [rsp - 8]\ncvtsd2si rax, xmm0\n` +
        'shl rbx, 8\nor rbx, rax\n';
      await bench.load(`mov eax, 7\ncvtsi2sd xmm0, eax\nmov eax, 2\ncvtsi2sd xmm1, eax
        divsd xmm0, xmm1\n${[0, 1, 2, 3].map(convert).join('')}
        stmxcsr [rsp - 8]\nmov ecx, [rsp - 8]\nmov edx, ecx\nsyscall`);
      expect(bench.finish().stop.kind).toBe('syscall');
      expect(bench.gpr('rbx')).toBe(0x04030403n);
      expect(bench.gpr('rdx')).toBe(0x7fa0n);
      expect(bench.memory.state.mxcsr).toBe(0x7fa0);
    });

    it('keeps flags, all registers and the stack over stops at any instruction', async () => {
      await bench.load(`std\nstc\nmov eax, 0x7fffffff\nadd eax, 1\npushf\npop rbx\ncld\nsyscall`);
      while (bench.engine.run(1).stop.kind === 'budget');
      expect(bench.gpr('rbx') & 0xfffn).toBe(0xe96n);
      expect(bench.memory.state.rflags & 0x400).toBe(0);
      expect(bench.gpr('rsp')).toBe(BigInt(STACK_TOP));
    });

    it('counts long runs of instructions without a jump, entered anywhere', async () => {
      // More code than translators take at once; the loop enters it in the middle.
      const body = (n: number): string => 'addpd xmm0, xmm1\nmulpd xmm2, xmm0\n'.repeat(n);
      await bench.load(`mov ecx, 5\n${body(60)}.again:\n${body(60)}dec ecx\njnz .again\nsyscall`);
      const run = bench.finish();
      expect(run.stop.kind).toBe('syscall');
      expect(run.executed).toBe(1 + 120 + 5 * (120 + 2) + 1);
      const expected = bench.snapshot();
      bench.reset();
      for (const budget of [60, 61, 120, 77])
        expect(bench.engine.run(budget).executed).toBe(budget);
      const rest = bench.finish();
      expect(rest.executed).toBe(run.executed - 60 - 61 - 120 - 77);
      expect(bench.snapshot() === expected).toBe(true);
    });

    it.each(['.self: jmp .self', '.self: nop\njmp .self', '.self: loop .self\njmp .self'])(
      'gives back the budget of the endless loop `%s`',
      async (source) => {
        await bench.load(`mov rcx, -1\n${source}`);
        expect(bench.engine.run(1000)).toEqual({ stop: { kind: 'budget' }, executed: 1000 });
        expect(bench.engine.run(1)).toEqual({ stop: { kind: 'budget' }, executed: 1 });
      },
    );

    it('raises what comes first in code that runs up to the end of its page', () => {
      const last = addr(CODE + 0x10000 - 4);
      bench.memory.write(last, new Uint8Array([0x31, 0xc9, 0xf7, 0xf1])); // xor ecx, ecx; div ecx
      bench.memory.state.rip = BigInt(last);
      const run = bench.engine.run(PLENTY);
      expect(run.executed).toBe(1);
      expect(run.stop).toMatchObject({ kind: 'fault', fault: { code: 'divide-error' } });
      expect(bench.memory.state.rip).toBe(BigInt(last + 2));
    });

    it('comes back from an endless loop after its budget', async () => {
      await bench.load('.l: jmp .l');
      expect(bench.engine.run(100_001)).toEqual({ stop: { kind: 'budget' }, executed: 100_001 });
    });
  });
}
