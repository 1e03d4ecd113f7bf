// SPDX-License-Identifier: GPL-2.0-or-later
/** Snippets that some version of the translator got wrong, and why. Failures of the fuzz join them. */
export const PAST_FAILURES: readonly { readonly code: string; readonly why: string }[] = [
  { code: '660f6fd666f24183e01f664dd3fa6644f8', why: 'clc lost the flags that sar by cl had left' },
  { code: '66f210daf2461c076603dcf2f6de', why: 'a repne prefix on sbb made its flags conditional' },
  {
    code: 'f24985d845d3ae7ddbe80ef24711e0664783e94d',
    why: 'adc after a shift whose flags looked dead',
  },
  { code: 'f24faf', why: 'repne scasq that faults on its way keeps its flags' },
  { code: '66f24bf25ab1cd', why: 'odd prefixes before an access that faults' },
  { code: 'f34c0fb8cc95660f664435b1', why: 'misaligned comes before non-canonical' },
  { code: '66f2470fa4d104', why: '16-bit double shift' },
  { code: '66470f3a090d12a7dbb314', why: 'rip-relative beyond the address space' },
];

/**
 * Programs that an engine got wrong (those of the fuzz made small, `testing/programs.ts`); their
 * registers and data come from the seed.
 */
export const PAST_PROGRAMS: readonly {
  readonly code: string;
  readonly seed: bigint;
  readonly why: string;
}[] = [
  { code: '31c00fbce8', seed: 1n, why: 'bsf ebp of zero keeps all of rbp' },
  { code: 'b90200000039c9e1fc', seed: 1n, why: 'loope whose count ends it keeps the flags' },
  { code: '48bc0000000000000080ff33', seed: 1n, why: 'push [rbx] on a stack at no address' },
  { code: '48b80000000000000080ff30', seed: 1n, why: 'push of what lies at no address' },
  {
    code: '48b80000000000000080488bc8488be08f01',
    seed: 1n,
    why: 'pop from no address to no address',
  },
  {
    // mov rax, a NaN; movq xmm2, rax; dec rax; movq xmm5, rax; mov ecx, 99; addsd xmm2, xmm5; loop
    code: '48b8b8ffffffffffffff66480f6ed048ffc866480f6ee8b963000000f20f58d5e2fa',
    seed: 1n,
    why: 'of two NaNs addsd gives the first, also in optimised code',
  },
  { code: '48bd0000000000000080f30fb84500', seed: 1n, why: 'popcnt of no address, by rbp' },
];
