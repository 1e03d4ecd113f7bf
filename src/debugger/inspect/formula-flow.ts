// SPDX-License-Identifier: GPL-2.0-or-later
/** Formulas of jumps, calls, the stack, string instructions and system calls. */
import { bytesOf, unsignedOf } from '../../shared/little-endian.ts';
import { syscallName } from '../../machine/linux/names.ts';
import { GPR } from '../../shared/cpu-state.ts';
import { formatCounted, hex } from '../../shared/format.ts';
import { conditionOf, flagValues } from './condition.ts';
import { placeText, store, type Outcome, type Situation, type Write } from './outcome.ts';
import { briefInteger } from './values.ts';

function rip(value: number | bigint): Write {
  return { kind: 'rip', value: BigInt(value) };
}

function rsp(value: bigint): Write {
  return { kind: 'gpr', index: GPR.rsp, value: BigInt.asUintN(64, value) };
}

/** Where a jump or call with this operand goes; null when that cannot be read. */
function destination(s: Situation): number | null {
  const [operand] = s.operands;
  if (operand?.kind === 'target') return operand.address;
  if (operand?.bytes == null) return null;
  const value = unsignedOf(operand.bytes);
  return value < 2n ** 47n ? Number(value) : null;
}

function jump(s: Situation): Outcome | null {
  const to = destination(s);
  if (to === null) return null;
  if (s.mnemonic === 'jmp') return { lines: [`goes on at ${s.name(to)}`], writes: [rip(to)] };
  const rcx = s.state.gpr(GPR.rcx);
  if (s.mnemonic === 'loop') {
    const left = BigInt.asUintN(64, rcx - 1n);
    const jumps = left !== 0n;
    const what = jumps ? `jumps to ${s.name(to)}` : 'does not jump';
    return {
      lines: [`rcx = ${briefInteger(left, 64)}: ${what}`],
      writes: [{ kind: 'gpr', index: GPR.rcx, value: left }, rip(jumps ? to : s.next)],
    };
  }
  if (s.mnemonic === 'jrcxz') {
    const jumps = rcx === 0n;
    const what = jumps ? `jumps to ${s.name(to)}` : 'does not jump';
    return {
      lines: [`rcx = ${briefInteger(rcx, 64)}: ${what}`],
      writes: [rip(jumps ? to : s.next)],
    };
  }
  const condition = conditionOf(s.mnemonic);
  if (condition === null) return null;
  const jumps = condition.holds(s.state.rflags);
  const what = jumps ? `jumps to ${s.name(to)}` : 'does not jump';
  return {
    lines: [`${flagValues(condition, s.state.rflags)}: ${what}`],
    writes: [rip(jumps ? to : s.next)],
  };
}

function stack(s: Situation): Outcome | null {
  const top = s.state.gpr(GPR.rsp);
  const [operand] = s.operands;
  const at = (value: bigint): number | null => (value < 2n ** 47n ? Number(value) : null);
  switch (s.mnemonic) {
    case 'push': {
      if (operand?.bytes == null) return null;
      const value = BigInt.asUintN(64, unsignedOf(operand.bytes));
      const address = at(top - 8n);
      if (address === null || (operand.size !== 8 && operand.kind !== 'immediate')) return null;
      const memory: Write = { kind: 'memory', address, bytes: bytesOf(value, 8) };
      const line = `[rsp − 8] = ${briefInteger(value, 64)}, rsp = ${hex(top - 8n)}`;
      return { lines: [line], writes: [memory, rsp(top - 8n)] };
    }
    case 'pop': {
      const bytes = s.read(Number(top), 8);
      if (operand?.size !== 8 || operand.kind !== 'gpr' || bytes === null) return null;
      const value = briefInteger(unsignedOf(bytes), 64);
      const line = `${operand.text} = [rsp] = ${value}, rsp = ${hex(top + 8n)}`;
      const target = store(s.state, operand, bytes);
      return {
        lines: [line],
        writes: operand.register === GPR.rsp ? target : [rsp(top + 8n), ...target],
      };
    }
    case 'call': {
      const to = destination(s);
      const address = at(top - 8n);
      if (to === null || address === null) return null;
      const memory: Write = { kind: 'memory', address, bytes: bytesOf(BigInt(s.next), 8) };
      const line = `[rsp − 8] = ${s.name(s.next)}, rsp = ${hex(top - 8n)}, goes on at ${s.name(to)}`;
      return { lines: [line], writes: [memory, rsp(top - 8n), rip(to)] };
    }
    case 'ret': {
      const bytes = s.read(Number(top), 8);
      if (bytes === null) return null;
      const to = unsignedOf(bytes);
      const extra = operand?.bytes == null ? 0n : unsignedOf(operand.bytes) & 0xffffn;
      const name = to < 2n ** 47n ? s.name(Number(to)) : hex(to);
      const end = top + 8n + extra;
      return {
        lines: [`goes back to [rsp] = ${name}, rsp = ${hex(end)}`],
        writes: [rsp(end), rip(to)],
      };
    }
    case 'leave': {
      const frame = s.state.gpr(GPR.rbp);
      const address = at(frame);
      const bytes = address === null ? null : s.read(address, 8);
      if (bytes === null) return null;
      const old = unsignedOf(bytes);
      return {
        lines: [`rsp = rbp + 8 = ${hex(frame + 8n)}, rbp = [rbp] = ${hex(old)}`],
        writes: [rsp(frame + 8n), { kind: 'gpr', index: GPR.rbp, value: old }],
      };
    }
    default:
      return null;
  }
}

const STRING = /^(movs|stos|lods|scas|cmps)([bwdq])$/;
const UNIT: Readonly<Record<string, number>> = { b: 1, w: 2, d: 4, q: 8 };

function string(s: Situation): Outcome | null {
  const match = STRING.exec(s.mnemonic);
  if (match === null || s.operands.some((operand) => operand.kind === 'xmm')) return null;
  const [, name = '', letter = ''] = match;
  const size = UNIT[letter] ?? 1;
  const count = s.repeated ? s.state.gpr(GPR.rcx) : 1n;
  const down = (s.state.rflags & 0x400) !== 0;
  const way = down ? 'downwards' : 'upwards';
  const bytes = count * BigInt(size);
  const [source, target] = [hex(s.state.gpr(GPR.rsi)), hex(s.state.gpr(GPR.rdi))];
  const product = s.repeated ? `${count} × ${size} = ` : '';
  const many = `${product}${formatCounted(bytes, 'byte')}`;
  const lines: Readonly<Record<string, string>> = {
    movs: `copies ${many} from ${source} to ${target}, ${way}`,
    stos: `fills ${many} at ${target} with ${briefInteger(s.state.gpr(GPR.rax), size * 8)}, ${way}`,
    lods: `loads ${many} from ${source}, ${way}`,
    scas: `looks at ${s.repeated ? 'up to ' : ''}${many} at ${target}, ${way}`,
    cmps: `compares ${s.repeated ? 'up to ' : ''}${many} at ${source} and ${target}, ${way}`,
  };
  return { lines: [lines[name] ?? ''], writes: [] };
}

function syscall(s: Situation): Outcome {
  const number = s.state.gpr(GPR.rax);
  const name = syscallName(Number(BigInt.asUintN(32, number)));
  const args = [GPR.rdi, GPR.rsi, GPR.rdx].map((index) => briefInteger(s.state.gpr(index), 64));
  return { lines: [`rax = ${number}: ${name}(${args.join(', ')}, …)`], writes: [] };
}

function exchange(s: Situation): Outcome | null {
  const [a, b] = s.operands;
  if (a?.bytes == null || b?.bytes == null || a.size < 4 || a.size !== b.size) return null;
  const [x, y] = [a, b].map((operand) =>
    briefInteger(unsignedOf(operand.bytes ?? a.bytes ?? new Uint8Array()), a.size * 8),
  );
  return {
    lines: [`${placeText(a)} = ${y ?? ''}, ${placeText(b)} = ${x ?? ''}`],
    writes: [...store(s.state, a, b.bytes), ...store(s.state, b, a.bytes)],
  };
}

/** The outcome of what steers the program; null when it is something else. */
export function flowOutcome(s: Situation): Outcome | null {
  const { mnemonic } = s;
  if (mnemonic === 'syscall') return syscall(s);
  if (mnemonic === 'xchg') return exchange(s);
  if (/^(push|pop|call|ret|leave)$/.test(mnemonic)) return stack(s);
  if (/^j|^loop$/.test(mnemonic)) return jump(s);
  return string(s);
}
