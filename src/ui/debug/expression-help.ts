// SPDX-License-Identifier: GPL-2.0-or-later
/** The expression language in a dozen lines, for the page's own help; docs/EXPRESSIONS.md has all. */

export interface Example {
  readonly text: string;
  readonly means: string;
  /** `old` and `new` have a meaning in conditions of watchpoints alone. */
  readonly watchpoint?: boolean;
}

export const EXAMPLES: readonly Example[] = [
  { text: 'xmm0.f64[0] < 0 && rcx > 3', means: 'a lane and a register, compared' },
  { text: 'eax == -1', means: 'a literal takes on the type of the other side' },
  { text: 'rax.i64 < 0', means: 'the same bits, signed; registers are unsigned' },
  { text: 'zf == 1', means: 'a flag' },
  { text: '[rsp + 8]', means: '64 bits of memory, unsigned' },
  {
    text: '[rsp + 8].f64',
    means: 'the same bytes as a double; u8 … u64, i8 … i64, f32, f64, char',
  },
  { text: 'rip == _start', means: 'a label is its address' },
  { text: 'hits % 1000 == 0', means: 'every thousandth hit of the breakpoint that asks' },
  { text: 'abs(new - old) > 0.1', means: 'a value before and after its write', watchpoint: true },
  { text: 'rcx & 7 == 0 ? 1 : 2', means: '& binds tighter than ==, unlike in C' },
  { text: 'max(sqrt(2.0), exp(1))', means: 'abs sqrt floor exp ln int float isnan isinf min max' },
];

/** For programs whose tensors have these names. */
export const TENSOR_EXAMPLES: readonly Example[] = [
  { text: 'batch == 100 && loss_sum > 2.5', means: 'scalars annotated with ;@ tensor' },
  { text: 'w1[371][7]', means: 'an element of an annotated tensor' },
];
