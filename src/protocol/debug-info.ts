// SPDX-License-Identifier: GPL-2.0-or-later
export type * from '../shared/debug-info.ts';
