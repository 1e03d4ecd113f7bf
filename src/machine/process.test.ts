// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { GPR } from '../shared/cpu-state.ts';
import { DEFAULT_RAM, PROT, PROT_MAPPED, STACK_GUARD, STACK_SIZE } from './layout.ts';
import { MemoryFiles } from './memory-files.ts';
import { GuestMemory } from './memory.ts';
import { Process, type ProcessOptions } from './process.ts';
import { AT } from './stack.ts';
import { elfImage, IMAGE_BASE } from './testing/elf-image.ts';
import { SCRATCH, TestGuest } from './testing/guest.ts';
import { ManualClock } from './testing/manual-clock.ts';

const OPTIONS: ProcessOptions = {
  fs: new MemoryFiles(),
  clock: new ManualClock(),
  random: (bytes) => bytes.fill(0x5a),
  output: () => undefined,
};

function start(memory: GuestMemory, argv: string[], options = OPTIONS, image = elfImage()) {
  return Process.start(memory, image, argv, options);
}

/** What a program finds from its stack pointer on. */
function readStack(memory: GuestMemory) {
  const view = new DataView(memory.bytes.buffer);
  let at = Number(memory.state.gpr(GPR.rsp));
  const next = (): number => {
    const value = Number(view.getBigUint64(at, true));
    at += 8;
    return value;
  };
  const text = (address: number): string => {
    const end = memory.bytes.indexOf(0, address);
    return new TextDecoder().decode(memory.bytes.subarray(address, end));
  };
  const argc = next();
  const strings = (): string[] => {
    const found: string[] = [];
    for (let p = next(); p !== 0; p = next()) found.push(text(p));
    return found;
  };
  const argv = strings();
  const env = strings();
  const auxv = new Map<number, number>();
  for (let key = next(); key !== AT.NULL; key = next()) auxv.set(key, next());
  return { argc, argv, env, auxv, text };
}

describe('Process.start', () => {
  it('sets registers and flags as Linux does', () => {
    const memory = new GuestMemory();
    memory.state.bytes.fill(0xff);
    expect(start(memory, ['prog']).ok).toBe(true);
    const { state } = memory;
    expect(state.rip).toBe(BigInt(IMAGE_BASE + 0x200));
    expect(state.gpr(GPR.rsp) % 16n).toBe(0n);
    expect(state.rflags).toBe(0x202);
    expect(state.mxcsr).toBe(0x1f80);
    expect(state.instructions).toBe(0);
    for (let i = 0; i < 16; i++) {
      if (i !== GPR.rsp) expect(state.gpr(i)).toBe(0n);
      expect(state.xmm(i).every((b) => b === 0)).toBe(true);
    }
  });

  it.each([1, 2, 3, 4, 5])('builds the stack for %i arguments', (count) => {
    const memory = new GuestMemory();
    const argv = Array.from({ length: count }, (_, i) => `ärgument ${i}`);
    const env = ['HOME=/', 'EMPTY='];
    expect(start(memory, argv, { ...OPTIONS, env }).ok).toBe(true);
    const stack = readStack(memory);
    expect(stack).toMatchObject({ argc: count, argv, env });
    expect(memory.state.gpr(GPR.rsp) % 16n).toBe(0n);
    const aux = (key: number): number => stack.auxv.get(key) ?? -1;
    expect(aux(AT.PAGESZ)).toBe(4096);
    expect(aux(AT.PHDR)).toBe(IMAGE_BASE + 64);
    expect([aux(AT.PHENT), aux(AT.PHNUM)]).toEqual([56, 1]);
    expect(aux(AT.ENTRY)).toBe(IMAGE_BASE + 0x200);
    expect(aux(AT.SECURE)).toBe(0);
    expect(stack.text(aux(AT.EXECFN))).toBe(argv[0]);
    expect(stack.text(aux(AT.PLATFORM))).toBe('x86_64');
    const random = aux(AT.RANDOM);
    expect(memory.bytes.slice(random, random + 16)).toEqual(new Uint8Array(16).fill(0x5a));
  });

  it('maps the stack at the top of RAM, with nothing below it', () => {
    const memory = new GuestMemory();
    start(memory, ['prog']);
    const bottom = DEFAULT_RAM - STACK_SIZE;
    expect(memory.protectionAt(DEFAULT_RAM - 1)).toBe(PROT.read | PROT.write | PROT_MAPPED);
    expect(memory.protectionAt(bottom)).toBe(PROT.read | PROT.write | PROT_MAPPED);
    expect(memory.protectionAt(bottom - 1)).toBe(0);
    expect(memory.protectionAt(bottom - STACK_GUARD)).toBe(0);
  });

  it.each<[what: string, argv: string[], error: RegExp]>([
    ['a zero byte', ['prog', 'a\0b'], /argument 1 contains a zero byte/],
    ['one huge argument', ['prog', 'x'.repeat(131_072)], /argument 1 has 131072 bytes/],
    ['too many arguments', Array<string>(30_000).fill('x'.repeat(80)), /at most 2097152/],
  ])('refuses %s', (_what, argv, error) => {
    const started = start(new GuestMemory(), argv);
    expect(started.ok ? 'started' : started.error).toMatch(error);
  });

  it('gives a large image more RAM, and refuses what no RAM can hold', () => {
    const withBss = (mebibytes: number) =>
      elfImage({
        segments: [
          {},
          { flags: 6, address: 0x600000, fileSize: 0, memorySize: mebibytes * 2 ** 20 },
        ],
      });
    const memory = new GuestMemory();
    expect(start(memory, ['prog'], OPTIONS, withBss(300)).ok).toBe(true);
    expect(memory.size).toBeGreaterThan(320 * 2 ** 20);
    const refused = start(new GuestMemory(), ['prog'], OPTIONS, withBss(500));
    expect(refused.ok ? 'started' : refused.error).toMatch(/does not fit into the RAM/);
  });

  it('leaves nothing of the program before, and the same layout', () => {
    const first = new TestGuest();
    const pointer = first.memory.state.gpr(GPR.rsp);
    const heap = first.call(12, 0);
    first.call(12, heap + 8192);
    first.put(heap, 'secret');
    expect(first.call(9, 0, 200 * 2 ** 20, 3, 0x22, -1, 0)).toBe(DEFAULT_RAM);
    first.put(DEFAULT_RAM, 'secret');
    first.process.dispose();
    const second = new TestGuest({}, {}, first.memory);
    expect(second.memory.state.gpr(GPR.rsp)).toBe(pointer);
    expect(second.memory.protectionAt(heap)).toBe(0);
    expect(second.memory.protectionAt(DEFAULT_RAM)).toBe(0);
    expect(second.memory.bytes[heap]).toBe(0);
    expect(second.memory.bytes[DEFAULT_RAM]).toBe(0);
  });
});

describe('Process', () => {
  it('closes its files at the end, and waits for those that take time', async () => {
    const closed: string[] = [];
    let finish: () => void = () => undefined;
    const files: ProcessOptions['fs'] = {
      open: (path) => ({
        path,
        stat: () => ({ kind: 'file', size: 0, modified: 0, inode: 1, mode: 0o644 }),
        read: () => 0,
        write: () => 0,
        sync: () => 0,
        close: () =>
          new Promise((resolve) => {
            closed.push(path);
            finish = () => resolve(0);
          }),
      }),
      rename: () => 0,
      unlink: () => 0,
    };
    const guest = new TestGuest({}, { fs: files });
    expect(guest.call(2, guest.put(SCRATCH, 'f'), 0)).toBe(3);
    const exit = guest.callLater(231, 5);
    expect(closed).toEqual(['f']);
    finish();
    await exit;
    expect(guest.outcome).toEqual({ kind: 'exit', status: 5 });
  });

  it('closes a file that is opened only after a cancel', async () => {
    let closes = 0;
    let opened: (file: never) => void = () => undefined;
    const guest = new TestGuest(
      {},
      {
        fs: {
          open: () => new Promise((resolve) => (opened = resolve)),
          rename: () => 0,
          unlink: () => 0,
        },
      },
    );
    const pending = guest.callLater(2, guest.put(SCRATCH, 'f'), 0);
    expect(guest.process.waiting).toBe('other');
    guest.process.cancel();
    await pending;
    expect(guest.outcome).toEqual({ kind: 'killed', signal: 'SIGKILL' });
    opened({ close: () => ++closes } as never);
    await new Promise((resolve) => setTimeout(resolve));
    expect(closes).toBe(1);
  });

  it('serves a million calls in seconds', () => {
    const guest = new TestGuest();
    const { strace: _strace, ...options } = { ...OPTIONS, strace: undefined };
    const started = start(guest.memory, ['prog'], options);
    if (!started.ok) throw new Error(started.error);
    const begun = performance.now();
    for (let i = 0; i < 1_000_000; i++) {
      guest.memory.state.setGpr(GPR.rax, 8n); // lseek of a bad descriptor
      guest.memory.state.setGpr(GPR.rdi, 77n);
      void started.value.syscall();
    }
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
