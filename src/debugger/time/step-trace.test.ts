// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Rig } from '../testing/rig.ts';
import { PageHasher } from './page-hash.ts';
import { stateHash } from './testing/state-hash.ts';

/** Every way to write memory that there is an undo for; a call to the kernel in the middle. */
const PROGRAM = `
_start:
    mov ebx, 3
.round:
    push rbx
    call work
    pop rbx
    dec ebx
    jnz .round
    mov eax, 318                ; getrandom(room, 16, 0)
    lea rdi, [room]
    mov esi, 16
    xor edx, edx
    syscall
.after:
    inc dword [room]
    call work
    xor eax, eax
    div eax
work:
    lea rdi, [room]
    mov ecx, 40
    mov al, bl
    rep stosb
    std
    lea rsi, [room + 39]
    lea rdi, [room + 79]
    mov ecx, 40
    rep movsb
    cld
    xor ecx, ecx
    rep stosq
    movups [room + 5], xmm0
    cvtsi2sd xmm0, ebx
    movsd [room + 13], xmm0
    pcmpeqd xmm1, xmm1
    psrlq xmm1, 24
    lea rdi, [room + 4090]      ; over the end of a page
    maskmovdqu xmm0, xmm1
    xchg [room + 8], rax
    lock xadd [room + 16], rax
    bts dword [room + 20], 7
    stmxcsr [room + 24]
    setc [room + 28]
    ret
section .bss
alignb 4096
room: resb 8192`;

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

async function start(engine: 'jit' | 'unicorn'): Promise<{ rig: Rig; hash: () => string }> {
  const rig = await Rig.start(PROGRAM, { engine, record: true });
  open.push(rig);
  const hasher = new PageHasher(rig.memory);
  return { rig, hash: () => stateHash(rig.memory, hasher) };
}

describe.each(['jit', 'unicorn'] as const)('in %s', (engine) => {
  it('steps made one by one are undone one by one, without running anything', async () => {
    const { rig, hash } = await start(engine);
    await rig.run({ kind: 'to', address: rig.at('_start.after') });
    const first = rig.memory.state.instructions;
    const states = new Map([[first, hash()]]);
    for (;;) {
      const reason = await rig.run({ kind: 'step-in' });
      states.set(rig.memory.state.instructions, hash());
      if (reason.kind === 'fault') break;
    }
    expect(states.size).toBeGreaterThan(25);
    const ran = vi.spyOn(rig.engine, 'run');
    for (let at = rig.memory.state.instructions - 1; at >= first; at--) {
      await rig.run({ kind: 'step-back' });
      expect(rig.memory.state.instructions).toBe(at);
      expect(hash() === states.get(at), `at ${at}, ${rig.place}`).toBe(true);
    }
    expect(ran).not.toHaveBeenCalled();
    ran.mockRestore();
    expect(rig.session.time.past).toBe(true);
    // forward over the same steps, and back again
    for (let turn = 0; turn < 5; turn++) await rig.run({ kind: 'step-in' });
    expect(hash() === states.get(first + 5)).toBe(true);
    await rig.run({ kind: 'step-back', count: 3 });
    expect(hash() === states.get(first + 2)).toBe(true);
    const stop = await rig.run({ kind: 'continue' });
    expect(stop.kind).toBe('fault');
    expect(rig.memory.state.instructions).toBe(first + states.size - 1);
  });

  it('many steps back after a run are exact, over a system call as well', async () => {
    const { rig, hash } = await start(engine);
    const states = new Map([[0, hash()]]);
    while ((await rig.run({ kind: 'step-in' })).kind !== 'fault') {
      states.set(rig.memory.state.instructions, hash());
    }
    await rig.run({ kind: 'seek', instructions: 0 });
    await rig.run({ kind: 'continue' });
    for (let at = rig.memory.state.instructions - 1; at >= 0; at--) {
      await rig.run({ kind: 'step-back' });
      expect(hash() === states.get(at), `at ${at}, ${rig.place}`).toBe(true);
    }
  });
});
