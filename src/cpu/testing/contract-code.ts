// SPDX-License-Identifier: GPL-2.0-or-later
/** What the engine contract says of code and pages that change, and of much code. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addr } from '../../shared/brand.ts';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { CODE, DATA, PLENTY, UNMAPPED, type Bench } from './bench.ts';
import { LARGE, largeProgram } from './large-program.ts';

/** Two pages for code that writes itself. */
const OWN = 0x600000;

/** Declares the tests. */
export function codeContract(machine: () => Bench): void {
  it('sees what the machine writes between runs, data and code alike', async () => {
    const bench = machine();
    await bench.load(`.l: mov rax, [${DATA}]\nmov ecx, 5\njmp .l`);
    bench.engine.run(30);
    bench.memory.write(addr(DATA), Uint8Array.of(42));
    bench.memory.write(addr(CODE + 9), Uint8Array.of(99)); // the 5
    bench.engine.run(6);
    expect([bench.gpr('rax'), bench.gpr('rcx')]).toEqual([42n, 99n]);
  });

  it('sees pages come, go and change their rights', async () => {
    const bench = machine();
    await bench.load(`.l: mov rax, [${UNMAPPED}]\nmov [${UNMAPPED}], rcx\njmp .l`);
    const page = addr(UNMAPPED);
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

  describe('that the guest may write', () => {
    beforeAll(() =>
      machine().memory.protect(addr(OWN), 2 * PAGE_SIZE, PROT.read | PROT.write | PROT.exec),
    );
    afterAll(() => machine().memory.unmap(addr(OWN), 2 * PAGE_SIZE));

    /** Runs a program in the pages that it can write, and again in pieces of other lengths. */
    async function run(source: string, at = OWN): Promise<number> {
      const bench = machine();
      let executed = 0;
      for (const budget of [PLENTY, 1, 7]) {
        await bench.load(`%define OWN ${at}\n${source}`, at);
        const result = bench.finish(budget);
        expect(result.stop).toEqual({ kind: 'syscall' });
        if (executed > 0) expect(result.executed).toBe(executed);
        ({ executed } = result);
      }
      return executed;
    }

    it('executes what it writes elsewhere', async () => {
      const executed = await run(`
        mov edi, OWN + 0x800
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
      expect(executed).toBe(2 + 3 * 10 + 1);
      expect(machine().gpr('rbx')).toBe(6n);
    });

    it('executes what a store has made of the very next instruction', async () => {
      await run(`mov byte [rel .next + 1], 42\n.next: mov al, 7\nmovzx ebx, al\nsyscall`);
      expect(machine().gpr('rbx')).toBe(42n);
    });

    it('counts up an instruction of the loop that does it', async () => {
      const executed = await run(`mov ecx, 40\n.again: inc dword [rel .add + 2]\nnop
        .add: add ebx, 0x1000\ndec ecx\njnz .again\nsyscall`);
      expect(executed).toBe(1 + 40 * 5 + 1);
      expect(machine().gpr('rbx')).toBe(BigInt((40 * (0x1000 + 1 + 0x1000 + 40)) / 2));
    });

    it('forgets code that a string instruction copies over', async () => {
      await run(`xor ebx, ebx\ncall .old\nlea rsi, [rel .new]\nlea rdi, [rel .old]
        mov ecx, .end - .new\nrep movsb\ncall .old\nsyscall
        .old: add ebx, 1\nnop\nret\n.new: add ebx, 100\nret\n.end:`);
      expect(machine().gpr('rbx')).toBe(101n);
    });

    it('sees a change in the second page of an instruction', async () => {
      const start = OWN + PAGE_SIZE - 2; // mov eax, imm32 from here on
      await run(
        `mov eax, 0x01020304\nadd ebx, eax\ncmp byte [rel OWN + 4], 0x77\nje .end
        mov byte [rel OWN + 4], 0x77\njmp OWN\n.end: syscall`,
        start,
      );
      expect(machine().gpr('rbx')).toBe(0x01020304n + 0x77020304n);
    });

    it('takes a jump where it has been made to lead', async () => {
      await run(`mov ecx, 100\n.again: dec ecx\njz .end\ncmp ecx, 50\njne .jump
        mov byte [rel .jump + 1], .other - .jump - 2
        .jump: jmp short .one\n.one: inc ebx\njmp .again\n.other: inc edx\njmp .again\n.end: syscall`);
      expect([machine().gpr('rbx'), machine().gpr('rdx')]).toEqual([49n, 50n]);
    });
  });

  it('survives a program of more than a megabyte of code, and is exact in it', () => {
    const bench = machine();
    const program = largeProgram();
    expect(program.code.length).toBeGreaterThan(2 ** 20);
    const length = Math.ceil(program.code.length / PAGE_SIZE) * PAGE_SIZE;
    bench.memory.protect(addr(LARGE), length, PROT.read | PROT.exec);
    bench.memory.write(addr(LARGE), program.code);
    for (const pass of [1, 2]) {
      bench.reset();
      bench.memory.state.rip = BigInt(LARGE + program.entry);
      const run = bench.finish();
      expect([pass, run]).toEqual([
        pass,
        { stop: { kind: 'syscall' }, executed: program.instructions },
      ]);
      expect(bench.gpr('rax')).toBe(program.result);
    }
    bench.memory.unmap(addr(LARGE), length);
  }, 240_000);
}
