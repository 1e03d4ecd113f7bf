// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Memory accesses of a block, grouped so that one check serves many.
 *
 * Accesses whose addresses differ by a constant known at translation time (same registers with
 * nothing but constants added in between) form a group; the first of them checks the whole span.
 * If that check fails, the fallback engine executes the rest of the block and finds out exactly
 * which instruction faults, if one does.
 */
import type { Insn, MemOperand } from './decode.ts';

export interface Access {
  readonly kind: 'explicit' | 'stack';
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  readonly disp: number;
  readonly size: number;
  readonly seg: 'fs' | 'gs' | null;
  readonly addr32: boolean;
  readonly read: boolean;
  readonly write: boolean;
  /** Faults unless the address is a multiple of 16. */
  readonly aligned: boolean;
}

export interface Group {
  /** Number and address of the instruction that checks, and the access that gives the address. */
  readonly insn: number;
  readonly ip: number;
  readonly lead: Access;
  /** Lowest address of the group minus the lead's, ≤ 0; and bytes from there to the end. */
  low: number;
  span: number;
  read: boolean;
  write: boolean;
  /** Set when the check is made once for many rounds of a loop, before them (`rounds.ts`). */
  hoisted: boolean;
  /** Remainders modulo 16 (relative to the lead) that have been checked for alignment. */
  readonly alignedAt: Set<number>;
}

export interface Placed {
  readonly access: Access;
  readonly group: Group;
  /** The access's address minus the lead's. */
  readonly delta: number;
  /** This access does the group's check. */
  readonly first: boolean;
  /** This access has to check its own alignment. */
  readonly checkAlignment: boolean;
}

const MAX_SPAN = 2048;
const RSP = 4;
const RBP = 5;

const UNALIGNED_OK = new Set([
  'Movups', 'Movupd', 'Movdqu', 'Lddqu', 'Pcmpestri', 'Pcmpestrm', 'Pcmpistri', 'Pcmpistrm',
]); // prettier-ignore

const NO_ACCESS = new Set(['Lea', 'Nop', 'Prefetchnta', 'Prefetcht0', 'Prefetcht1', 'Prefetcht2', 'Prefetchw', 'Clflush']); // prettier-ignore

/** Instructions that compute their addresses themselves. */
const STRING_OPS = new Set([
  'Movsb', 'Movsw', 'Movsd', 'Movsq', 'Stosb', 'Stosw', 'Stosd', 'Stosq',
  'Lodsb', 'Lodsw', 'Lodsd', 'Lodsq', 'Scasb', 'Scasw', 'Scasd', 'Scasq',
  'Cmpsb', 'Cmpsw', 'Cmpsd', 'Cmpsq',
]); // prettier-ignore

export function isString(insn: Insn): boolean {
  return STRING_OPS.has(insn.mnemonic);
}

function explicitAccess(insn: Insn, m: MemOperand, i: number): Access {
  const sse = insn.xmmUsed !== 0 || insn.mnemonic === 'Cmpxchg16b';
  const { base, index, scale, disp, seg, addr32 } = m;
  const size = m.size || 8;
  const bit = /^Bt[src]?$/.test(insn.mnemonic) && insn.ops[1]?.k === 'gpr';
  if (bit) throw new Error('bit strings compute their own addresses');
  return {
    kind: 'explicit',
    base,
    index,
    scale,
    disp,
    size,
    seg,
    addr32,
    read: insn.reads[i] ?? true,
    write: insn.writes[i] ?? false,
    aligned: sse && size === 16 && !UNALIGNED_OK.has(insn.mnemonic),
  };
}

function stackAccess(base: number, disp: number, size: number, write: boolean): Access {
  return {
    kind: 'stack',
    base,
    index: -1,
    scale: 1,
    disp,
    size,
    seg: null,
    addr32: false,
    read: !write,
    write,
    aligned: false,
  };
}

/** The accesses of one instruction that are checked in advance, in order of execution. */
export function accessesOf(insn: Insn): Access[] {
  const found: Access[] = [];
  const { ops } = insn;
  for (let i = 0; i < ops.length; i++) {
    const o = ops[i];
    if (o?.k !== 'mem' || !(insn.reads[i] || insn.writes[i])) continue;
    if (NO_ACCESS.has(insn.mnemonic) || isString(insn)) return [];
    found.push(explicitAccess(insn, o, i));
  }
  if (insn.stack === 0 && insn.mnemonic !== 'Leave' && insn.mnemonic !== 'Enter') return found;
  switch (insn.mnemonic) {
    case 'Push':
    case 'Pushfq':
    case 'Call':
      found.push(stackAccess(RSP, insn.stack, -insn.stack, true));
      break;
    case 'Pop':
    case 'Popfq':
      found.push(stackAccess(RSP, 0, insn.stack, false));
      break;
    case 'Ret':
      found.push(stackAccess(RSP, 0, 8, false));
      break;
    case 'Leave':
      found.push(stackAccess(RBP, 0, 8, false));
      break;
    case 'Enter':
      found.push(stackAccess(RSP, -8, 8, true));
      break;
  }
  return found;
}

/** What is known of a register inside a block: an unknown value (by number) plus a constant. */
interface Known {
  version: number;
  offset: number;
}

/** The constant that `insn` adds to a 64-bit register, or null when it does something else. */
export function constantAdded(insn: Insn, reg: number): number | null {
  const [dst, src] = insn.ops;
  if (reg === RSP && insn.mnemonic === 'Ret') {
    return dst?.k === 'imm' ? null : 8;
  }
  if (
    reg === RSP &&
    (insn.mnemonic === 'Push' || insn.mnemonic === 'Call' || insn.mnemonic === 'Pushfq')
  ) {
    return insn.stack;
  }
  if (reg === RSP && (insn.mnemonic === 'Pop' || insn.mnemonic === 'Popfq')) {
    return dst?.k === 'gpr' && dst.reg === RSP ? null : insn.stack;
  }
  if (dst?.k !== 'gpr' || dst.size !== 8 || dst.reg !== reg) return null;
  switch (insn.mnemonic) {
    case 'Add':
      return src?.k === 'imm' ? Number(src.value) : null;
    case 'Sub':
      return src?.k === 'imm' ? -Number(src.value) : null;
    case 'Inc':
      return 1;
    case 'Dec':
      return -1;
    case 'Lea':
      return src?.k === 'mem' && src.base === reg && src.index < 0 && !src.addr32 ? src.disp : null;
    default:
      return null;
  }
}

const NONE: readonly Access[] = [];
const SEGMENTS = ['', 'fs', 'gs'];

/** Plans the checks of a block: for each instruction, its accesses in order. */
export function planAccesses(insns: readonly Insn[]): Placed[][] {
  const all = insns.map(accessesOf);
  if (!all.some((accesses) => accesses.length > 0)) return insns.map(() => []);
  const known: Known[] = [];
  for (let reg = 0; reg < 16; reg++) known.push({ version: reg, offset: 0 });
  let versions = 16;
  const groups = new Map<number, { group: Group; anchor: number }>();
  return insns.map((insn, n) => {
    const placed: Placed[] = [];
    for (const access of all[n] ?? NONE) {
      const b = access.base >= 0 ? known[access.base] : undefined;
      const x = access.index >= 0 ? known[access.index] : undefined;
      const offset = access.disp + (b?.offset ?? 0) + (x?.offset ?? 0) * access.scale;
      // an address that wraps is like no other
      const like = access.addr32 ? 3 + versions++ : SEGMENTS.indexOf(access.seg ?? '');
      placed.push(place(groups, keyOf(b, x, access.scale, like), { access, offset, insn, n }));
    }
    for (let rest = insn.gprWritten; rest !== 0; rest &= rest - 1) {
      const reg = 31 - Math.clz32(rest & -rest);
      const state = known[reg];
      if (!state) continue;
      const added = constantAdded(insn, reg);
      if (added === null) known[reg] = { version: versions++, offset: 0 };
      else known[reg] = { version: state.version, offset: state.offset + added };
    }
    return placed;
  });
}

/** Of what an address is made up, but for constants; versions and `like` are far below 2^15. */
function keyOf(b: Known | undefined, x: Known | undefined, scale: number, like: number): number {
  const registers = (b ? b.version + 1 : 0) * 2 ** 15 + (x ? x.version + 1 : 0);
  return (registers * 2 ** 15 + like) * 16 + scale;
}

interface Candidate {
  readonly access: Access;
  /** What is added to the registers of its address, as they were known at the block's start. */
  readonly offset: number;
  readonly insn: Insn;
  /** The instruction's number. */
  readonly n: number;
}

/** Puts an access into the group of its key, or begins another. */
function place(
  groups: Map<number, { group: Group; anchor: number }>,
  key: number,
  { access, offset, insn, n }: Candidate,
): Placed {
  const found = groups.get(key);
  const delta = found ? offset - found.anchor : 0;
  const low = found ? Math.min(found.group.low, delta) : 0;
  const high = found
    ? Math.max(found.group.low + found.group.span, delta + access.size)
    : access.size;
  if (!found || high - low > MAX_SPAN) {
    const group: Group = {
      insn: n,
      ip: insn.ip,
      lead: access,
      low: 0,
      span: access.size,
      read: access.read,
      write: access.write,
      hoisted: false,
      alignedAt: new Set(access.aligned ? [0] : undefined),
    };
    groups.set(key, { group, anchor: offset });
    return { access, group, delta: 0, first: true, checkAlignment: access.aligned };
  }
  const group = found.group;
  group.low = low;
  group.span = high - low;
  group.read ||= access.read;
  group.write ||= access.write;
  const residue = ((delta % 16) + 16) % 16;
  const checkAlignment = access.aligned && !group.alignedAt.has(residue);
  if (checkAlignment) group.alignedAt.add(residue);
  return { access, group, delta, first: false, checkAlignment };
}
