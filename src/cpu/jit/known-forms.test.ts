// SPDX-License-Identifier: GPL-2.0-or-later
import { Code, Decoder, DecoderOptions } from 'iced-x86';
import { expect, it } from 'vitest';
import { describe } from './describe.ts';
import { KnownForms } from './known-forms.ts';
import { Random } from './testing/random.ts';

const PREFIXES = [[], [], [], [0x66], [0xf2], [0xf3], [0x66, 0xf2], [0xf3, 0x66], [0x2e], [0x64], [0x67], [0xf0]]; // prettier-ignore
const MAPS = [[], [], [0x0f], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
/** Immediates that iced treats apart, and any other. */
const IMMEDIATES = [0x00, 0xff, 0x01, 0x20];
const IP = 0x40_0000;

/** Bytes that are an instruction more often than not, with operands that often agree. */
function candidate(random: Random): Uint8Array {
  const byte = (): number => random.below(256);
  const rex = random.below(2) === 0 ? [0x40 | random.below(16)] : [];
  const modrm = random.below(3) === 0 ? 0xc0 | (random.below(8) * 9) : byte();
  const same = IMMEDIATES[random.below(IMMEDIATES.length)] ?? 0;
  const rest = Array.from({ length: 10 }, random.below(2) === 0 ? byte : () => same);
  const head = [...random.pick(PREFIXES), ...rex, ...random.pick(MAPS), byte(), modrm];
  return Uint8Array.from([...head, ...rest]);
}

it('says of an instruction of a known form what iced says', () => {
  const random = new Random(2026n);
  const forms = new KnownForms();
  let compared = 0;
  for (let n = 0; n < 60_000; n++) {
    const bytes = candidate(random);
    const decoder = new Decoder(64, bytes, DecoderOptions.None);
    decoder.ip = BigInt(IP);
    const ins = decoder.decode();
    if (ins.code !== Code.INVALID) {
      const found = forms.describe(ins, ins.code, bytes, 0, IP);
      const asked = describe(ins);
      const same = JSON.stringify(found, plain) === JSON.stringify(asked, plain);
      if (!same) expect(found, Array.from(bytes, (b) => b.toString(16)).join(' ')).toEqual(asked);
      compared++;
    }
    ins.free();
    decoder.free();
  }
  expect(compared).toBeGreaterThan(25_000);
});

/** `JSON.stringify` takes no bigints. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
