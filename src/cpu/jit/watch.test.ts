// SPDX-License-Identifier: GPL-2.0-or-later
/** Watches on random code: the translating engine against Unicorn, and both against memory itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../machine/layout.ts';
import { addr } from '../../shared/brand.ts';
import { hexBytes } from '../../shared/format.ts';
import { ORACLE_DATA } from '../testing/oracle.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Engine, Watch } from '../cpu.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';
import { DATA_BYTES, makeSample, makeSnippet, type Sample, type Snippet } from './testing/cases.ts';
import { allForms } from './testing/forms.ts';
import { Random } from './testing/random.ts';
import { Bench } from './testing/three-way.ts';
import { WatchTests } from './watch.ts';

const SEED = BigInt(process.env['FUZZ_SEED'] ?? 20_261_121);

function randomWatches(random: Random): Watch[] {
  const one = (): Watch => ({
    start: addr(ORACLE_DATA + random.below(DATA_BYTES)),
    length: random.chance(0.2) ? 1 + random.below(200) : 1 + random.below(9),
    access: random.pick(['read', 'write', 'access'] as const),
  });
  const count = random.chance(0.2) ? 9 + random.below(20) : 1 + random.below(3);
  return Array.from({ length: count }, one);
}

interface Course {
  /** Hits and the end, one line each. */
  readonly events: string[];
  /** Addresses of instructions that changed a byte watched for writes, and made no hit. */
  readonly missed: string[];
  readonly unsupported: boolean;
}

/** Runs the snippet to its end, going on after each hit. */
function course(
  bench: Bench,
  snippet: Snippet,
  sample: Sample,
  watches: readonly Watch[],
  budget: number,
): Course {
  const { memory, engine } = bench;
  engine.setWatches([]);
  bench.load(snippet, sample);
  engine.setWatches(watches);
  const watched = (): string =>
    watches
      .filter(({ access }) => access !== 'read')
      .map(({ start, length }) => hexBytes(memory.bytes.subarray(start, start + length)))
      .join(' ');
  const events: string[] = [];
  const missed: string[] = [];
  for (let executed = 0; executed < snippet.insns.length;) {
    const before = budget === 1 ? watched() : '';
    const { rip } = memory.state;
    const result = engine.run(Math.min(budget, snippet.insns.length - executed));
    executed += result.executed;
    const { stop } = result;
    if (stop.kind === 'watchpoint') {
      const { hit } = stop;
      events.push(
        [executed, hit.rip, hit.access, hit.address, hit.length, hexBytes(hit.before)].join(' '),
      );
    } else if (budget === 1 && result.executed === 1 && watched() !== before) {
      missed.push(rip.toString(16));
    }
    if (stop.kind === 'fault') {
      const unsupported = stop.fault.signal === 'SIGILL';
      events.push(`${executed} ${unsupported ? 'unsupported' : stop.fault.signal}`);
      return { events, missed, unsupported };
    }
    if (stop.kind === 'syscall') break;
  }
  engine.setWatches([]);
  return { events, missed, unsupported: false };
}

describe(`watches on random code (FUZZ_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const forms = allForms();
  let jit: Bench;
  let unicorn: Bench;
  beforeAll(async () => {
    jit = await Bench.make(
      async (memory: GuestMemory): Promise<Engine> =>
        new JitEngine(memory, await createUnicornEngine(memory)),
    );
    unicorn = await Bench.make(createUnicornEngine);
  }, 60_000);
  afterAll(() => {
    jit.engine.dispose();
    unicorn.engine.dispose();
  });

  it('hit the same in the translating engine and in Unicorn, and miss no change', () => {
    let hits = 0;
    const wrong: unknown[] = [];
    for (let n = 0; n < 800;) {
      const snippet = makeSnippet(forms, 1 + random.below(6), random);
      if (!snippet?.insns.some((i) => i.stack !== 0 || i.ops.some((o) => o.k === 'mem'))) continue;
      n++;
      const sample = makeSample(snippet, random);
      const watches = randomWatches(random);
      const whole = course(jit, snippet, sample, watches, 1000);
      const stepped = course(jit, snippet, sample, watches, 1);
      const reference = course(unicorn, snippet, sample, watches, 1000);
      hits += whole.events.length;
      const same = reference.unsupported
        ? whole.events.slice(0, reference.events.length - 1).join() ===
          reference.events.slice(0, -1).join()
        : whole.events.join() === reference.events.join();
      if (same && whole.events.join() === stepped.events.join() && stepped.missed.length === 0) {
        continue;
      }
      wrong.push({
        code: hexBytes(snippet.code),
        text: snippet.insns.map((i) => i.mnemonic),
        watches,
        whole: whole.events,
        stepped: stepped.events,
        reference: reference.events,
        missed: stepped.missed,
      });
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(hits).toBeGreaterThan(300);
  }, 300_000);
});

describe('the tests in compiled code', () => {
  it('compare with few ranges, and let nothing through', () => {
    const many = Array.from({ length: 100 }, (_, i): Watch => {
      return { start: addr(PAGE_SIZE * 1024 + i * 100), length: 4, access: 'access' };
    });
    const leave = { k: 'note', insn: { ip: 0, mnemonic: 'Leave' } } as const;
    const tests = new WatchTests(many);
    const touched = (at: number, size: number): boolean =>
      tests.guard({ k: 'const', ty: 'i32', value: at }, 0, size, 1, leave).length > 0;
    for (const { start, length } of many) {
      expect(touched(start, 1) && touched(start + length - 1, 1)).toBe(true);
      expect(touched(start - 7, 8)).toBe(true);
    }
    expect(touched(PAGE_SIZE * 1024 - 8, 8) || touched(PAGE_SIZE * 1024 + 9904, 1)).toBe(false);
    const high = new WatchTests([{ start: addr(2 ** 40), length: 8, access: 'read' }]);
    expect(high.guard({ k: 'const', ty: 'i32', value: 0 }, 0, 8, 1, leave)).toEqual([]);
  });
});
