// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { FaultReport } from '../protocol/machine.ts';
import { Rig } from './testing/rig.ts';

async function faultOf(source: string): Promise<FaultReport> {
  const rig = await Rig.start(source);
  try {
    const reason = await rig.run({ kind: 'continue' });
    if (reason.kind !== 'fault') throw new Error(`the program ended with ${reason.kind}`);
    expect(rig.session.end).toEqual(reason);
    return reason.fault;
  } finally {
    rig.dispose();
  }
}

/** Line of the third line of each source, behind what `program` puts before it. */
const CRASH = 9;

interface Case {
  readonly name: string;
  /** What faults stands on its third line, at `crash`. */
  readonly source: string;
  readonly report: Partial<FaultReport>;
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: 'an endless recursion',
    source: 'nop\n_start:\ncrash: call crash',
    report: { signal: 'SIGSEGV', code: 'unmapped-write', symbol: 'crash' },
    says: /`call .*crash` writes to 0x[0-9a-f]+.* stack has grown into its guard/,
  },
  {
    name: 'a null pointer',
    source: '_start:\nxor ebx, ebx\ncrash: mov rax, [rbx+16]',
    report: { signal: 'SIGSEGV', code: 'unmapped-read', symbol: 'crash', address: '0x10' },
    says: /`mov rax, \[rbx\+0x10\]` reads 0x10.* close to zero/,
  },
  {
    name: 'a negative index',
    source: '_start:\nmov rbx, -1 << 17\ncrash: mov eax, [table+rbx*8]\nsection .data\ntable: dd 1',
    report: { signal: 'SIGSEGV', code: 'unmapped-read', symbol: 'crash' },
    says: /where there is no memory/,
  },
  {
    name: 'a write to constants',
    source: '_start:\nnop\ncrash: inc dword [limit]\nsection .rodata\nlimit: dd 1',
    report: { signal: 'SIGSEGV', code: 'write-protected', symbol: 'crash' },
    says: /read-only\. It lies at limit\. .*\.data or \.bss/,
  },
  {
    name: 'a jump into data',
    source: 'crash:\n_start:\njmp there\nsection .data\nthere: dd 1',
    report: { signal: 'SIGSEGV', code: 'exec-protected', symbol: 'there', line: 11 },
    says: /data and not code/,
  },
  {
    name: 'a misaligned movaps',
    source: '_start:\nlea rbx, [rsp+8]\ncrash: movaps xmm0, [rbx]',
    report: { signal: 'SIGSEGV', code: 'misaligned', symbol: 'crash' },
    says: /`movaps xmm0, \[rbx\]` needs an address that is a multiple of 16, and 0x[0-9a-f]+8 is not/,
  },
  {
    name: 'an AVX instruction',
    source: '_start:\nnop\ncrash: vaddpd ymm0, ymm1, ymm2',
    report: { signal: 'SIGILL', code: 'unsupported', symbol: 'crash', address: null },
    says: /`vaddpd ymm0, ymm1, ymm2` is a real instruction .*AVX/,
  },
  {
    name: 'a division by zero',
    source: '_start:\nxor ecx, ecx\ncrash: div ecx',
    report: { signal: 'SIGFPE', code: 'divide-error', symbol: 'crash' },
    says: /`div ecx` divides by zero/,
  },
  {
    name: 'ud2',
    source: '_start:\nnop\ncrash: ud2',
    report: { signal: 'SIGILL', code: 'invalid-opcode', symbol: 'crash' },
    says: /no valid instruction/,
  },
  {
    name: 'int3',
    source: '_start:\nnop\ncrash: int3',
    report: { signal: 'SIGTRAP', code: 'breakpoint-trap', symbol: 'crash' },
    says: /int3 was executed/,
  },
  {
    name: 'hlt',
    source: '_start:\nnop\ncrash: hlt',
    report: { signal: 'SIGSEGV', code: 'general-protection', symbol: 'crash' },
    says: /`hlt` is refused/,
  },
];

describe('a fault report', () => {
  it.each(CASES)('tells of $name', async ({ source, report, says }) => {
    const fault = await faultOf(source);
    expect(fault).toMatchObject({ file: 'main.asm', line: CRASH, ...report });
    expect(fault.message).toMatch(says);
  });

  it('tells of a jump to nowhere, where no line is', async () => {
    const fault = await faultOf('_start: mov rax, 0x7000000\njmp rax');
    expect(fault).toMatchObject({
      code: 'unmapped-fetch',
      rip: 0x7000000,
      symbol: null,
      file: null,
      line: null,
    });
    expect(fault.message).toMatch(/jumped to 0x7000000/);
  });

  it('tells of addresses that cannot exist', async () => {
    const fault = await faultOf('_start: mov rax, 0x4141414141414141\nmov ebx, [rax]');
    expect(fault.code).toBe('general-protection');
    expect(fault.message).toMatch(/not canonical/);
    const far = await faultOf('_start: mov rax, 0x700000000000\nmov ebx, [rax]');
    expect(far).toMatchObject({ code: 'unmapped-read', address: '0x700000000000' });
  });
});
