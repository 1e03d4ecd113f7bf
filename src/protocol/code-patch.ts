// SPDX-License-Identifier: GPL-2.0-or-later
export type { CodePatch } from '../shared/code-patch.ts';
