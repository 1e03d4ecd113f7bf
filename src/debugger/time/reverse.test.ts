// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import { addr } from '../../shared/brand.ts';
import { GPR } from '../../shared/cpu-state.ts';
import { lastMemoryWrite, lastRegisterWrite } from './last-write.ts';
import { lastAt, outBack, overBack } from './reverse.ts';
import { survey } from './survey.ts';
import { TimeRig } from './testing/time-rig.ts';
import { Travel } from './travel.ts';

/** Recursion, a register that is written once, memory written by code and by the kernel. */
const PROGRAM = `
_start:
    mov r15d, 77
    mov edi, 7
    call fib
.back:
    mov [result], rax
    mov eax, 318                ; getrandom(noise, 8, 0)
    lea rdi, [noise]
    mov esi, 8
    xor edx, edx
    syscall
    mov ecx, 3000
.spin:
    cvtsi2sd xmm1, ecx
    movsd [root], xmm1
    dec ecx
    jnz .spin
    movhpd xmm1, [noise]
    call leaf
.after:
    mov eax, 231
    mov edi, 3
    syscall
leaf:
    push rbx
    mov ebx, 5
    pop rbx
    ret
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
.second:
    pop rcx
    add eax, ecx
.leaf:
    ret
section .bss
result: resq 1
noise: resq 1
root: resq 1`;

const open: TimeRig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

async function start(engine: 'jit' | 'unicorn'): Promise<{ rig: TimeRig; travel: Travel }> {
  const rig = await TimeRig.start(PROGRAM, engine);
  open.push(rig);
  const travel = new Travel(rig.time, {
    breathe: () => Promise.resolve(),
    now: () => performance.now(),
    cancelled: () => false,
  });
  return { rig, travel };
}

describe.each(['jit', 'unicorn'] as const)('in %s', (engine) => {
  /** Runs live, instruction by instruction, noting where rip was. */
  async function trace(rig: TimeRig): Promise<{ rip: number; rsp: number }[]> {
    const places: { rip: number; rsp: number }[] = [];
    const { state } = rig.memory;
    while (rig.time.ended === null && places.length < 900) {
      places.push({ rip: Number(state.rip), rsp: Number(state.gpr(GPR.rsp)) });
      await rig.advance(rig.time.position + 1);
    }
    return places;
  }

  it('steps back over calls and out of them, as the trace has it', async () => {
    const { rig, travel } = await start(engine);
    const places = await trace(rig);
    const end = rig.time.position;
    const calls = [rig.at('_start'), rig.at('fib')];
    expect(places.length).toBe(end);
    const returnTo = [rig.at('_start.back'), rig.at('fib.first'), rig.at('fib.second')];
    const returned = (at: number): boolean =>
      returnTo.includes(places[at]?.rip ?? 0) && places[at - 1]?.rsp === (places[at]?.rsp ?? 0) - 8;
    const moments = [...places.keys()].slice(6).reverse();
    const tried = [
      ...moments.filter((at) => returned(at)).filter((_, i) => i % 5 === 0),
      ...moments.filter((_, i) => i % 41 === 0),
    ];
    let over = 0;
    for (const at of tried) {
      await travel.seek(at);
      // the reference: back to the same depth of the stack
      const here = places[at];
      if (here === undefined) throw new Error('no trace');
      let expected = at - 1;
      if (returned(at)) {
        while (places[expected]?.rsp !== here.rsp) expected--;
        over++;
      }
      expect(await overBack(travel), `over at ${at}`).toBe(expected);

      await travel.seek(at);
      let frame: number | null = at - 1;
      let depth = 0; // returns passed on the way back
      while (frame >= 0) {
        const [now, then] = [places[frame], places[frame + 1]];
        if (now === undefined || then === undefined) break;
        const called = then.rip === calls[1] && then.rsp === now.rsp - 8;
        if (returned(frame + 1)) depth++;
        else if (called && depth === 0) break;
        else if (called) depth--;
        frame--;
      }
      if (frame < 0) frame = null;
      expect(await outBack(travel), `out at ${at}`).toBe(frame);
    }
    expect(over).toBeGreaterThan(2);
  });

  it('finds the last time rip was somewhere, near and far', async () => {
    const { rig, travel } = await start(engine);
    await rig.advance(Infinity);
    const end = rig.time.position;
    const spin = await lastAt(travel, addr(rig.at('_start.spin')));
    expect(spin).toBeGreaterThan(end - 30);
    await travel.seek(end);
    const begin = await lastAt(travel, addr(rig.at('_start.back')));
    expect(begin).toBeLessThan(1000);
    await travel.seek(begin ?? 0);
    expect(Number(rig.memory.state.rip)).toBe(rig.at('_start.back'));
    await travel.seek(end);
    expect(await lastAt(travel, addr(rig.at('_start')))).toBe(0);
    expect(await lastAt(travel, addr(rig.at('leaf') + 1))).toBe(null);
  });

  it('finds events that nobody noted while it ran', async () => {
    const { rig, travel } = await start(engine);
    await rig.advance(Infinity);
    const { marks } = rig.time.branch;
    const [address, late] = [rig.at('_start.spin'), rig.at('_start.after')];
    const events = [
      { name: 'turn', address, file: 0, line: 1 },
      { name: 'late', address: late, file: 0, line: 1 },
    ];
    const end = rig.time.position;
    expect(await survey(travel, events, end - 400, end)).toBe(marks.count);
    const found = marks.between(0, end);
    expect(found.filter(({ name }) => name === 'late').length).toBe(1);
    const turns = found.filter(({ name }) => name === 'turn').map(({ at }) => at);
    expect(turns.length).toBeGreaterThan(90);
    turns.slice(1).forEach((at, i) => expect(at - (turns[i] ?? 0)).toBe(4));
    // once more, and further back: nothing is noted twice
    await survey(travel, events, end - 800, end);
    const all = marks.between(0, end).map(({ at, name }) => `${at} ${name}`);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(found.length + 90);
    const middle = turns[5] ?? 0;
    expect(marks.around('turn', middle + 1)).toEqual({ from: middle, to: middle + 4 });
    expect(marks.around('late', middle).from).toBe(null);
    expect(marks.around('never', middle)).toEqual({ from: null, to: null });
  });

  it('tells who last wrote memory: an instruction, the kernel, the user', async () => {
    const { rig, travel } = await start(engine);
    await rig.advance(Infinity);
    const end = rig.time.position;
    const whoWrote = async (name: string): Promise<[string, number] | null> => {
      await travel.seek(end);
      const found = await lastMemoryWrite(travel, rig.at(name), 8);
      if (found === null) return null;
      await travel.seek(found.at);
      return [found.by, Number(rig.memory.state.rip)];
    };
    const root = await whoWrote('root');
    expect(root?.[0]).toBe('instruction');
    expect(root?.[1]).toBeGreaterThan(rig.at('_start.spin'));
    expect(await whoWrote('result')).toEqual(['instruction', rig.at('_start.back')]);
    const noise = await whoWrote('noise');
    expect(noise?.[0]).toBe('system call');
    expect(rig.memory.bytes.slice(noise?.[1], (noise?.[1] ?? 0) + 2)).toEqual(
      Uint8Array.of(0x0f, 0x05),
    );
    await travel.seek(100);
    rig.time.edit(() => {
      rig.memory.write(addr(rig.at('root')), Uint8Array.of(1));
      return null;
    });
    expect(await lastMemoryWrite(travel, rig.at('root'), 1)).toEqual({ at: 100, by: 'edit' });
    expect(await lastMemoryWrite(travel, rig.at('result'), 8)).toBe(null);
  });

  it('tells who last wrote a register or a lane of one', async () => {
    const { rig, travel } = await start(engine);
    await rig.advance(Infinity);
    const end = rig.time.position;
    const whoWrote = async (name: string, from?: number): Promise<string | null> => {
      await travel.seek(end);
      const part = from === undefined ? { name } : { name, from, bytes: 8 };
      const found = await lastRegisterWrite(travel, part);
      if (found === null) return null;
      await travel.seek(found.at);
      return rig.index.describe(Number(rig.memory.state.rip));
    };
    expect(await whoWrote('r15')).toBe('_start');
    expect(await whoWrote('xmm1', 0)).toBe('_start.spin');
    expect(await whoWrote('xmm1', 8)).toBe('_start.spin+0x10');
    expect(await whoWrote('rbx')).toBe('leaf+0x6');
    expect(await whoWrote('r14')).toBe(null);
    await travel.seek(300);
    rig.time.edit(() => {
      rig.memory.state.setGpr(GPR.r15, 1n);
      return null;
    });
    const found = await lastRegisterWrite(travel, { name: 'r15' });
    expect(found).toEqual({ at: 300, by: 'edit' });
  });
});
