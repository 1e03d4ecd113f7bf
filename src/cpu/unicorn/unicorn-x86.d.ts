// SPDX-License-Identifier: GPL-2.0-or-later
declare module '@specy/x86/dist/x86/deps/unicorn-x86.min.js' {
  /** The convenience layer, which is not used (see loader.ts). */
  export const uc: object;
}
