// SPDX-License-Identifier: GPL-2.0-or-later
/** Going back from where a program has ended: by a fault of any kind, or by its own wish. */
import { afterEach, describe, expect, it } from 'vitest';
import { Rig } from '../testing/rig.ts';

const PROGRAM = `
_start:
    mov ebx, 5
.again:
    mov [value], rbx
    cvtsi2sd xmm3, rbx
    dec ebx
    jnz .again
.last:
    lea rax, [rbx + 1]
    ENDING
section .bss
value: resq 1`;

/** How it ends, and the register that is asked for: who wrote it last stands at this label. */
const ENDINGS = {
  'a division by zero': 'xor ecx, ecx\n div ecx',
  'a store into nothing': 'mov [rbx], eax',
  'a jump into nothing': 'jmp rbx',
  'an instruction that there is not': 'ud2',
  'a store into code': 'mov [_start], eax',
  'a stack that is none': 'xor esp, esp\n push rax',
  'an exit': 'mov eax, 60\n xor edi, edi\n syscall',
};

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

describe.each(['jit', 'unicorn'] as const)('in %s, after', (engine) => {
  it.each(Object.entries(ENDINGS))('%s one can go back and ask who wrote', async (_, ending) => {
    const rig = await Rig.start(PROGRAM.replace('ENDING', ending), { engine, record: true });
    open.push(rig);
    const { state } = rig.memory;
    const end = await rig.run({ kind: 'continue' });
    expect(['exit', 'fault']).toContain(end.kind);
    const at = state.instructions;
    const rip = state.rip;

    expect(await rig.run({ kind: 'step-back' })).toEqual({ kind: 'step' });
    expect(state.instructions).toBe(at - 1);
    expect(rig.session.end).toBe(null);
    // forward again it ends in the same way, in the same place
    expect(await rig.run({ kind: 'continue' })).toEqual(end);
    expect([state.instructions, state.rip]).toEqual([at, rip]);

    const wrote = await rig.run({ kind: 'last-write', address: rig.at('value'), length: 8 });
    expect(wrote).toMatchObject({ kind: 'time', found: true });
    expect(rig.place).toBe('_start.again');
    expect(rig.gpr('rbx')).toBe(1n);
    await rig.run({ kind: 'to-end' });
    expect(rig.session.end).toEqual(end);
    await rig.run({ kind: 'last-register-write', register: 'rbx' });
    expect(rig.gpr('rbx')).toBe(1n);
    await rig.run({ kind: 'to-end' });
    await rig.run({ kind: 'last-register-write', register: 'xmm3', from: 0, bytes: 8 });
    expect(rig.gpr('rbx')).toBe(1n);

    rig.session.setBreakpoints([rig.at('_start.last')]);
    await rig.run({ kind: 'to-end' });
    expect((await rig.run({ kind: 'reverse-continue' })).kind).toBe('breakpoint');
    expect(rig.place).toBe('_start.last');
  });
});
