// SPDX-License-Identifier: GPL-2.0-or-later
/** The engine contract as a test suite: one set of programs for every engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeAssembler } from '../../cli/node-assembler.ts';
import { addr } from '../../shared/brand.ts';
import { Bench, CODE, DATA, PLENTY, STACK_TOP, type EngineMaker } from './bench.ts';
import { codeContract } from './contract-code.ts';
import { faultContract } from './contract-faults.ts';

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

/**
 * Declares the suite for one engine.
 * @param options.except faults that this one does not raise.
 */
export function engineContract(
  name: string,
  create: EngineMaker,
  options: { readonly except?: readonly string[] } = {},
): void {
  describe(`${name} keeps the engine contract`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = new Bench(await nodeAssembler());
      await bench.open(create);
    });
    afterAll(() => bench.engine.dispose());
    beforeEach(() => bench.reset());

    faultContract(() => bench, options.except ?? []);
    codeContract(() => bench);

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

    it('comes back from an endless loop after its budget', async () => {
      await bench.load('.l: jmp .l');
      expect(bench.engine.run(100_001)).toEqual({ stop: { kind: 'budget' }, executed: 100_001 });
    });
  });
}
