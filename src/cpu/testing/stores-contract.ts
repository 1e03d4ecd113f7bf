// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `GuestMemory.expectStores` as a test suite: whatever an instruction writes to, an engine has said
 * so. A recording looks for changes nowhere else.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeAssembler } from '../../cli/node-assembler.ts';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { addr } from '../../shared/brand.ts';
import { Bench, type EngineMaker } from './bench.ts';

const FIRST_ROOM = 0x1000000;
const PAGES = 8;
const ROOM_SIZE = PAGES * PAGE_SIZE;

/** Ways to write to ROOM, whose address rdi holds too. */
const WAYS: Readonly<Record<string, string>> = {
  'at a constant address': 'mov qword [ROOM + 8], 5',
  'through a register': 'mov [rdi + 0x1000], edi',
  'over the end of a page': 'mov [rdi + 0xffd], rdi',
  'in a loop': 'mov ecx, 3000\n.l: mov [rdi + rcx * 8], rcx\ndec ecx\njnz .l',
  'in a hot loop': 'mov ecx, 400000\n.l: inc qword [rdi + 0x2000]\ndec ecx\njnz .l',
  'on a stack': 'lea rsp, [rdi + 0x1800]\npush rax\ncall .f\n.f: pushf',
  'by rep stos': 'mov ecx, 5000\nmov al, 7\nrep stosb',
  'by rep stos backwards': 'add rdi, 0x2ff8\nmov ecx, 700\nmov al, 7\nstd\nrep stosq\ncld',
  'by rep movs': 'lea rsi, [rdi + 0x4000]\nmov [rsi], rsi\nmov ecx, 900\nrep movsq',
  'by stos and movs': 'mov eax, -1\nstosd\nmov rsi, rsp\npush rax\nsub rsi, 8\nmovsq',
  'of vectors': 'pcmpeqd xmm0, xmm0\nmovaps [rdi], xmm0\nmovups [rdi + 0x1ff9], xmm0',
  'past the caches': 'pcmpeqd xmm0, xmm0\nmovntdq [rdi], xmm0\nmovnti [rdi + 0x3000], edi',
  'of lanes': 'pcmpeqd xmm0, xmm0\nmovhps [rdi], xmm0\nmovsd [rdi + 0x1000], xmm0',
  'under a mask': 'pcmpeqd xmm0, xmm0\nmovdqa xmm1, xmm0\nmaskmovdqu xmm0, xmm1',
  'and reads':
    'mov eax, 3\nxchg [rdi], eax\ninc eax\nxadd [rdi + 0x1000], eax\nlock inc dword [rdi + 0x2000]',
  'if equal': 'xor eax, eax\nmov ecx, 9\ncmpxchg [rdi], ecx',
  'of bits': 'mov eax, 70000\nbts [rdi], eax\nmov ecx, 9\nbtc qword [rdi + 0x1000], 5',
  'of flags and conditions': 'stc\nsetc [rdi]\nstmxcsr [rdi + 0x1000]',
  'by pop': 'push 77\npop qword [rdi + 0x1000]',
};

/** Declares the suite for one engine. */
export function storesContract(name: string, create: EngineMaker): void {
  describe(`${name} tells of stores`, () => {
    let bench: Bench;
    let room = FIRST_ROOM;
    beforeAll(async () => {
      bench = new Bench(await nodeAssembler());
      await bench.open(create);
    });
    afterAll(() => bench.engine.dispose());

    /** Runs code on pages that nobody has stored to. @returns those that have changed since. */
    async function changed(source: string, budget: number, prot: number): Promise<number[]> {
      const { memory } = bench;
      room += 2 * ROOM_SIZE;
      memory.protect(addr(room), ROOM_SIZE, prot);
      memory.divide(addr(room));
      const first = room / PAGE_SIZE;
      const pages = Array.from({ length: PAGES }, (_, i) => first + i);
      expect(pages.filter((page) => memory.mayHoldStores(page))).toEqual([]);
      await bench.load(`%define ROOM ${room}\nmov edi, ROOM\n${source}\nsyscall`);
      expect(bench.finish(budget).stop).toEqual({ kind: 'syscall' });
      return pages.filter((page) =>
        memory.bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE).some((byte) => byte !== 0),
      );
    }

    it.each(Object.entries(WAYS))('%s', async (_, source) => {
      const { memory } = bench;
      const plain = PROT.read | PROT.write;
      for (const [budget, prot] of [
        [10_000_000, plain],
        [3, plain],
        [10_000_000, plain | PROT.exec],
      ] as const) {
        if (budget < 10 && source.includes('400000')) continue;
        const pages = await changed(source, budget, prot);
        expect(pages.length).toBeGreaterThan(0);
        expect(pages.filter((page) => !memory.mayHoldStores(page))).toEqual([]);
      }
    });

    it('and not of pages apart from those', async () => {
      await changed('mov [rdi], edi', 10_000_000, PROT.read | PROT.write);
      const { memory } = bench;
      const beyond = room + ROOM_SIZE;
      memory.protect(addr(beyond), PAGE_SIZE, PROT.read | PROT.write);
      memory.divide(addr(beyond));
      await bench.load(`mov edi, ${room}\nmov [rdi], edi\nmov eax, [rdi + ${ROOM_SIZE}]\nsyscall`);
      bench.finish();
      expect(memory.mayHoldStores(room / PAGE_SIZE)).toBe(true);
      expect(memory.mayHoldStores(beyond / PAGE_SIZE)).toBe(false);
    });
  });
}
