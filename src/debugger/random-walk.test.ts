// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { RunCommand } from '../protocol/machine.ts';
import { hexBytes } from '../shared/format.ts';
import { generator } from './testing/generator.ts';
import { Rig, type RigOptions } from './testing/rig.ts';

/** Loops, recursion, a rep, SSE, system calls: some 30,000 instructions. */
const PROGRAM = `
_start:
    mov ebx, 12
.round:                         ;@ event round
    mov edi, 9
    call fib
    add [total], rax
    lea rdi, [room]
    mov ecx, 300
    rep stosb
    mov eax, 999
    syscall
.back:
    call spin
    dec ebx
    jnz .round
    mov eax, 231
    mov edi, 7
    syscall
fib:
    mov eax, edi
    cmp edi, 2
    jb .leaf
    push rdi
    dec edi
    call fib
.first:
    pop rdi
    push rax
    sub edi, 2
    call fib
    pop rcx
    add eax, ecx
.leaf:
    ret
spin:
    mov ecx, 400
.turn:
    cvtsi2sd xmm0, ecx
    addsd xmm1, xmm0
    sqrtsd xmm2, xmm1
    dec ecx
    jnz .turn
    movsd [root], xmm2
    ret
section .bss
total: resq 1
root: resq 1
room: resb 300`;

const seed = Number(process.env['WALK_SEED'] ?? 1);

/** Registers, counters, data and stack. */
function finalState(rig: Rig): string {
  const { memory } = rig;
  const data = memory.bytes.subarray(rig.at('total'), rig.at('total') + 400);
  const top = rig.process.space.layout.stackTop;
  return [memory.state.bytes, data, memory.bytes.subarray(top - 0x1000, top)].map(hexBytes).join();
}

async function start(options?: RigOptions): Promise<Rig> {
  const rig = await Rig.start(PROGRAM, options);
  rig.session.watchScalars(['round'], []);
  return rig;
}

describe('any walk through a program', () => {
  it('ends as the straight run does, with the same samples', async () => {
    const straight = await start();
    expect(await straight.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 7 });
    const expected = finalState(straight);
    expect(straight.samples.length).toBe(12);
    straight.dispose();

    for (let walk = 0; walk < 4; walk++) {
      const random = generator(seed * 1000 + walk);
      let now = 0;
      const rig = await start({
        now: () => (now += random() * 40), // slices of all lengths
        onBreathe: ({ session }) => {
          if (random() < 0.3) session.pause();
        },
      });
      const labels = ['_start.round', '_start.back', 'fib', 'fib.first', 'fib.leaf', 'spin.turn'];
      const place = (): number => rig.at(labels[Math.floor(random() * labels.length)] ?? 'fib');
      const commands: (() => RunCommand)[] = [
        () => ({ kind: 'step-in', count: 1 + Math.floor(random() * 200) }),
        () => ({ kind: 'step-in' }),
        () => ({ kind: 'step-over' }),
        () => ({ kind: 'step-out' }),
        () => ({ kind: 'to', address: place() }),
        () => ({ kind: 'until-event', name: 'round', count: 1 }),
        () => ({ kind: 'continue' }),
      ];
      const trail: string[] = [];
      for (let i = 0; i < 60 && rig.session.end === null; i++) {
        rig.session.setBreakpoints(random() < 0.5 ? [] : [rig.at('spin'), rig.at('fib.leaf')]);
        const command = commands[Math.floor(random() * commands.length)]?.();
        if (command === undefined) continue;
        const reason = await rig.run(command);
        trail.push(`${command.kind}:${reason.kind}`);
      }
      rig.session.setBreakpoints([]);
      while (rig.session.end === null) await rig.run({ kind: 'continue' });
      const note = `seed ${seed}, walk ${walk}: ${trail.join(' ')}`;
      expect(rig.session.end, note).toEqual({ kind: 'exit', status: 7 });
      expect(finalState(rig) === expected, note).toBe(true);
      expect(rig.samples.length, note).toBe(12);
      rig.dispose();
    }
  });
});
