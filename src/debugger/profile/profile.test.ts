// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import type { ProfileNode, ProfileReport } from '../../protocol/profile.ts';
import { ENGINE_NAMES } from '../../cpu/engines.ts';
import { pokeRegister } from '../inspect.ts';
import { Rig } from '../testing/rig.ts';
import { classify } from './opcode-classes.ts';
import { ProfileDesk } from './profile-desk.ts';

const PROGRAM = `_start:
    mov ebx, 10
.again:
    mov edi, ebx
    call sum
    add r12, rax
    dec ebx
    jnz .again
    mov edi, 3
    call twice
    mov eax, 60
    xor edi, edi
    syscall
twice:
    call sum
    mov edi, 3
    call sum
    ret
sum:                            ; 1 + 3 * edi + 1 instructions
    xor eax, eax
.next:
    add eax, edi
    dec edi
    jnz .next
    ret`;

/** Instructions of `sum` for the arguments 10 … 1, and for 3. */
const OF_SUM = 10 * 2 + 3 * 55;
const OF_SUM_3 = 2 + 9;

let rig: Rig | null = null;
afterEach(() => rig?.dispose());

async function profiled(): Promise<{ desk: ProfileDesk; report: ProfileReport }> {
  rig = await Rig.start(PROGRAM);
  const desk = new ProfileDesk(rig.memory);
  desk.attach(rig.engine, rig.index);
  desk.switch(true);
  await rig.run({ kind: 'continue' });
  const report = desk.report();
  if (!report) throw new Error('nothing was counted');
  return { desk, report };
}

describe('a profile', () => {
  it('adds up, however one looks at it', async () => {
    const { report } = await profiled();
    const sum = (list: readonly { count?: number; self?: number }[]): number =>
      list.reduce((n, { count, self }) => n + (count ?? self ?? 0), 0);
    expect(report.total).toBe(rig?.memory.state.instructions);
    expect(report.root?.total).toBe(report.total);
    for (const list of [report.lines, report.functions, report.classes]) {
      expect(sum(list)).toBe(report.total);
    }
    for (const { count, mnemonics } of report.classes) expect(sum(mnemonics)).toBe(count);
  });

  it('names functions with their own cost, that of what they call, and their calls', async () => {
    const { report } = await profiled();
    const rows = report.functions.map(({ name, self, total, calls }) => [name, self, total, calls]);
    expect(rows).toEqual([
      ['sum', OF_SUM + 2 * OF_SUM_3, OF_SUM + 2 * OF_SUM_3, 12],
      ['_start', 1 + 10 * 5 + 5, report.total, 0],
      ['twice', 4, 4 + 2 * OF_SUM_3, 1],
    ]);
    const hottest = report.lines[0];
    expect(hottest).toMatchObject({ file: 'main.asm', count: 61, times: 61 });
  });

  it('counts kinds of instructions', async () => {
    const { report } = await profiled();
    const kinds = Object.fromEntries(report.classes.map(({ name, count }) => [name, count]));
    expect(kinds['branch']).toBe(61 + 10);
    expect(kinds['call and return']).toBe(2 * 12 + 2);
    expect(kinds['register move']).toBe(1 + 10 + 2 + 1);
    expect(kinds['system and other']).toBe(1);
    expect(report.classes[0]?.mnemonics.map(({ name }) => name)).toEqual(['add', 'dec', 'xor']);
  });

  it('follows the paths of calls', async () => {
    const { report } = await profiled();
    const shape = ({ name, total, children }: ProfileNode): unknown => [
      name,
      total,
      ...children.map(shape),
    ];
    expect(report.root && shape(report.root)).toEqual([
      '_start',
      report.total,
      ['sum', OF_SUM],
      ['twice', 4 + 2 * OF_SUM_3, ['sum', 2 * OF_SUM_3]],
    ]);
  });

  it('becomes files that other tools read', async () => {
    const { desk, report } = await profiled();
    expect(JSON.parse(desk.export('json') ?? '')).toEqual(report);
    expect(desk.export('collapsed')?.trim().split('\n')).toEqual([
      '_start 56',
      `_start;sum ${OF_SUM}`,
      '_start;twice 4',
      `_start;twice;sum ${2 * OF_SUM_3}`,
    ]);
    const csv = desk.export('csv')?.split('\n') ?? [];
    expect(csv[0]).toBe('kind,name,file,line,instructions,total,times');
    const twice = report.functions.find(({ name }) => name === 'twice');
    expect(csv).toContain(`function,twice,main.asm,${twice?.line ?? 0},4,${4 + 2 * OF_SUM_3},1`);
    const speedscope = JSON.parse(desk.export('speedscope') ?? '') as {
      shared: { frames: { name: string }[] };
      profiles: { samples: number[][]; weights: number[]; endValue: number }[];
    };
    expect(speedscope.shared.frames.map(({ name }) => name)).toEqual(['_start', 'sum', 'twice']);
    expect(speedscope.profiles[0]?.samples).toEqual([[0], [0, 1], [0, 2], [0, 2, 1]]);
    expect(speedscope.profiles[0]?.weights.reduce((a, b) => a + b, 0)).toBe(report.total);
  });

  it('keeps what was counted when switched off, and begins anew when switched on', async () => {
    rig = await Rig.start(PROGRAM);
    const desk = new ProfileDesk(rig.memory);
    expect(desk.report()).toBeNull();
    expect(desk.export('json')).toBeNull();
    desk.attach(rig.engine, rig.index);
    desk.switch(true);
    await rig.run({ kind: 'step-in', count: 25 });
    desk.switch(false);
    await rig.run({ kind: 'step-in', count: 7 });
    expect(desk.report()).toMatchObject({ on: false, total: 25 });
    desk.switch(true);
    expect(desk.report()).toMatchObject({ on: true, total: 0 });
    desk.attach(null);
    expect(desk.report()).toBeNull();
  });
});

describe.each(ENGINE_NAMES)('a profile and time, on %s', (engine) => {
  const start = async (): Promise<{ desk: ProfileDesk; rig: Rig }> => {
    let time = 0; // so slow a clock that each command leaves a checkpoint
    const now = (): number => (time += 1000);
    const made = await Rig.start(PROGRAM, { engine, record: true, now });
    const desk = new ProfileDesk(made.memory);
    desk.attach(made.engine, made.index);
    desk.switch(true);
    return { desk, rig: (rig = made) };
  };

  it('leaves out what is run again, paths of calls included', async () => {
    const straight = await start();
    await straight.rig.run({ kind: 'continue' });
    const expected = straight.desk.report();
    straight.rig.dispose();

    const { desk, rig } = await start();
    await rig.run({ kind: 'step-in', count: 60 });
    const half = desk.report();
    expect(half?.total).toBe(60);
    await rig.run({ kind: 'seek', instructions: 20 });
    await rig.run({ kind: 'step-in', count: 10 });
    expect(rig.memory.state.instructions).toBe(30);
    await rig.run({ kind: 'step-back', count: 3 });
    expect(desk.report()).toEqual(half);
    // in one command from the past into the present, which begins within a call
    await rig.run({ kind: 'step-in', count: 40 });
    expect(desk.report()?.total).toBe(67);
    // to where no call is open, and from there into one without its being made again
    await rig.run({ kind: 'seek', instructions: 37 });
    await rig.run({ kind: 'to-end' });
    await rig.run({ kind: 'continue' });
    expect(desk.report()).toEqual(expected);
  });

  it('counts a branch of time beside the one it leaves', async () => {
    const { desk, rig } = await start();
    await rig.run({ kind: 'step-in', count: 60 });
    await rig.run({ kind: 'seek', instructions: 20 });
    expect(rig.session.edit(() => pokeRegister(rig.memory, 'r12', new Uint8Array(8)))).toBeNull();
    await rig.run({ kind: 'step-in', count: 15 });
    expect(rig.memory.state.instructions).toBe(35);
    const report = desk.report();
    expect(report?.total).toBe(75);
    expect(report?.root?.total).toBe(75);
  });
});

describe('kinds of instructions', () => {
  it.each([
    ['48 8b 03', 'load'],
    ['48 89 03', 'store'],
    ['48 89 c3', 'register move'],
    ['0f b6 03', 'load'],
    ['f2 0f 10 03', 'load'],
    ['66 0f 11 03', 'store'],
    ['48 8d 04 8b', 'address arithmetic'],
    ['50', 'stack'],
    ['48 0f af c3', 'integer multiply and divide'],
    ['48 01 03', 'integer arithmetic'],
    ['48 39 c3', 'compare and test'],
    ['75 fe', 'branch'],
    ['ff e0', 'branch'],
    ['e8 00 00 00 00', 'call and return'],
    ['c3', 'call and return'],
    ['f3 a4', 'string'],
    ['f2 0f 59 c1', 'scalar float arithmetic'],
    ['66 0f 58 c1', 'packed float arithmetic'],
    ['66 0f 2f c1', 'float compare'],
    ['f2 0f c2 c1 01', 'float compare'],
    ['f2 48 0f 2a c0', 'conversion'],
    ['66 0f d4 c1', 'vector integer'],
    ['66 0f c6 c1 01', 'shuffle and vector logic'],
    ['66 0f ef c1', 'shuffle and vector logic'],
    ['0f 05', 'system and other'],
  ])('%s: %s', (bytes, kind) => {
    const code = Uint8Array.from(bytes.split(' '), (byte) => parseInt(byte, 16));
    expect(classify(code, 0x400000)?.kind).toBe(kind);
  });

  it('does not make up what is none', () => {
    expect(classify(Uint8Array.of(0x06), 0x400000)).toBeNull();
  });
});
