// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Walks back and forth on which registers, memory and code are changed here and there, in the past
 * and at the end: on every branch, each moment is that of a straight run with the same changes.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { RunCommand } from '../../protocol/machine.ts';
import { addr } from '../../shared/brand.ts';
import { GPR } from '../../shared/cpu-state.ts';
import { generator } from '../testing/generator.ts';
import { Rig } from '../testing/rig.ts';
import { PageHasher } from './page-hash.ts';
import { stateHash } from './testing/state-hash.ts';

/** Some 5,000 instructions: calls, stores, a rep, system calls, and code whose constant changes. */
const PROGRAM = `
_start:
    mov ebx, 20
.round:
    mov edi, ebx
    call work
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
    dec ebx
    jg .round
    cmp byte [fails], 0
    je .well
    xor ecx, ecx
    mov [rcx], ecx
.well:
    mov eax, 231
    mov edi, 7
    syscall
work:
    lea rdi, [room + 64]
    mov ecx, 90
    rep stosb
    mov ecx, 40
.turn:
    add rax, byte 5
    add [total], rax
    movsd [room + 32], xmm0
    cvtsi2sd xmm0, rax
    dec ecx
    jnz .turn
    ret
section .bss
total: resq 1
fails: resb 1
alignb 16
room: resb 256`;

const seed = Number(process.env['WALK_SEED'] ?? 1);

/** A change of state, done to whatever machine stands at its moment. */
interface Change {
  readonly at: number;
  readonly apply: (rig: Rig) => void;
}

/** What became of one branch. */
interface Course {
  readonly changes: readonly Change[];
  readonly seen: Map<number, string>;
}

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

async function start(engine: 'jit' | 'unicorn', options = {}): Promise<[Rig, () => string]> {
  const rig = await Rig.start(PROGRAM, { engine, ...options });
  open.push(rig);
  const hasher = new PageHasher(rig.memory);
  return [rig, () => stateHash(rig.memory, hasher)];
}

/** The number in `add rax, byte 5`. */
const CONSTANT = 3;

/** A change chosen by a random number. */
function changeAt(at: number, number: number): Change {
  const value = number >>> 3;
  const kinds: readonly ((rig: Rig) => void)[] = [
    ({ memory }) => memory.state.setGpr(GPR.rax, BigInt(value)),
    ({ memory }) => memory.state.setGpr(GPR.rbx, BigInt(1 + (value % 12))),
    (rig) => rig.memory.write(rig.at('room'), Uint8Array.of(value & 255, 1, 2)),
    (rig) => rig.memory.write(rig.at('fails'), Uint8Array.of(value & 1)),
    (rig) => rig.memory.write(addr(rig.at('work.turn') + CONSTANT), Uint8Array.of(value & 63)),
  ];
  return { at, apply: (rig) => kinds[number % kinds.length]?.(rig) };
}

/** Runs straight to the moments of one branch, with its changes, and compares. */
async function compare(engine: 'jit' | 'unicorn', course: Course, note: string): Promise<void> {
  const [rig, hash] = await start(engine, { record: true }); // an edit behind the end goes on
  const { memory } = rig;
  const changes = [...course.changes];
  const moments = new Set([...course.seen.keys(), ...changes.map(({ at }) => at)]);
  for (const at of [...moments].sort((a, b) => a - b)) {
    const count = at - memory.state.instructions;
    if (count > 0) await rig.run({ kind: 'step-in', count });
    expect(memory.state.instructions, note).toBe(at);
    for (; changes[0]?.at === at; changes.shift()) {
      const change = changes[0];
      rig.session.edit(() => {
        change.apply(rig);
        return null;
      });
    }
    const seen = course.seen.get(at);
    expect(seen === undefined || seen === hash(), `at ${at}: ${note}`).toBe(true);
  }
  rig.dispose();
}

describe.each(['jit', 'unicorn'] as const)('a walk with changes in %s', (engine) => {
  it('is on every branch where a straight run with the same changes is', async () => {
    const random = generator(seed * 77 + 5);
    const [rig, hash] = await start(engine, { record: true, idle: () => Promise.resolve() });
    const { session, memory } = rig;
    const courses = new Map<number, Course>([[0, { changes: [], seen: new Map() }]]);
    const here = (): Course => {
      const course = courses.get(session.time.timeline().branch);
      if (course === undefined) throw new Error('a branch that nobody began');
      return course;
    };
    const steps = (): number => 1 + Math.floor(random() * 900);
    const commands: readonly (() => RunCommand)[] = [
      () => ({ kind: 'step-in', count: steps() }),
      () => ({ kind: 'step-in', count: 4 * steps() }),
      () => ({ kind: 'step-out' }),
      () => ({ kind: 'to', address: rig.at('_start.round') }),
      () => ({ kind: 'step-back', count: 1 + (steps() % 9) }),
      () => ({ kind: 'step-back', count: steps() }),
      () => ({ kind: 'back-to', address: rig.at('work') }),
      () => ({ kind: 'seek', instructions: Math.floor(random() * session.time.timeline().end) }),
      () => ({ kind: 'last-register-write', register: 'rax' }),
      () => ({ kind: 'to-end' }),
      () => ({ kind: 'to-branch', id: Math.floor(random() * courses.size) }),
    ];
    const trail: string[] = [];
    for (let i = 0; i < 70; i++) {
      const at = memory.state.instructions;
      if (i % 4 === 3) {
        const before = here();
        const change = changeAt(at, Math.floor(random() * 2 ** 31));
        const error = session.edit(() => {
          change.apply(rig);
          return null;
        });
        expect(error).toBe(null);
        const { branch } = session.time.timeline();
        const known = [...before.changes.filter((other) => other.at <= at), change];
        const seen = [...before.seen].filter(([moment]) => moment < at);
        courses.set(branch, { changes: known, seen: new Map([...seen, [at, hash()]]) });
        trail.push(`change@${at} on ${branch}`);
        continue;
      }
      const command = commands[Math.floor(random() * commands.length)]?.();
      if (command === undefined) continue;
      await rig.run(command);
      if (random() < 0.3) await session.rested;
      const moment = memory.state.instructions;
      trail.push(`${command.kind}@${moment}`);
      const { seen } = here();
      const now = hash();
      expect((seen.get(moment) ?? now) === now, trail.join(' ')).toBe(true);
      seen.set(moment, now);
    }
    expect(courses.size).toBeGreaterThan(5);
    rig.dispose();
    const note = `seed ${seed}: ${trail.join(' ')}`;
    for (const course of courses.values()) await compare(engine, course, note);
  });
});
