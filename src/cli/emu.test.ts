// SPDX-License-Identifier: GPL-2.0-or-later
/** The command as a whole: the same programs natively and in the emulator, streams, misuse. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elfImage } from '../machine/testing/elf-image.ts';
import { nodeAssembler } from './node-assembler.ts';

const EMU = fileURLToPath(new URL('emu.ts', import.meta.url));
const TESTING = new URL('../machine/testing/', import.meta.url);
const TSX = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url));
const ON_LINUX = process.platform === 'linux' && process.arch === 'x64';

let directory: string;

/** Puts an executable into the directory of the tests. @returns its path. */
function program(name: string, image: Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, image);
  chmodSync(path, 0o755);
  return path;
}

/** An image whose code, behind the headers, is these bytes, and an ud2 to end them. */
function code(name: string, ...bytes: number[]): string {
  const segments = [{ flags: 7 }];
  return program(name, elfImage({ segments, patch: [[0x200, [...bytes, 0x0f, 0x0b]]] }));
}

function emu(args: readonly string[], input: string | Buffer = ''): SpawnSyncReturns<Buffer> {
  return spawnSync(process.execPath, [TSX, EMU, ...args], {
    input,
    cwd: directory,
    timeout: 40_000,
  });
}

/** The files that syscalls.asm expects. */
function freshRoot(name: string): string {
  const root = join(directory, name);
  mkdirSync(join(root, 'dir'), { recursive: true });
  writeFileSync(join(root, 'file'), 'contents\n');
  return root;
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'glassbox-emu-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

describe('a row of system calls', () => {
  const expected = readFileSync(new URL('syscalls.expected.txt', TESTING), 'utf8');
  let image: string;

  beforeAll(async () => {
    const source = readFileSync(new URL('syscalls.asm', TESTING), 'utf8');
    const assembler = await nodeAssembler();
    const result = await assembler.assemble({ sources: { 's.asm': source }, main: 's.asm' });
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    image = program('syscalls', result.image);
  });

  it.skipIf(!ON_LINUX)('gives on this Linux what is recorded', () => {
    const run = spawnSync(image, { input: 'hello', cwd: freshRoot('native') });
    expect(run.stdout.toString()).toBe(expected);
    expect(run.status).toBe(7);
  });

  it.each([
    { options: [], engine: 'jit' },
    { options: ['--engine', 'jit'], engine: 'jit' },
    { options: ['--engine', 'unicorn'], engine: 'unicorn' },
  ])('gives the same in the emulator with $options', ({ options, engine }) => {
    const root = freshRoot(`emulated-${options.join('')}`);
    const run = emu([...options, '--root', root, '--stats', image], 'hello');
    expect(run.stdout.toString()).toBe(expected);
    expect(run.status).toBe(7);
    const stats: unknown = JSON.parse(run.stderr.toString());
    expect(stats).toMatchObject({ engine });
    expect((stats as { instructions: number }).instructions).toBeGreaterThan(10_000);
  });
});

describe('npm run emu', () => {
  it('passes bytes through as they are, and shows the calls', () => {
    // read(0, 0x400800, 256); write(1, 0x400800, rax); exit_group(3)
    const echo = code(
      'echo',
      ...[0x31, 0xc0, 0x31, 0xff, 0xbe, 0x00, 0x08, 0x40, 0x00, 0xba, 0x00, 0x01, 0x00, 0x00],
      ...[0x0f, 0x05, 0x89, 0xc2, 0xb8, 0x01, 0x00, 0x00, 0x00, 0xbf, 0x01, 0x00, 0x00, 0x00],
      ...[0x0f, 0x05, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0xbf, 0x03, 0x00, 0x00, 0x00, 0x0f, 0x05],
    );
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const run = emu(['--strace', echo], bytes);
    expect(run.stdout).toEqual(bytes);
    expect(run.status).toBe(3);
    expect(run.stderr.toString().split('\n').slice(2)).toEqual(['exit_group(3) = ?', '']);
  });

  it.each<[what: string, code: number[], status: number, said: RegExp]>([
    ['ud2', [0x0f, 0x0b], 132, /SIGILL, invalid-opcode, at rip 0x400200/],
    ['a null pointer', [0x8b, 0x04, 0x25, 8, 0, 0, 0], 139, /SIGSEGV, .*address 0x8/],
    ['a division by zero', [0x31, 0xc9, 0xf7, 0xf1], 136, /SIGFPE, divide-error, at rip 0x400202/],
    ['int3', [0xcc], 133, /SIGTRAP/],
  ])('ends by the signal of %s', (what, bytes, status, said) => {
    const run = emu([code(what.replaceAll(' ', '-'), ...bytes)]);
    expect(run.stderr.toString()).toMatch(said);
    expect(run.status).toBe(status);
  });

  it('stops an endless loop at the limit', () => {
    const run = emu(['--max-instructions', '1000', '--stats', code('loop', 0x90, 0xeb, 0xfd)]);
    const [said, stats] = run.stderr.toString().split('\n');
    expect(said).toBe('emu: stopped after 1000 instructions (--max-instructions)');
    expect(JSON.parse(stats ?? '')).toMatchObject({ instructions: 1000 });
    expect(run.status).toBe(124);
  });

  it.each(['jit', 'unicorn'])('counts every instruction on demand, with %s', (engine) => {
    // mov ecx, 5; dec ecx; jnz -4; mov eax, 60; xor edi, edi; syscall
    const loop = code(
      'counted',
      ...[0xb9, 5, 0, 0, 0, 0xff, 0xc9, 0x75, 0xfc, 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05],
    );
    const csv = join(directory, `${engine}.csv`);
    const run = emu(['--engine', engine, '--stats', '--profile', csv, loop]);
    expect(run.status).toBe(0);
    const { instructions } = JSON.parse(run.stderr.toString()) as { instructions: number };
    expect(instructions).toBe(1 + 2 * 5 + 3);
    const rows = readFileSync(csv, 'utf8').split('\n');
    expect(rows).toContain('mnemonic,dec,,,5,,');
    expect(rows).toContain('class,branch,,,5,,');
    const classes = rows.filter((row) => row.startsWith('class,')).map((row) => row.split(',')[4]);
    expect(classes.reduce((sum, count) => sum + Number(count), 0)).toBe(instructions);
  });

  it.each<[what: string, args: string[], said: RegExp]>([
    ['a profile nowhere', ['--profile', 'no/p.csv', EMU], /--profile no\/p\.csv: no such file/],
    ['no program', [], /no program is named\nusage:/],
    ['an unknown option', ['--bogus', 'x'], /--bogus/],
    ['a missing program', ['nowhere'], /nowhere: no such file or directory/],
    ['a directory', ['.'], /\.: it is a directory/],
    ['what is no program', [EMU], /emu\.ts cannot be run: it is not an ELF file/],
    ['a missing root', ['--root', 'nowhere', EMU], /--root nowhere: no such file or directory/],
    ['a file as root', ['--root', EMU, EMU], /--root .*: it is not a directory/],
  ])('says what is wrong with %s', (_what, args, said) => {
    const run = emu(args);
    expect(run.stderr.toString()).toMatch(said);
    expect(run.stdout.toString()).toBe('');
    expect(run.status).toBe(2);
  });
});
