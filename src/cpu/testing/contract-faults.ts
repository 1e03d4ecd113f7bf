// SPDX-License-Identifier: GPL-2.0-or-later
/** What the engine contract says of faults. */
import { expect, it } from 'vitest';
import { addr } from '../../shared/brand.ts';
import type { Fault } from '../cpu.ts';
import { CODE, DATA, DATA_END, PLENTY, RODATA, UNMAPPED, type Bench } from './bench.ts';

interface FaultCase {
  readonly name: string;
  readonly source: string;
  readonly fault: Partial<Fault>;
  /** Instructions before the one that faults. */
  readonly executed: number;
}

const FAULTS: readonly FaultCase[] = [
  {
    name: 'a read from nowhere',
    source: `inc rbx\nmov eax, ${UNMAPPED}\nmov rcx, [rax]`,
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'unmapped-read', address: BigInt(UNMAPPED) },
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
    name: 'a jump to no address at all',
    source: 'inc rbx\nmov rax, 0x4141414141414141\njmp rax',
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'general-protection', rip: BigInt(CODE + 13) },
  },
  {
    name: 'a call to no address at all',
    source: 'inc rbx\nmov rax, 0x0000800000000000\ncall rax',
    executed: 2,
    fault: { signal: 'SIGSEGV', code: 'general-protection', rip: BigInt(CODE + 13) },
  },
  {
    name: 'a return to no address at all',
    source: 'inc rbx\nmov rax, 0x4141414141414141\npush rax\nret 16',
    executed: 3,
    fault: { signal: 'SIGSEGV', code: 'general-protection', rip: BigInt(CODE + 14) },
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

/** For `except`: at a #DE the flags are those of an earlier instruction, unless it is stepped to. */
export const DIVISION_FLAGS = 'the flags at a divide error';

/** Declares the tests, but for the faults named in `except`. */
export function faultContract(machine: () => Bench, except: readonly string[]): void {
  it.each(FAULTS.filter((f) => !except.includes(f.name)))(
    'reports $name exactly',
    async ({ source, fault, executed }) => {
      const bench = machine();
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
    },
  );

  // a call has stored its return address by then, but has not moved rsp
  const wild: [string, bigint, bigint][] = [
    ['call rax', 0n, BigInt(CODE + 33)],
    ['push rax\nret 24', 8n, 1n << 63n],
    ['jmp rax', 0n, 77n],
  ];
  it.each(wild)(
    'leaves stack pointer and flags alone when `%s` has no address to go to',
    async (branch, pushed, slot) => {
      const bench = machine();
      const before = 'mov ebx, 5\nmov rax, 0x8000000000000000\nmov rcx, rsp';
      await bench.load(`${before}\nmov qword [rsp - 8], 77\ncmp rcx, 7\n${branch}`);
      const run = bench.finish();
      expect(run.stop).toMatchObject({ fault: { code: 'general-protection' } });
      expect(bench.gpr('rcx') - bench.gpr('rsp')).toBe(pushed);
      const below = Number(bench.gpr('rcx') - 8n);
      expect(new DataView(bench.memory.bytes.buffer).getBigUint64(below, true)).toBe(slot);
      expect(bench.memory.state.rflags & 0x41).toBe(0);
    },
  );

  const divisions = except.includes(DIVISION_FLAGS) ? [] : ['div ecx', 'idiv cl'];
  it.each([...divisions, 'mov eax, [rcx]', 'movaps xmm0, [rcx + 1]', 'ud2'])(
    'leaves the flags of the instruction before when `%s` faults',
    async (faulting) => {
      const bench = machine();
      await bench.load(`mov ebx, 5\ncmp ebx, 7\nxor ecx, ecx\n${faulting}\nadd ebx, ebx`);
      expect(bench.finish().stop.kind).toBe('fault');
      expect(bench.memory.state.rflags & 0x8d5).toBe(0x44);
    },
  );

  // an int3 has executed when it is told of
  const later = FAULTS.filter(({ fault }) => fault.code !== 'breakpoint-trap');
  const mine = later.filter((f) => !except.includes(f.name));
  it.each(mine.filter(({ executed }) => executed > 0))(
    'keeps $name for the run that comes to it',
    async ({ source, fault, executed }) => {
      const bench = machine();
      await bench.load(source);
      for (let left = executed; left > 0;) {
        const run = bench.engine.run(left);
        expect(run.stop).toEqual({ kind: 'budget' });
        left -= run.executed;
      }
      expect(bench.memory.state.instructions).toBe(executed);
      expect(bench.engine.run(1)).toMatchObject({ stop: { kind: 'fault', fault }, executed: 0 });
    },
  );

  it.each([1, 70, 150, 400, 700])(
    'reports a fault exactly behind %i instructions without a jump, and before as many',
    async (many) => {
      const bench = machine();
      const body = 'add rbx, rcx\n'.repeat(many);
      const source = `mov ecx, 1\n${body}cmp ecx, 2\nmov rax, [${UNMAPPED}]\n${body}.l: jmp .l`;
      await bench.load(source);
      const run = bench.engine.run(PLENTY);
      expect(run.stop).toMatchObject({
        fault: { code: 'unmapped-read', address: BigInt(UNMAPPED) },
      });
      expect(run.executed).toBe(many + 2);
      expect(bench.gpr('rbx')).toBe(BigInt(many));
      expect(bench.memory.state.rip).toBe(BigInt(CODE + 5 + 3 * many + 3));
      expect(bench.memory.state.rflags & 0x8d5).toBe(0x95); // of 1 - 2: CF, PF, AF, SF
    },
  );

  it('raises what comes first in code that runs up to the end of its page', () => {
    const bench = machine();
    const last = addr(CODE + 0x10000 - 4);
    bench.memory.write(last, new Uint8Array([0x31, 0xc9, 0xf7, 0xf1])); // xor ecx, ecx; div ecx
    bench.memory.state.rip = BigInt(last);
    const run = bench.engine.run(PLENTY);
    expect(run.executed).toBe(1);
    expect(run.stop).toMatchObject({ kind: 'fault', fault: { code: 'divide-error' } });
    expect(bench.memory.state.rip).toBe(BigInt(last + 2));
  });

  it('leaves a rep instruction with its progress when it faults', async () => {
    const bench = machine();
    await bench.load(`mov ecx, 1000\nmov edi, ${DATA_END - 100}\nmov al, 9\nrep stosb`);
    const run = bench.finish();
    expect(run.executed).toBe(3);
    expect(run.stop).toMatchObject({
      fault: { code: 'unmapped-write', address: BigInt(DATA_END) },
    });
    expect(bench.gpr('rcx')).toBe(900n);
    expect(bench.memory.bytes[DATA_END - 1]).toBe(9);
  });
}
