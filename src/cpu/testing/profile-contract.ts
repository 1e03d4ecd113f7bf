// SPDX-License-Identifier: GPL-2.0-or-later
/** What the engine contract says of profiles, as a test suite for every engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeAssembler } from '../../cli/node-assembler.ts';
import { addr } from '../../shared/brand.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { CallNode } from '../call-tree.ts';
import type { Engine } from '../cpu.ts';
import { ExecutionProfile } from '../profile.ts';
import { Bench, CODE, DATA } from './bench.ts';
import { MIXED } from './contract.ts';

const PLENTY = 10_000_000;

/** Programs with loops, calls, repetitions, faults in the middle of blocks, and whatever else. */
const PROGRAMS: Readonly<Record<string, string>> = {
  mixed: MIXED,
  'a recursion': `
    mov edi, 11
    call fib
    syscall
fib: cmp edi, 2
    jb .small
    push rdi
    dec edi
    call fib
    pop rdi
    push rax
    lea edi, [rdi - 2]
    call fib
    pop rdx
    add rax, rdx
    ret
.small: mov eax, edi
    ret`,
  'indirect calls and jumps': `
    mov ebx, 50
.next: mov eax, .odd
    test bl, 1
    mov ecx, .even
    cmovz eax, ecx
    call rax
    dec ebx
    jnz .next
    lea rax, [rel .end]
    jmp rax
.odd: inc r8
    ret 0
.even: add r8, 2
    ret
.end: syscall`,
  'a fault in the middle of a block': `
    mov ecx, 100
    mov ebx, ${DATA + 0x20000 - 64}
.l: inc rax
    mov [rbx], rax
    add rbx, 8
    inc rdx
    dec ecx
    jnz .l
    syscall`,
  'a misaligned access': `mov ebx, ${DATA}\n.l: movaps xmm0, [rbx]\ninc rax\nadd rbx, 1\njmp .l`,
  'a division by zero': `mov ecx, 9\n.l: mov eax, 7\nxor edx, edx\ndiv ecx\ndec ecx\njmp .l`,
  repetitions: `
    mov r8d, 30
.l: mov ecx, r8d
    mov edi, ${DATA}
    mov eax, r8d
    rep stosb
    mov ecx, 200
    mov edi, ${DATA}
    repne scasb
    mov ecx, 50
    mov edi, ${DATA}
    mov esi, ${DATA + 8}
    repe cmpsb
    dec r8d
    jnz .l
    syscall`,
  'an early way out of nested loops': `
    mov esi, 70
.a: mov ecx, esi
.b: imul rax, rcx, 77
    add rbx, rax
    test bl, 31
    jz .c
    dec ecx
    jnz .b
.c: dec esi
    jnz .a
    syscall`,
};

/** Declares the suite for one engine. */
export function profileContract(
  name: string,
  create: (memory: GuestMemory) => Promise<Engine>,
): void {
  describe(`${name} counts exactly`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = new Bench(await nodeAssembler());
      await bench.open(create);
    });
    afterAll(() => bench.engine.dispose());
    beforeEach(() => bench.reset());

    /** Runs the loaded program in pieces. @returns the counts and how many were executed. */
    const profiled = (budget: number): { profile: ExecutionProfile; executed: number } => {
      const profile = new ExecutionProfile();
      bench.engine.setProfile(profile);
      const { executed } = bench.finish(budget);
      bench.engine.setProfile(null);
      return { profile, executed };
    };

    /** The truth: by stepping. */
    const stepped = (): Map<number, number> => {
      const counts = new Map<number, number>();
      for (;;) {
        const at = Number(bench.memory.state.rip);
        const { stop, executed } = bench.engine.run(1);
        if (executed > 0) counts.set(at, (counts.get(at) ?? 0) + 1);
        if (stop.kind !== 'budget') return counts;
      }
    };

    const sorted = (counts: ReadonlyMap<number, number>): [number, number][] =>
      [...counts].sort(([a], [b]) => a - b);
    const sum = (node: CallNode | null): number =>
      node ? [...node.children.values()].reduce((n, child) => n + sum(child), node.self) : 0;

    it.each(Object.entries(PROGRAMS))('%s: as by single steps', async (_, source) => {
      await bench.load(source);
      const truth = sorted(stepped());
      for (const budget of [PLENTY, 1, 7, 50, 333]) {
        await bench.load(source);
        const { profile, executed } = profiled(budget);
        expect(sorted(profile.counts)).toEqual(truth);
        const total = truth.reduce((n, [, count]) => n + count, 0);
        expect(executed).toBe(total);
        expect(sum(profile.calls.root)).toBe(total);
      }
    });

    it('stays exact with breakpoints and watches about', async () => {
      const source = PROGRAMS['a recursion'] ?? '';
      await bench.load(source);
      const truth = sorted(stepped());
      await bench.load(source);
      bench.engine.setBreakpoints(new Set([addr(CODE + 12 + 14)]));
      bench.engine.setWatches([{ start: addr(0x500000 - 48), length: 8, access: 'write' }]);
      const profile = new ExecutionProfile();
      bench.engine.setProfile(profile);
      let stops = 0;
      while (bench.engine.run(PLENTY).stop.kind !== 'syscall') stops++;
      bench.engine.updateProfile();
      expect(stops).toBeGreaterThan(50);
      expect(sorted(profile.counts)).toEqual(truth);
      bench.engine.setProfile(null);
    });

    it('tells the cost of every path of calls', async () => {
      await bench.load(`
        call outer
        call inner
        syscall
outer:  nop
        call inner
        mov ecx, 3
.l:     call inner
        dec ecx
        jnz .l
        ret
inner:  nop
        nop
        ret`);
      for (const budget of [PLENTY, 3]) {
        bench.memory.state.rip = BigInt(CODE);
        const { profile } = profiled(budget);
        const paths: string[] = [];
        const walk = (node: CallNode | null, path: string): void => {
          if (!node) return;
          const here = `${path}/${(node.address - CODE).toString()}`;
          paths.push(`${here} ${node.self} in ${node.calls}`);
          for (const child of node.children.values()) walk(child, here);
        };
        walk(profile.calls.root, '');
        expect(paths).toEqual(['/0 3 in 0', '/0/12 13 in 1', '/0/12/33 12 in 4', '/0/33 3 in 1']);
      }
    });

    it('counts what runs while it is on, and nothing else', async () => {
      await bench.load(PROGRAMS['an early way out of nested loops'] ?? '');
      bench.engine.run(1000);
      const profile = new ExecutionProfile();
      const total = (): number => [...profile.counts.values()].reduce((a, b) => a + b, 0);
      bench.engine.setProfile(profile);
      bench.engine.run(500);
      bench.engine.updateProfile();
      expect(total()).toBe(500);
      profile.paused = true;
      bench.engine.run(700);
      bench.engine.updateProfile();
      profile.paused = false;
      expect(total()).toBe(500);
      bench.engine.run(20);
      bench.engine.setProfile(null);
      expect(total()).toBe(520);
      expect(sum(profile.calls.root)).toBe(520);
      bench.engine.run(500);
      bench.engine.updateProfile();
      expect(total()).toBe(520);
    });

    it('survives programs that leave their stack behind', async () => {
      await bench.load(`mov ecx, 2000\n.l: call .on\n.on: dec ecx\njz .end\njmp .l
        .end: mov rsp, 0x500000\ncall .f\nsyscall\n.f: ret`);
      const { profile, executed } = profiled(PLENTY);
      expect(executed).toBe(1 + 2000 * 4 - 1 + 4);
      expect(sum(profile.calls.root)).toBe(executed);
      expect(profile.calls.root?.children.size).toBe(2);
    });
  });
}
