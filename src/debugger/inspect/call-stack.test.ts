// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import { Rig } from '../testing/rig.ts';
import { CallStack } from './call-stack.ts';

let rig: Rig | null = null;
afterEach(() => {
  rig?.dispose();
  rig = null;
});

async function at(source: string, label: string): Promise<{ rig: Rig; stack: CallStack }> {
  rig = await Rig.start(source);
  expect(await rig.run({ kind: 'to', address: rig.at(label) })).toEqual({ kind: 'cursor' });
  return { rig, stack: new CallStack(rig.memory, rig.index) };
}

const NESTED = `
global _start
_start:
    mov     rbx, 11
    mov     r12, 12
    call    outer
.back:
    ud2
outer:
    push    rbx
    push    r12
    sub     rsp, 24
    mov     qword [rsp], 77
    mov     ebx, 5
    call    inner
.after:
    add     rsp, 24
    pop     r12
    pop     rbx
    ret
inner:
    sub     rsp, 16
    mov     [rsp + 8], rbx
    mov     ebx, 6
.deep:
    mov     rbx, [rsp + 8]
    test    eax, eax
    jz      .out
    nop
.out:
    add     rsp, 16
.end:
    ret
`;

describe('the call stack', () => {
  it('follows the code, at every instruction of a function', async () => {
    const { rig, stack } = await at(NESTED, 'inner');
    for (;;) {
      const { frames, complete, warnings } = stack.report(0);
      expect(frames.map((f) => f.place?.replace(/\+.*/, '').replace(/\..*/, ''))).toEqual([
        'inner',
        'outer',
        '_start',
      ]);
      expect(frames.every((f) => f.exact)).toBe(true);
      expect(complete).toBe(true);
      expect(warnings).toEqual([]);
      expect(frames[1]?.address).toBe(rig.at('outer.after'));
      expect(frames[2]?.address).toBe(rig.at('_start.back'));
      if (Number(rig.memory.state.rip) === rig.at('inner.end')) break;
      await rig.run({ kind: 'step-in' });
    }
  });

  it('names what lies on the stack', async () => {
    const { rig, stack } = await at(NESTED, 'inner.deep');
    const { frames, slots } = stack.report(10);
    expect(frames[0]?.saved).toEqual([{ register: 'rbx', slot: Number(rig.gpr('rsp')) + 8 }]);
    expect(
      slots.slice(0, 9).map(({ kind, value, frame, text }) => [kind, value, frame, text]),
    ).toEqual([
      ['plain', expect.any(BigInt), 0, expect.any(String)],
      ['saved', 5n, 0, 'rbx of outer'],
      ['return', BigInt(rig.at('outer.after')), 0, 'return to outer.after'],
      ['plain', 77n, 1, ''],
      ['plain', expect.any(BigInt), 1, expect.any(String)],
      ['plain', expect.any(BigInt), 1, expect.any(String)],
      ['saved', 12n, 1, 'r12 of _start'],
      ['saved', 11n, 1, 'rbx of _start'],
      ['return', BigInt(rig.at('_start.back')), 1, 'return to _start.back'],
    ]);
  });

  it('understands frame pointers, also where rsp does not follow from the code', async () => {
    const { stack } = await at(
      `
global _start
_start:
    call    framed
    ud2
framed:
    push    rbp
    mov     rbp, rsp
    and     rsp, -64
    sub     rsp, rax
.deep:
    leave
.end:
    ret
`,
      'framed.deep',
    );
    const { frames } = stack.report(0);
    expect(frames.map((f) => [f.place, f.exact])).toEqual([
      ['framed.deep', true],
      ['_start+0x5', true],
    ]);
    expect(frames[0]?.saved.map((s) => s.register)).toEqual(['rbp']);
  });

  it('guesses where the code does not tell, and says so', async () => {
    const { stack } = await at(
      `
global _start
_start:
    call    odd
    ud2
odd:
    mov     rax, rsp
    sub     rax, 32
    mov     rsp, rax
.deep:
    nop
    ret
`,
      'odd.deep',
    );
    const { frames, complete } = stack.report(0);
    expect(frames.map((f) => [f.place, f.exact])).toEqual([
      ['odd.deep', false],
      ['_start+0x5', true],
    ]);
    expect(complete).toBe(true);
  });

  it('knows subroutines behind local labels, and recursion', async () => {
    const { rig, stack } = await at(
      `
global _start
_start:
    mov     edi, 3
    push    rdi
    call    .part
    ud2
.part:
    sub     rsp, 8
    call    again
    add     rsp, 8
    ret
again:
    push    rbx
    dec     edi
    jz      .bottom
    call    again
.back:
    pop     rbx
    ret
.bottom:
    nop
    pop     rbx
    ret
`,
      'again.bottom',
    );
    const { frames } = stack.report(0);
    expect(frames.map((f) => f.place)).toEqual([
      'again.bottom',
      'again.back',
      'again.back',
      '_start.part+0x9',
      '_start+0xb',
    ]);
    expect(frames.every((f) => f.exact)).toBe(true);
    // Code that has changed is read anew.
    rig.memory.bytes[rig.at('again.bottom')] = 0x53; // push rbx
    await rig.run({ kind: 'step-in' });
    expect(stack.report(0).frames).toHaveLength(5);
  });

  it('follows a tail that two functions share', async () => {
    const { stack } = await at(
      `
global _start
_start:
    call    second
    ud2
first:
    push    rbx
    push    r12
    mov     ebx, 1
    ; falls through
shared_tail:
    nop
.deep:
    pop     r12
    pop     rbx
    ret
second:
    push    rbx
    push    r12
    mov     ebx, 2
    jmp     shared_tail
`,
      'shared_tail.deep',
    );
    const { frames, warnings } = stack.report(0);
    expect(frames.map((f) => [f.place, f.exact])).toEqual([
      ['shared_tail.deep', true],
      ['_start+0x5', true],
    ]);
    expect(frames[0]?.saved.map((s) => s.register)).toEqual(['rbx', 'r12']);
    expect(warnings).toEqual([]);
  });

  it('shows what breaks the convention', async () => {
    const { stack } = await at(
      `
global _start
_start:
    sub     rsp, 8
    call    bad
    ud2
bad:
    push    r13
    mov     ebx, 1
    push    rax
    test    eax, eax
    jz      .short
    pop     rax
.short:
    pop     r12
    ret
`,
      'bad',
    );
    const texts = stack.report(0).warnings.map((w) => `${w.kind}: ${w.text}`);
    expect(texts).toHaveLength(4);
    expect(texts.join('\n')).toMatch(/register: `mov ebx,1` changes rbx/);
    expect(texts.join('\n')).toMatch(/register: `pop r12` changes r12/);
    expect(texts.join('\n')).toMatch(/balance: Two ways lead here/);
    expect(texts.join('\n')).toMatch(/balance: At this ret -?\d+ bytes/);
  });
});
