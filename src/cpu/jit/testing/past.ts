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
