// SPDX-License-Identifier: GPL-2.0-or-later
/** What the engine contract says of watches, as a test suite for every engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeAssembler } from '../../cli/node-assembler.ts';
import { addr } from '../../shared/brand.ts';
import { GPR } from '../../shared/cpu-state.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Engine, RunResult, Watch } from '../cpu.ts';
import { Bench, CODE, DATA } from './bench.ts';

const PLENTY = 10_000_000;
const PAGE = 4096;

/** An instruction that accesses memory once, and what of it. */
interface AccessCase {
  /** The operand's address is in rbx, rdi and rsi. */
  readonly text: string;
  readonly length: number;
  readonly access: 'read' | 'write' | 'both' | 'read and write';
  /** Added to the operand's address. */
  readonly at?: number;
  readonly before?: string;
}

const ACCESSES: readonly AccessCase[] = [
  { text: 'mov al, [rbx]', length: 1, access: 'read' },
  { text: 'mov [rbx], ax', length: 2, access: 'write' },
  { text: 'mov dword [rbx], 7', length: 4, access: 'write' },
  { text: 'mov rax, [rbx]', length: 8, access: 'read' },
  { text: 'add [rbx], rax', length: 8, access: 'both' },
  { text: 'cmp byte [rbx], 3', length: 1, access: 'read' },
  { text: 'movzx eax, word [rbx]', length: 2, access: 'read' },
  { text: 'inc dword [rbx]', length: 4, access: 'both' },
  { text: 'xadd [rbx], eax', length: 4, access: 'both' },
  { text: 'xchg [rbx], rax', length: 8, access: 'both' },
  { text: 'lock cmpxchg [rbx], rcx', length: 8, access: 'both' },
  { text: 'cmpxchg [rbx], rcx', before: 'mov eax, 99', length: 8, access: 'both' },
  { text: 'cmpxchg8b [rbx]', length: 8, access: 'both' },
  { text: 'setc [rbx]', length: 1, access: 'write' },
  { text: 'bts [rbx], rax', before: 'mov eax, 64', length: 8, access: 'both', at: 8 },
  { text: 'bt [rbx + 16], eax', before: 'mov eax, -1', length: 4, access: 'read', at: 12 },
  { text: 'movsd xmm0, [rbx]', length: 8, access: 'read' },
  { text: 'movss [rbx], xmm0', length: 4, access: 'write' },
  { text: 'movapd xmm0, [rbx]', length: 16, access: 'read' },
  { text: 'movups [rbx], xmm0', length: 16, access: 'write' },
  { text: 'addpd xmm0, [rbx]', length: 16, access: 'read' },
  { text: 'addsd xmm0, [rbx]', length: 8, access: 'read' },
  { text: 'cvtsi2sd xmm0, dword [rbx]', length: 4, access: 'read' },
  { text: 'movhpd [rbx], xmm0', length: 8, access: 'write' },
  { text: 'popcnt rax, [rbx]', length: 8, access: 'read' },
  { text: 'stmxcsr [rbx]', length: 4, access: 'write' },
  { text: 'movsq', length: 8, access: 'read and write' },
  { text: 'lodsw', length: 2, access: 'read' },
  { text: 'stosd', length: 4, access: 'write' },
  { text: 'scasb', length: 1, access: 'read' },
  { text: 'xlatb', before: 'mov al, 5', length: 1, access: 'read', at: 5 },
  { text: 'push rax', before: 'lea rsp, [rbx + 8]', length: 8, access: 'write' },
  { text: 'push ax', before: 'lea rsp, [rbx + 2]', length: 2, access: 'write' },
  { text: 'pop rax', before: 'mov rsp, rbx', length: 8, access: 'read' },
  { text: 'pushfq', before: 'lea rsp, [rbx + 8]', length: 8, access: 'write' },
  { text: 'popfq', before: 'mov qword [rbx], 2\nmov rsp, rbx', length: 8, access: 'read' },
  { text: 'call .on', before: 'lea rsp, [rbx + 8]', length: 8, access: 'write' },
  { text: 'ret', before: 'mov rax, .on\nmov [rbx], rax\nmov rsp, rbx', length: 8, access: 'read' },
  { text: 'leave', before: 'mov rbp, rbx', length: 8, access: 'read' },
  { text: 'push qword [rbx]', before: 'lea rsp, [rbx + 512]', length: 8, access: 'read' },
  { text: 'jmp [rbx]', before: 'mov rax, .on\nmov [rbx], rax', length: 8, access: 'read' },
  {
    text: 'maskmovdqu xmm0, xmm1',
    before: 'mov eax, 0x80808000\nmovd xmm1, eax',
    length: 3,
    access: 'write',
    at: 1,
  },
];

function watch(start: number, length: number, access: Watch['access'] = 'access'): Watch {
  return { start: addr(start), length, access };
}

/** Declares the suite for one engine. */
export function watchContract(
  name: string,
  create: (memory: GuestMemory) => Promise<Engine>,
): void {
  describe(`${name} stops at what accesses watched memory`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = new Bench(await nodeAssembler());
      await bench.open(create);
    });
    afterAll(() => bench.engine.dispose());
    beforeEach(() => bench.reset());

    /** Runs until a watch is hit or something else ends it. */
    const run = (budget = PLENTY): RunResult => {
      let executed = 0;
      for (;;) {
        const result = bench.engine.run(budget);
        executed += result.executed;
        if (result.stop.kind !== 'budget') return { stop: result.stop, executed };
        if (executed > PLENTY) throw new Error('runs on and on');
      }
    };

    it.each(ACCESSES)('$text: $access of $length bytes', async (item) => {
      const operand = DATA + 0x100;
      const start = operand + (item.at ?? 0);
      const prelude = `mov ebx, ${operand}\nmov edi, ebx\nmov esi, ebx\n${item.before ?? ''}\n`;
      const source = `${prelude}.here: ${item.text}\n.on: syscall\n`;
      const first = item.access.startsWith('read') ? 'read' : 'write';
      const tries: [Watch, 'read' | 'write' | null][] = [
        [watch(start - 1, 1), null],
        [watch(start + item.length, 1), null],
        [watch(start, 1), first],
        [watch(start + item.length - 1, 700), first],
      ];
      for (const kind of ['read', 'write'] as const) {
        const hit = item.access === 'both' || item.access.includes(kind) ? kind : null;
        tries.push([watch(start - 3, 4, kind), hit], [watch(start, item.length, kind), hit]);
      }
      await bench.load(source);
      const entry = bench.memory.state.bytes.slice();
      const steps = prelude.trim().split('\n').length;
      const data = bench.memory.bytes.slice(DATA, DATA + PAGE);
      for (const [watched, access] of tries) {
        for (const budget of [PLENTY, 1]) {
          bench.memory.state.bytes.set(entry);
          bench.memory.write(addr(DATA), data);
          bench.engine.setWatches([]);
          for (let i = 0; i < steps; i++) bench.engine.run(1);
          const rip = bench.memory.state.rip;
          const before = bench.memory.bytes.slice(start, start + item.length);
          bench.engine.setWatches([watched]);
          const result = run(budget);
          if (access === null) {
            expect(result.stop, JSON.stringify(watched)).toEqual({ kind: 'syscall' });
            continue;
          }
          expect(result.executed).toBe(1);
          expect(bench.memory.state.instructions).toBe(steps + 1);
          expect(result.stop).toEqual({
            kind: 'watchpoint',
            hit: { rip, address: start, length: item.length, access, before },
          });
          bench.engine.setWatches([]);
          expect(run().stop.kind).toBe('syscall');
        }
      }
    });

    it('catches every access of a loop, wherever the budget ends, and none other', async () => {
      const source = `mov ebx, ${DATA}\nmov ecx, 300\n.l: mov eax, [rbx + rcx * 4]
        add [rbx + 0x800], eax\nmov [rbx + rcx * 8 + 0x1000], rax\ndec ecx\njnz .l\nsyscall`;
      await bench.load(source);
      const whole = bench.finish();
      const expected = bench.snapshot();
      const watched = DATA + 0x1000 + 17 * 8;
      for (const budget of [PLENTY, 1, 3, 100]) {
        await bench.load(source);
        bench.engine.setWatches([
          watch(watched, 8, 'write'),
          watch(DATA + 299 * 4, 4, 'read'),
          watch(DATA + 0x7000, 0x100),
        ]);
        const first = run(budget);
        expect(first.stop).toMatchObject({ hit: { address: DATA + 299 * 4, access: 'read' } });
        expect(first.executed).toBe(2 + 5 + 1);
        const second = run(budget);
        expect(second.stop).toMatchObject({ hit: { address: watched, access: 'write' } });
        expect(bench.gpr('rcx')).toBe(17n);
        const third = run(budget);
        expect(third.stop.kind).toBe('syscall');
        expect(first.executed + second.executed + third.executed).toBe(whole.executed);
        expect(bench.snapshot() === expected).toBe(true);
      }
    });

    it('tells what was there before, and leaves what is there after', async () => {
      await bench.load(`mov rax, 0x1122334455667788\nmov ebx, ${DATA + 64}\nmov [rbx], rax
        mov [rbx + 2], ah\nmov dword [rbx + 6], 0\nsyscall`);
      bench.engine.setWatches([watch(DATA + 66, 6, 'write')]);
      expect(run().stop).toMatchObject({ hit: { before: new Uint8Array(8), length: 8 } });
      expect(run().stop).toMatchObject({
        hit: { address: DATA + 66, before: Uint8Array.of(0x66) },
      });
      expect(bench.memory.bytes[DATA + 66]).toBe(0x77);
      expect(run().stop).toMatchObject({
        hit: { address: DATA + 70, before: Uint8Array.of(0x22, 0x11, 0, 0) },
      });
      expect(run().stop.kind).toBe('syscall');
    });

    it('catches accesses that cross into a watched page, and out of it', async () => {
      const edge = DATA + PAGE;
      for (const text of ['mov rax, [rbx]', 'movups [rbx], xmm0', 'add [rbx], rax']) {
        for (const at of [edge, edge - 1]) {
          await bench.load(`mov ebx, ${edge - 3}\n${text}\n${text}\nsyscall`);
          bench.engine.setWatches([watch(at, 1)]);
          expect(run().stop).toMatchObject({ hit: { address: edge - 3 } });
          expect(run().stop.kind).toBe('watchpoint');
          expect(run().stop.kind).toBe('syscall');
        }
      }
    });

    it('makes one hit of a repeated string instruction, when it has ended', async () => {
      const source = `mov ecx, 1000\nmov edi, ${DATA + 0xf00}\nmov al, 7\nrep stosb\nnop\nsyscall`;
      for (const budget of [PLENTY, 1, 4]) {
        await bench.load(source);
        bench.engine.setWatches([watch(DATA + 0xfff, 2, 'write'), watch(DATA + 0xf10, 4)]);
        const result = run(budget);
        expect(result.executed).toBe(4);
        expect(result.stop).toEqual({
          kind: 'watchpoint',
          hit: {
            rip: BigInt(CODE + 12),
            address: DATA + 0xf10, // the first that it came to
            length: 4,
            access: 'write',
            before: new Uint8Array(4),
          },
        });
        expect(bench.gpr('rcx')).toBe(0n);
        expect(run().stop.kind).toBe('syscall');
      }
    });

    it('makes one hit of a repetition that takes more than one run', async () => {
      const source = `mov ecx, 100000\nmov edi, ${DATA + 0x10}\nmov al, 7\nrep stosb\nsyscall`;
      for (const at of [DATA + 0x20, DATA + 90_000]) {
        await bench.load(source);
        bench.engine.setWatches([watch(at, 4, 'write')]);
        expect(run()).toMatchObject({
          stop: { hit: { address: at, length: 4, before: new Uint8Array(4) } },
          executed: 4,
        });
        expect(run()).toEqual({ stop: { kind: 'syscall' }, executed: 1 });
      }
    });

    it('knows how far a search came, and which way it went', async () => {
      await bench.load(`mov byte [${DATA + 40}], 9\nmov al, 9\nmov ecx, 100\nmov edi, ${DATA}
        repne scasb\nstd\nmov ecx, 20\nmov edi, ${DATA + 0x200}\nrep stosw\ncld\nsyscall`);
      bench.engine.setWatches([watch(DATA + 41, 1, 'read')]);
      expect(run().stop.kind).toBe('syscall');
      bench.reset();
      bench.engine.setWatches([watch(DATA + 40, 1, 'read')]);
      expect(run().stop).toMatchObject({ hit: { address: DATA + 40, access: 'read' } });
      bench.reset();
      bench.engine.setWatches([watch(DATA + 0x200 - 38 - 2, 2)]);
      expect(run().stop.kind).toBe('syscall');
      bench.reset();
      bench.engine.setWatches([watch(DATA + 0x200 - 38, 1), watch(DATA + 0x202, 1)]);
      expect(run().stop).toMatchObject({ hit: { address: DATA + 0x200 - 38, access: 'write' } });
      bench.reset();
      await bench.load(`xor ecx, ecx\nmov edi, ${DATA}\nrep stosb\nsyscall`);
      bench.engine.setWatches([watch(DATA, 1)]);
      expect(run().stop.kind).toBe('syscall');
    });

    it('makes no hit of an access that faults', async () => {
      const edge = 0x440000; // the end of the data
      for (const [text, code] of [
        [`mov rax, [${edge - 4}]`, 'unmapped-read'],
        [`mov [${edge - 4}], rax`, 'unmapped-write'],
        [`mov ebx, ${edge - 8}\nmovapd xmm0, [rbx]`, 'misaligned'],
        [`mov ebx, ${edge - 4}\nmov ecx, 3\nmov edi, ebx\nrep stosd`, 'unmapped-write'],
        [`xor edx, edx\ndiv qword [${edge - 8}]`, 'divide-error'],
      ] as const) {
        for (const budget of [PLENTY, 1]) {
          await bench.load(`${text}\nsyscall`);
          bench.engine.setWatches([watch(edge - 8, 100)]);
          expect(run(budget).stop, text).toMatchObject({ kind: 'fault', fault: { code } });
        }
      }
    });

    it('stops at a breakpoint before the same instruction is caught, and after it', async () => {
      await bench.load(`mov ebx, ${DATA}\n.l: mov [rbx], rcx\ninc rcx\njmp .l`);
      bench.engine.setWatches([watch(DATA, 8, 'write')]);
      bench.engine.setBreakpoints(new Set([addr(CODE + 5)]));
      for (let i = 0; i < 3; i++) {
        expect(bench.engine.run(PLENTY)).toMatchObject({
          stop: { kind: 'breakpoint' },
          executed: i === 0 ? 1 : 2,
        });
        expect(bench.engine.run(PLENTY)).toMatchObject({
          stop: { kind: 'watchpoint', hit: { rip: BigInt(CODE + 5) } },
          executed: 1,
        });
      }
      // it comes to rest at a breakpoint, which the next run passes over
      bench.engine.setBreakpoints(new Set([addr(CODE + 8)]));
      expect(bench.engine.run(PLENTY)).toMatchObject({ stop: { kind: 'watchpoint' }, executed: 3 });
      expect(bench.memory.state.rip).toBe(BigInt(CODE + 8));
      expect(bench.engine.run(PLENTY)).toMatchObject({ stop: { kind: 'watchpoint' }, executed: 3 });
    });

    it('stops at breakpoints behind accesses near a watch', async () => {
      await bench.load(`mov ebx, ${DATA}\n.l: mov [rbx + 8], rcx\ninc rcx\njmp .l`);
      bench.engine.setWatches([watch(DATA, 8, 'write')]);
      bench.engine.setBreakpoints(new Set([addr(CODE + 9)]));
      expect(bench.engine.run(PLENTY)).toEqual({ stop: { kind: 'breakpoint' }, executed: 2 });
      expect(bench.engine.run(PLENTY)).toEqual({ stop: { kind: 'breakpoint' }, executed: 3 });
    });

    it('tells of a hit when the budget ends with it', async () => {
      await bench.load(`mov ebx, ${DATA}\nmov [rbx], rcx\nmov rax, [rbx]\nsyscall`);
      bench.engine.setWatches([watch(DATA, 8)]);
      expect(bench.engine.run(2)).toMatchObject({
        stop: { kind: 'watchpoint', hit: { access: 'write' } },
        executed: 2,
      });
      expect(bench.engine.run(1)).toMatchObject({
        stop: { kind: 'watchpoint', hit: { access: 'read' } },
        executed: 1,
      });
      expect(bench.engine.run(1)).toEqual({ stop: { kind: 'syscall' }, executed: 1 });
    });

    it('heeds watches set after the code has run, and forgets removed ones', async () => {
      await bench.load(`mov ebx, ${DATA}\n.l: mov [rbx], rcx\ninc rcx\njmp .l`);
      const free = (): void => {
        bench.engine.setWatches([]);
        expect(bench.engine.run(3000)).toEqual({ stop: { kind: 'budget' }, executed: 3000 });
      };
      free();
      bench.engine.setWatches([watch(DATA + 7, 1)]);
      expect(bench.engine.run(PLENTY).stop.kind).toBe('watchpoint');
      free();
      for (const other of [watch(DATA + 8, 1), watch(DATA, 1, 'read')]) {
        bench.engine.setWatches([other]);
        for (let executed = 0; executed < 3000;) {
          const result = bench.engine.run(3000 - executed);
          expect(result.stop.kind).toBe('budget');
          executed += result.executed;
        }
      }
    });

    it('sees what the machine writes into watched pages, and does not take it for a hit', async () => {
      await bench.load(`.l: mov rax, [${DATA}]\nmov rcx, [${DATA + 8}]\nmov [${DATA + 16}], rcx
        jmp .l`);
      bench.engine.setWatches([watch(DATA, 8, 'write'), watch(DATA + 16, 1)]);
      for (let i = 1; i < 4; i++) {
        bench.memory.write(addr(DATA), Uint8Array.of(i));
        bench.memory.write(addr(DATA + 8), Uint8Array.of(10 * i));
        expect(bench.engine.run(PLENTY)).toMatchObject({
          stop: {
            hit: { address: DATA + 16, before: Uint8Array.of(10 * i - 10, 0, 0, 0, 0, 0, 0, 0) },
          },
          executed: i === 1 ? 3 : 4,
        });
        expect([bench.gpr('rax'), bench.gpr('rcx')]).toEqual([BigInt(i), BigInt(10 * i)]);
      }
    });

    it('catches reads of code, and jumps into watched code are none', async () => {
      await bench.load(`mov eax, [.data]\njmp .data\n.data: inc rbx\ninc rbx\nsyscall`);
      bench.engine.setWatches([watch(CODE + 9, 64, 'read')]);
      expect(run()).toMatchObject({ stop: { hit: { address: CODE + 9, length: 4 } }, executed: 1 });
      expect(run()).toMatchObject({ stop: { kind: 'syscall' }, executed: 4 });
    });

    it('needs no memory where it watches', async () => {
      await bench.load(`mov rax, [0x7fff0000]\nsyscall`);
      for (const start of [0, 0x2000, 0x7fff0000, 2 ** 47 - 1]) {
        bench.engine.setWatches([watch(start, 1)]);
        expect(run().stop).toMatchObject({ fault: { code: 'unmapped-read' } });
      }
      expect(() => bench.engine.setWatches([watch(DATA, 0)])).toThrow(RangeError);
      bench.engine.setWatches([]);
    });

    it('keeps registers it has nothing to do with', async () => {
      await bench.load(`mov ebx, ${DATA}\nstc\nmov [rbx], rax\nsyscall`);
      bench.memory.state.setGpr(GPR.r15, 0xfedcba9876543210n);
      bench.memory.state.xmm(7).fill(0xa5);
      bench.engine.setWatches([watch(DATA, 1)]);
      expect(run().stop.kind).toBe('watchpoint');
      expect(bench.gpr('r15')).toBe(0xfedcba9876543210n);
      expect(bench.memory.state.xmm(7)[9]).toBe(0xa5);
      expect(bench.memory.state.rflags & 1).toBe(1);
    });
  });
}
