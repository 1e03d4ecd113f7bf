// SPDX-License-Identifier: GPL-2.0-or-later
/** Back and forth in a training of our own images: each moment is that of the straight run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { IDX_FILES } from '../../nn/idx.ts';
import { assemble, PROJECT } from '../../nn/testing/native.ts';
import type { RunCommand } from '../../protocol/machine.ts';
import { generator } from '../testing/generator.ts';
import { Rig } from '../testing/rig.ts';
import { PageHasher } from './page-hash.ts';
import { stateHash } from './testing/state-hash.ts';

const ARGS = 'train --data . --limit 2 --batch 2 --epochs 1 --seed 3 --isa sse2 --weights w';
/** Commands of a walk: the reference is slow. */
const STEPS = { jit: 20, unicorn: 6 } as const;

const files = Object.fromEntries(
  IDX_FILES.map((name) => [
    name,
    new Uint8Array(gunzipSync(readFileSync(join(PROJECT, 'data/digits', `${name}.gz`)))),
  ]),
);

const seed = Number(process.env['WALK_SEED'] ?? 1);

// the files' times, which fstat tells
beforeAll(() => void vi.useFakeTimers({ now: 0, toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

describe.each(['jit', 'unicorn'] as const)('a walk in %s', (engine) => {
  it.each(['relu', 'sigmoid'])(
    'through a training of %s',
    async (name) => {
      const { image, debug } = await assemble(`${name}.asm`);
      const random = generator(seed);
      const start = async (record: boolean): Promise<Rig> => {
        let now = 0;
        const rig = await Rig.of(image, debug, {
          ...{ engine, record, files, args: ARGS.split(' '), ram: 2 ** 26 },
          ...(record ? { now: () => (now += random() * 30) } : {}),
        });
        open.push(rig);
        return rig;
      };
      const rig = await start(true);
      const hasher = new PageHasher(rig.memory);
      const { address } = debug.tensors.find((tensor) => tensor.name === 'w1')!;
      const event = debug.events.find((e) => e.name === 'forward_begin')!;
      expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 0 });
      const end = rig.memory.state.instructions;
      const far = (): number => Math.floor(random() * end);
      const few = (): number => 1 + Math.floor(random() * 300);
      const commands: (() => RunCommand)[] = [
        () => ({ kind: 'seek', instructions: far() }),
        () => ({ kind: 'seek', instructions: far() }),
        () => ({ kind: 'step-in', count: few() }),
        () => ({ kind: 'step-back', count: few() }),
        () => ({ kind: 'step-back' }),
        () => ({ kind: 'step-back-out' }),
        () => ({ kind: 'back-to', address: event.address }),
        () => ({ kind: 'until-event', name: 'sample_end', count: 1 }),
        () => ({
          kind: 'last-write',
          address: address + 8 * Math.floor(random() * 999),
          length: 8,
        }),
        () => ({ kind: 'last-register-write', register: 'xmm0', from: 0, bytes: 8 }),
        () => ({ kind: 'to-end' }),
      ];
      const visited = new Map([[end, stateHash(rig.memory, hasher)]]);
      const trail: string[] = [];
      for (let i = 0; i < STEPS[engine]; i++) {
        const command = commands[Math.floor(random() * commands.length)]?.();
        if (command === undefined) continue;
        await rig.run(command);
        const at = rig.memory.state.instructions;
        trail.push(`${command.kind}@${at}`);
        const hash = stateHash(rig.memory, hasher);
        expect((visited.get(at) ?? hash) === hash, trail.join(' ')).toBe(true);
        visited.set(at, hash);
      }
      expect(visited.size).toBeGreaterThan(STEPS[engine] / 3);

      const straight = await start(false);
      const reader = new PageHasher(straight.memory);
      for (const at of [...visited.keys()].sort((a, b) => a - b)) {
        const count = at - straight.memory.state.instructions;
        if (count > 0) await straight.run({ kind: 'step-in', count });
        const note = `seed ${seed}, at ${at}: ${trail.join(' ')}`;
        expect(stateHash(straight.memory, reader) === visited.get(at), note).toBe(true);
      }
    },
    240_000,
  );
});
