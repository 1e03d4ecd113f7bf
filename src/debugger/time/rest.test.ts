// SPDX-License-Identifier: GPL-2.0-or-later
/** What is done at rest: seen from outside, nothing; but a step back is then short. */
import { afterEach, describe, expect, it } from 'vitest';
import { Rig } from '../testing/rig.ts';
import { PageHasher } from './page-hash.ts';
import { stateHash } from './testing/state-hash.ts';

/** Changes much memory, asks for random bytes, and comes by at `here` every 300,000 instructions. */
const PROGRAM = `
_start:
    mov ebx, 4
.round:
    mov eax, 318                ; getrandom(noise, 8, 0)
    lea rdi, [noise]
    mov esi, 8
    xor edx, edx
    syscall
    mov ecx, 75000
.fill:
    movzx eax, cx
    add [room + rax * 8], rcx
    dec ecx
    jnz .fill
here:
    dec ebx
    jnz _start.round
    ENDING
section .bss
noise: resq 1
room: resq 65536`;

const ENDINGS = {
  exit: 'mov eax, 231\n mov edi, 7\n syscall',
  fault: 'xor eax, eax\n div eax',
};

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

interface Watched {
  readonly rig: Rig;
  /** What the machine held each time that others had their turn while it stood. */
  readonly seen: string[];
  readonly hash: () => string;
}

async function start(engine: 'jit' | 'unicorn', ending: keyof typeof ENDINGS): Promise<Watched> {
  const seen: string[] = [];
  let now = 0;
  const rig = await Rig.start(PROGRAM.replace('ENDING', ENDINGS[ending]), {
    engine,
    record: true,
    idle: () => Promise.resolve(),
    now: () => now++, // no time for checkpoints on the way, and some slices at rest
    onBreathe: ({ session }) => {
      if (!session.running) seen.push(hash());
    },
  });
  open.push(rig);
  const hasher = new PageHasher(rig.memory);
  const hash = (): string => stateHash(rig.memory, hasher);
  return { rig, seen, hash };
}

describe.each(['jit', 'unicorn'] as const)('at rest in %s', (engine) => {
  it.each(['a breakpoint', 'exit', 'fault'] as const)(
    'the machine stands still for all who look, and one steps back from %s without a replay',
    async (where) => {
      const { rig, seen, hash } = await start(engine, where === 'fault' ? 'fault' : 'exit');
      if (where === 'a breakpoint') rig.session.setBreakpoints([rig.at('here')]);
      const reason = await rig.run({ kind: 'continue' });
      expect(reason.kind).toBe(where === 'a breakpoint' ? 'breakpoint' : where);
      const [at, stood] = [rig.memory.state.instructions, hash()];
      await rig.session.rested;
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.every((now) => now === stood)).toBe(true);
      expect(hash() === stood).toBe(true);
      expect(rig.session.time.past).toBe(false);
      expect(rig.session.end?.kind).toBe(reason.kind === 'breakpoint' ? undefined : reason.kind);
      const states = new Map([[at, stood]]);
      const before = executions(rig);
      for (let i = 1; i <= 40; i++) {
        await rig.run({ kind: 'step-back' });
        expect(rig.memory.state.instructions).toBe(at - i);
        states.set(at - i, hash());
      }
      expect(executions(rig) - before).toBeLessThan(where === 'exit' ? 10_000 : 1);
      await rig.run({ kind: 'seek', instructions: 0 });
      for (const moment of [...states.keys()].sort((a, b) => a - b)) {
        await rig.run({ kind: 'step-in', count: moment - rig.memory.state.instructions });
        expect(hash() === states.get(moment), `at ${moment}`).toBe(true);
      }
    },
  );

  it('goes on where it was when a command comes between, and ends like a run without', async () => {
    const { rig, hash } = await start(engine, 'exit');
    rig.session.setBreakpoints([rig.at('here')]);
    for (let round = 0; round < 3; round++) {
      await rig.run({ kind: 'continue' });
      await new Promise((resolve) => setImmediate(resolve)); // one slice or two
      if (round !== 1) continue;
      const { instructions } = rig.memory.state;
      await rig.run({ kind: 'step-back' });
      expect(rig.memory.state.instructions).toBe(instructions - 1);
      await rig.run({ kind: 'to-end' });
    }
    rig.session.setBreakpoints([]);
    expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 7 });
    const end = hash();
    await rig.session.rested;
    await rig.run({ kind: 'seek', instructions: 123_456 });
    await rig.run({ kind: 'continue' });
    expect(hash() === end).toBe(true);
  });
});

const counts = new WeakMap<Rig, { executed: number }>();

/** Instructions that the engine has executed since this was first asked of the rig. */
function executions(rig: Rig): number {
  let count = counts.get(rig);
  if (count === undefined) {
    counts.set(rig, (count = { executed: 0 }));
    const { engine } = rig;
    const run = engine.run.bind(engine);
    const noted = count;
    engine.run = (budget) => {
      const result = run(budget);
      noted.executed += result.executed;
      return result;
    };
  }
  return count.executed;
}
