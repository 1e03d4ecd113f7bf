// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import type { RunCommand } from '../../protocol/machine.ts';
import { generator } from '../testing/generator.ts';
import { Rig, type RigOptions } from '../testing/rig.ts';
import { PageHasher } from './page-hash.ts';
import { stateHash } from './testing/state-hash.ts';

/** Loops, recursion, a rep, SSE, system calls that answer, write and map: some 12,000 instructions. */
const PROGRAM = `
_start:
    mov ebx, 5
.round:                         ;@ event round
    mov edi, 8
    call fib
    add [total], rax
    lea rdi, [room]
    mov ecx, 300
    rep stosb
    mov eax, 318                ; getrandom(room, 16, 0)
    lea rdi, [room]
    mov esi, 16
    xor edx, edx
    syscall
    mov eax, 1                  ; write(1, room, 2)
    mov edi, 1
    lea rsi, [room]
    mov edx, 2
    syscall
    mov eax, 12                 ; brk(0), brk(+4096)
    xor edi, edi
    syscall
    lea rdi, [rax + 4096]
    mov eax, 12
    syscall
    mov [rax - 8], rbx
.back:
    call spin
    dec ebx
    jnz .round
    ENDING
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
    mov ecx, 300
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

const ENDINGS = {
  exit: 'mov eax, 231\n mov edi, 7\n syscall',
  fault: 'xor eax, eax\n div eax',
};

const seed = Number(process.env['WALK_SEED'] ?? 1);

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

async function start(ending: keyof typeof ENDINGS, options: RigOptions): Promise<Rig> {
  const rig = await Rig.start(PROGRAM.replace('ENDING', ENDINGS[ending]), options);
  open.push(rig);
  rig.session.watchScalars(['round'], []);
  return rig;
}

describe.each(['jit', 'unicorn'] as const)('a walk back and forth in %s', (engine) => {
  it.each(['exit', 'fault'] as const)(
    'is always where the straight run was, up to the %s',
    async (ending) => {
      for (let walk = 0; walk < 2; walk++) {
        const random = generator(seed * 1000 + walk);
        let now = 0;
        const rig = await start(ending, {
          engine,
          record: true,
          now: () => (now += random() * 30), // slices of all lengths
          onBreathe: ({ session }) => {
            if (random() < 0.02) session.pause();
          },
        });
        const hasher = new PageHasher(rig.memory);
        const labels = ['_start.round', '_start.back', 'fib', 'fib.first', 'fib.leaf', 'spin.turn'];
        const place = (): number => rig.at(labels[Math.floor(random() * labels.length)] ?? 'fib');
        const steps = (): number => 1 + Math.floor(random() * 200);
        const commands: (() => RunCommand)[] = [
          () => ({ kind: 'step-in', count: steps() }),
          () => ({ kind: 'step-over' }),
          () => ({ kind: 'step-out' }),
          () => ({ kind: 'to', address: place() }),
          () => ({ kind: 'until-event', name: 'round', count: 1 }),
          () => ({ kind: 'continue' }),
          () => ({ kind: 'step-back' }),
          () => ({ kind: 'step-back', count: steps() }),
          () => ({ kind: 'step-back-over' }),
          () => ({ kind: 'step-back-out' }),
          () => ({ kind: 'back-to', address: place() }),
          () => ({ kind: 'reverse-continue' }),
          () => ({ kind: 'seek', instructions: Math.floor(random() * 12_000) }),
          () => ({ kind: 'to-end' }),
          () => ({ kind: 'last-write', address: rig.at('root'), length: 8 }),
          () => ({ kind: 'last-register-write', register: 'rbx' }),
        ];
        const visited = new Map<number, string>();
        const trail: string[] = [];
        for (let i = 0; i < 60; i++) {
          rig.session.setBreakpoints(random() < 0.5 ? [] : [rig.at('spin'), rig.at('fib.leaf')]);
          const command = commands[Math.floor(random() * commands.length)]?.();
          if (command === undefined) continue;
          const { end } = rig.session;
          const reason = await rig.run(command);
          const at = rig.memory.state.instructions;
          trail.push(`${command.kind}:${reason.kind}@${at}`);
          expect(end === null || reason.kind !== 'step' || command.kind.includes('back')).toBe(
            true,
          );
          const hash = stateHash(rig.memory, hasher);
          expect((visited.get(at) ?? hash) === hash, trail.join(' ')).toBe(true);
          visited.set(at, hash);
        }
        rig.session.setBreakpoints([]);
        while (rig.session.end === null) await rig.run({ kind: 'continue' });
        visited.set(rig.memory.state.instructions, stateHash(rig.memory, hasher));
        const output = rig.output;
        const told = rig.samples.map(({ instructions }) => instructions);
        rig.dispose();
        open.length = 0;

        const straight = await start(ending, { engine });
        const reader = new PageHasher(straight.memory);
        const note = `seed ${seed}, walk ${walk}: ${trail.join(' ')}`;
        for (const at of [...visited.keys()].sort((a, b) => a - b)) {
          const count = at - straight.memory.state.instructions;
          if (count > 0) await straight.run({ kind: 'step-in', count });
          expect(stateHash(straight.memory, reader) === visited.get(at), `${at}: ${note}`).toBe(
            true,
          );
        }
        await straight.run({ kind: 'continue' });
        expect(straight.session.end?.kind).toBe(ending);
        expect(output, note).toBe(straight.output);
        expect(told, note).toEqual(straight.samples.map(({ instructions }) => instructions));
      }
    },
  );
});
