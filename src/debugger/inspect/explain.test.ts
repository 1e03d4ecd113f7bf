// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import { FLAG, GPR } from '../../shared/cpu-state.ts';
import { hexBytes } from '../../shared/format.ts';
import { Rig } from '../testing/rig.ts';
import { explain, outcomeAt } from './explain.ts';
import type { Write } from './outcome.ts';

let rig: Rig | null = null;
afterEach(() => {
  rig?.dispose();
  rig = null;
});

const DATA = `
section .data
align 16
numbers: dq 0.1307, -0.0421, 2.5, -7.0
singles: dd 1.5, -2.25, 3.0, 0.1
words:   dq 5, -3, 0x123456789abcdef0, 100
section .text
`;

async function start(source: string): Promise<Rig> {
  rig = await Rig.start(`${DATA}\nglobal _start\n_start:\n${source}\nud2\n`);
  return rig;
}

/** Where the machine differs from what was foretold. */
function differences(rig: Rig, writes: readonly Write[]): string[] {
  const { state, bytes } = rig.memory;
  return writes.flatMap((write): string[] => {
    const compare = (what: string, found: unknown, expected: unknown): string[] =>
      found === expected ? [] : [`${what}: ${String(found)}, foretold ${String(expected)}`];
    switch (write.kind) {
      case 'gpr':
        return compare(`gpr ${write.index}`, state.gpr(write.index), write.value);
      case 'xmm':
        return compare('xmm', hexBytes(state.xmm(write.index)), hexBytes(write.bytes));
      case 'memory': {
        const found = bytes.subarray(write.address, write.address + write.bytes.length);
        return compare('memory', hexBytes(found), hexBytes(write.bytes));
      }
      case 'flags':
        return compare('flags', state.rflags & write.mask, write.value);
      case 'rip':
        return compare('rip', state.rip, write.value);
    }
  });
}

/** Steps through a program and compares every instruction with what was foretold of it. */
async function follow(source: string): Promise<{ steps: number; foretold: number }> {
  const rig = await start(source);
  const counts = { steps: 0, foretold: 0 };
  for (let n = 0; n < 1000; n++) {
    const rip = Number(rig.memory.state.rip);
    const text = explain(rig.memory, rip, () => null)?.text ?? '';
    if (text === 'ud2') return counts;
    const { lines, writes } = outcomeAt(rig.memory, rip);
    await rig.run({ kind: 'step-in' });
    counts.steps++;
    if (writes.length > 0) counts.foretold++;
    expect(differences(rig, writes), `${text}: ${lines.join('; ')}`).toEqual([]);
  }
  throw new Error('the program does not end');
}

describe('formulas come true', () => {
  it('of integer arithmetic, with flags', async () => {
    const values = ['5', '-3', '0x7fffffffffffffff', '0', '0x80000000'];
    const operations = ['add', 'sub', 'adc', 'sbb', 'and', 'or', 'xor', 'cmp', 'test', 'imul'];
    const source = values.flatMap((a, i) => [
      `mov rax, ${a}`,
      `mov rbx, ${values[(i * 3 + 1) % values.length] ?? '0'}`,
      ...operations.map((name) => `${name} rax, rbx`),
      ...operations.map((name) => `${name} eax, ebx`),
      ...operations.slice(0, 9).map((name) => `${name} al, bl`),
      'add rax, 17\n add ax, 1000\n sub rbx, -1\n imul rcx, rax, 77\n imul ecx, eax, -5',
      'inc rax\n dec rbx\n inc bl\n neg rax\n not rbx\n neg ecx\n bswap rax\n bswap ebx\n mov ah, 3',
      'shl rax, 3\n shr ebx, 7\n sar rax, 60\n mov cl, 9\n shl eax, cl\n sar ebx, cl\n rol rax, 9\n ror eax, 4',
      'cdqe\n cdq\n cqo\n bsf rdx, rbx\n lea rdx, [rbx + 4*rcx - 8]\n lea edx, [rax + rax]',
      'setz al\n setl bl\n cmovb rcx, rax\n cmovae ecx, ebx\n cmovg rcx, rbx\n movzx edx, al\n movsx rdx, bl\n movsxd rdx, ecx',
      'mov rdx, [words + 8]\n add [words], rdx\n inc dword [words + 4]\n xchg rdx, rcx',
    ]);
    const { steps, foretold } = await follow(source.join('\n'));
    expect(steps).toBeGreaterThan(200);
    expect(foretold / steps).toBeGreaterThan(0.97);
  });

  it('of wide products and quotients', async () => {
    await follow(`
    mov rax, 0x123456789abcdef0
    mov rbx, -77
    mul rbx
    imul rbx
    mov eax, 1000
    cdq
    mov ecx, -7
    idiv ecx
    mov rax, -1000
    cqo
    mov rcx, 7
    idiv rcx
    xor edx, edx
    mov rax, 12345678901
    div rcx`);
  });

  it('of jumps, calls and the stack', async () => {
    const { steps, foretold } = await follow(`
    mov ecx, 3
.again:
    push rcx
    push 77
    pop rax
    pop rcx
    cmp ecx, 2
    je .equal
    ja .above
    jb .below
.equal:
.above:
.below:
    loop .again
    call .part
    lea rax, [.part]
    call rax
    jmp .end
.part:
    push rbp
    mov rbp, rsp
    sub rsp, 32
    leave
    ret
.end:
    jrcxz .out
    nop
.out:
    nop`);
    expect(steps - foretold).toBeLessThan(4);
  });

  it('of floating point', async () => {
    const names = ['add', 'sub', 'mul', 'div', 'min', 'max', 'sqrt'];
    const lines = names.flatMap((name) => [
      'movapd xmm0, [numbers]\n movapd xmm1, [numbers + 16]\n movaps xmm2, [singles]',
      `${name}sd xmm0, xmm1\n ${name}pd xmm0, xmm1\n ${name}sd xmm1, [numbers + 8]`,
      `${name}ss xmm2, xmm1\n ${name}ps xmm2, [singles]`,
    ]);
    const { steps, foretold } = await follow(`
    ${lines.join('\n').replaceAll('sqrtsd xmm1, [numbers + 8]', 'sqrtsd xmm1, [numbers]')}
    movapd xmm0, [numbers]
    movapd xmm1, [numbers + 16]
    ucomisd xmm0, xmm1
    comisd xmm1, xmm0
    ucomisd xmm1, xmm1
    xorpd xmm3, xmm3
    divsd xmm3, xmm3
    ucomisd xmm3, xmm1
    cmpltsd xmm0, xmm1
    cmpnlepd xmm1, [numbers]
    cmpps xmm2, [singles], 1
    mov rax, -12345
    cvtsi2sd xmm4, rax
    cvtsi2ss xmm5, eax
    movsd xmm6, [numbers + 16]
    cvtsd2si rax, xmm6
    cvttsd2si ecx, [numbers + 24]
    cvtsd2ss xmm6, [numbers]
    cvtss2sd xmm6, xmm6
    addsd xmm6, xmm4`);
    expect(steps - foretold).toBeLessThanOrEqual(1);
  });

  it('of moves and shuffles', async () => {
    const { steps, foretold } = await follow(`
    movupd xmm0, [numbers]
    movaps xmm1, xmm0
    movdqa xmm2, [singles]
    movsd xmm3, [numbers + 8]
    movsd xmm1, xmm3
    movss xmm1, xmm2
    movss xmm4, [singles + 4]
    movq xmm5, [numbers]
    movq rax, xmm5
    movq xmm6, rax
    movd xmm6, eax
    movd ecx, xmm0
    movq xmm0, xmm5
    movupd xmm0, [numbers]
    unpcklpd xmm0, xmm2
    unpckhpd xmm0, xmm1
    unpcklps xmm1, xmm2
    unpckhps xmm1, xmm0
    movhlps xmm1, xmm2
    movlhps xmm1, xmm0
    movhpd xmm1, [numbers]
    movlpd xmm2, [numbers + 16]
    movhps [singles], xmm2
    movlps [singles + 8], xmm2
    shufps xmm0, xmm1, 0x4e
    shufpd xmm0, xmm1, 1
    pshufd xmm0, xmm1, 0x1b
    xorps xmm3, xmm1
    andpd xmm3, xmm0
    andnps xmm3, xmm2
    orps xmm3, xmm1
    pxor xmm4, xmm4
    pcmpeqb xmm4, xmm4
    paddq xmm3, xmm1
    psubd xmm3, xmm2
    paddb xmm3, xmm2
    pcmpgtd xmm1, xmm2
    psllq xmm3, 3
    psrld xmm3, 5
    pmovmskb eax, xmm3
    movmskpd ecx, xmm2
    movupd [numbers], xmm3
    movsd [words], xmm3`);
    expect(foretold).toBe(steps);
  });
});

describe('an explanation', () => {
  it('has the formula with its numbers, values, flags and form', async () => {
    const rig = await start('movsd xmm0, [numbers]\n.here:\nmulsd xmm0, [numbers + 8]');
    await rig.run({ kind: 'step-in' });
    const nameOf = (at: number): string | null => rig.index.describe(at);
    const found = explain(rig.memory, rig.at('_start.here'), nameOf);
    expect(found).toMatchObject({
      mnemonic: 'mulsd',
      formula: ['xmm0.f64[0] = 0.1307 × -0.0421 = -0.00550247…'],
      form: 'MULSD xmm1, xmm2/m64',
      encoding: 'F2 0F 59 /r',
      extensions: ['SSE2'],
      next: true,
      latency: expect.stringContaining('3 to 4 cycles') as string,
    });
    expect(found?.summary).toContain('Multiplies the low doubles');
    expect(found?.operands).toEqual([
      {
        text: 'xmm0',
        access: 'reads and writes',
        value: '{ 0.1307, 0 } as f64',
        address: null,
        addressText: null,
      },
      {
        text: expect.stringContaining('numbers+0x8') as string,
        access: 'reads',
        value: '-0.0421 as f64',
        address: rig.at('numbers') + 8,
        addressText: expect.stringContaining('(numbers+0x8)') as string,
      },
    ]);
  });

  it('shows how an address comes about', async () => {
    const rig = await start('lea rdi, [numbers]\nmov ecx, 3\n.here:\nmov rax, [rdi + 8*rcx - 16]');
    await rig.run({ kind: 'to', address: rig.at('_start.here') });
    const found = explain(rig.memory, rig.at('_start.here'), (at) => rig.index.describe(at));
    const at = rig.at('numbers');
    const x = (value: number): string => `0x${value.toString(16)}`;
    expect(found?.operands[1]?.addressText).toBe(
      `rdi + 8 × rcx - 16 = ${x(at)} + 8 × 3 - 16 = ${x(at + 8)} (numbers+0x8)`,
    );
  });

  it('says which flags are read and written, and whether a jump is taken', async () => {
    const rig = await start('cmp eax, eax\nje .there\n.there:\nnop');
    const entry = Number(rig.memory.state.rip);
    const compare = explain(rig.memory, entry, () => null);
    expect(compare?.flags).toEqual({
      read: [],
      written: ['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'],
      cleared: [],
      set: [],
      undefined: [],
    });
    await rig.run({ kind: 'step-in' });
    const jump = explain(rig.memory, entry + 2, (at) => rig.index.describe(at));
    expect(jump?.flags.read).toEqual(['ZF']);
    expect(jump?.formula).toEqual(['ZF = 1: jumps to _start.there']);
    rig.memory.state.rflags &= ~FLAG.ZF;
    expect(explain(rig.memory, entry + 2, () => null)?.formula).toEqual(['ZF = 0: does not jump']);
    expect(jump?.summary).toBe('Jumps when equal, or the result was zero (ZF = 1).');
  });

  it('copes with what cannot be read, and with no instruction at all', async () => {
    const rig = await start('mov rax, [rbx]\ndb 6');
    rig.memory.state.setGpr(GPR.rbx, 16n);
    const entry = Number(rig.memory.state.rip);
    const found = explain(rig.memory, entry, () => null);
    expect(found?.formula).toEqual([]);
    expect(found?.operands[1]).toMatchObject({ value: null, address: 16 });
    rig.memory.state.setGpr(GPR.rbx, 1n << 63n);
    expect(explain(rig.memory, entry, () => null)?.operands[1]).toMatchObject({ address: null });
    expect(explain(rig.memory, entry + 3, () => null)).toBeNull();
    expect(explain(rig.memory, 16, () => null)).toBeNull();
    expect(explain(rig.memory, -1, () => null)).toBeNull();
  });
});
