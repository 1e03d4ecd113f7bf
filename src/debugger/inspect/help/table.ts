// SPDX-License-Identifier: GPL-2.0-or-later
/** What a mnemonic does, in a sentence or two, and how long it takes. */
import { CONDITIONS } from '../condition.ts';
import { INTEGER_HELP } from './integer.ts';
import { VECTOR_HELP } from './vector.ts';

function parse(text: string): Map<string, string> {
  const entries = text.trim().split('\n');
  return new Map(
    entries.map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
}

const TABLE: ReadonlyMap<string, string> = new Map([...parse(INTEGER_HELP), ...parse(VECTOR_HELP)]);

/** Prefixes of mnemonics that carry a condition, and what is done when it holds. */
const CONDITIONAL: readonly (readonly [string, string])[] = [
  ['cmov', 'Copies the source to the destination when'],
  ['set', 'Sets the byte to 1, otherwise to 0, when'],
  ['j', 'Jumps when'],
];

/** How AVX and FMA forms, which this machine refuses, differ from what the table holds. */
const WIDE =
  'The result goes to a destination of its own, and the rest of that register is cleared.';

const MULTIPLY_ADD: readonly (readonly [RegExp, string])[] = [
  [/^vfmadd/, 'Multiplies and adds with one rounding'],
  [/^vfmsub/, 'Multiplies and subtracts with one rounding'],
  [/^vfnmadd/, 'Multiplies, negates the product and adds with one rounding'],
  [/^vfnmsub/, 'Multiplies, negates the product and subtracts with one rounding'],
];

const WIDE_HELP: ReadonlyMap<string, string> = parse(`
vbroadcastss: Copies one single to every lane.
vbroadcastsd: Copies one double to every lane.
vpbroadcastd: Copies the low 32 bits to all lanes.
vpmovzxbd: Widens the lowest bytes to lanes of 32 bits, zeros above.
vpmovzxwd: Widens the lowest words to lanes of 32 bits, zeros above.
vmaskmovps: Loads or stores only the singles whose lane of the mask has its top bit set.
vmaskmovpd: Loads or stores only the doubles whose lane of the mask has its top bit set.
vextractf128: Takes one half out of a 256-bit register.
vinsertf128: Puts 128 bits into one half of a 256-bit register.
vextractf32x8: Takes one half out of a 512-bit register.
vextractf64x4: Takes one half out of a 512-bit register.
vzeroupper: Clears the upper halves of all vector registers, so that SSE code after it is not slowed down.
vzeroall: Clears all vector registers.
kmovw: Copies a mask register of 16 bits.
kmovb: Copies a mask register of 8 bits.
`);

function ofCondition(mnemonic: string): string | null {
  for (const [prefix, text] of CONDITIONAL) {
    if (!mnemonic.startsWith(prefix)) continue;
    const condition = CONDITIONS.get(mnemonic.slice(prefix.length));
    if (condition !== undefined) return `${text} ${condition.words} (${condition.flags}).`;
  }
  return null;
}

function ofWide(mnemonic: string): string | null {
  const known = WIDE_HELP.get(mnemonic);
  if (known !== undefined) return known;
  const fused = MULTIPLY_ADD.find(([pattern]) => pattern.test(mnemonic));
  const order = /(132|213|231)/.exec(mnemonic)?.[1];
  if (fused !== undefined && order !== undefined) {
    const [a, b, c] = [order.charAt(0), order.charAt(1), order.charAt(2)];
    return `${fused[1]}: operands ${a} and ${b} are the factors, operand ${c} is the summand.`;
  }
  const short = mnemonic.startsWith('v') ? mnemonic.slice(1) : '';
  const narrow = TABLE.get(short) ?? comparison(short);
  return narrow === null ? null : `${narrow} ${WIDE}`;
}

/** What an instruction does; null for one that is not known. @param mnemonic in lower case. */
export function describeMnemonic(mnemonic: string): string | null {
  const plain = mnemonic.toLowerCase().replace(/^rep(ne|nz|e|z)?\s+/, '');
  return TABLE.get(plain) ?? ofCondition(plain) ?? comparison(plain) ?? ofWide(plain);
}

/** `cmpltsd` and its like: a comparison with its predicate in the name. */
function comparison(mnemonic: string): string | null {
  const match = /^cmp(eq|lt|le|unord|neq|nlt|nle|ord)([sp][sd])$/.exec(mnemonic);
  if (match === null) return null;
  const [, predicate = '', suffix = ''] = match;
  const words: Readonly<Record<string, string>> = {
    eq: 'the first equals the second',
    lt: 'the first is less than the second',
    le: 'the first is at most the second',
    unord: 'one of them is not a number',
    neq: 'they differ',
    nlt: 'the first is not less than the second',
    nle: 'the first is not at most the second',
    ord: 'both are numbers',
  };
  const lanes = { ss: 'the low singles', sd: 'the low doubles', ps: 'singles', pd: 'doubles' };
  const what = lanes[suffix as keyof typeof lanes];
  return `Compares ${what}: all bits of a lane are set where ${words[predicate] ?? ''}, else cleared.`;
}

/** Latency classes of recent x86-64 cores, the first that fits. */
const LATENCIES: readonly (readonly [RegExp, string])[] = [
  [/^(syscall|cpuid)$/, 'hundreds of cycles: it leaves the program'],
  [/^(div|idiv)$/, '10 to 40 cycles: the slowest arithmetic there is'],
  [/^(v?div|v?sqrt)[sp]s$/, '10 to 15 cycles, and few at a time'],
  [/^(v?div|v?sqrt)[sp]d$/, '13 to 20 cycles, and few at a time'],
  [/^(rdtscp?|rdrand|rdseed|xgetbv|mfence|lfence)$/, 'tens of cycles or more'],
  [/^(ldmxcsr|stmxcsr)$/, 'several cycles, and it holds others up'],
  [/^(rep|movs[bwq]|stos|scas|cmps[bwq]|lods)/, 'depends on the count in rcx'],
  [/^vf(n?)m(add|sub)/, '4 cycles; two can begin in each'],
  [/^v?(add|sub|mul)[sp][sd]$/, '3 to 4 cycles; two can begin in each'],
  [/^v?(min|max|cmp\w*|addsub)[sp][sd]$/, '3 to 4 cycles'],
  [/^v?(u?comi)s[sd]$/, '3 to 5 cycles until the flags can be used'],
  [/^v?cvt/, '4 to 7 cycles'],
  [/^v?(hadd|hsub)p[sd]$/, '5 to 6 cycles'],
  [/^v?round/, '6 to 8 cycles'],
  [/^(imul|mul|mulx)$/, '3 to 4 cycles'],
  [/^v?pmul|^v?pmadd/, '4 to 10 cycles'],
  [/^(bsf|bsr|tzcnt|lzcnt|popcnt|pdep|pext)$/, '3 cycles'],
  [/^v?(movmsk|pmovmsk|pextr|pinsr|extractps|movd$|movq$)/, '2 to 3 cycles'],
  [/^(call|ret|jmp|loop|j)/, '1 to 2 cycles when foreseen; 15 to 20 when not'],
  [/^(nop|endbr64|prefetch|pause)/, 'none to wait for'],
  [/^v?(mov(aps|apd|dqa|ups|upd|dqu)?|movzx|movsxd?)$/, 'up to 1 cycle between registers'],
];

/** How long a result takes to be there, roughly. @param memory whether it loads from memory. */
export function latencyClass(mnemonic: string, memory: boolean): string {
  const found = LATENCIES.find(([pattern]) => pattern.test(mnemonic));
  const own = found?.[1] ?? '1 cycle';
  return memory ? `${own}, and about 5 more for the load when it is in the nearest cache` : own;
}
