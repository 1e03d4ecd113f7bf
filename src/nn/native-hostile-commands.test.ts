// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Every command of every program on every bad file: one line that names it, status 1, nothing on
 * standard output, and no file changed. native-hostile.test.ts has what is particular to training
 * and to options.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Change,
  cut,
  IMAGE_CHANGES,
  LABEL_CHANGES,
  makeDataSet,
} from './testing/hostile-files.ts';
import {
  buildNative,
  embeddedDigits,
  PROJECT,
  scratchFolder,
  WHY_NOT_NATIVE,
} from './testing/native.ts';

const NOBODY = 65_534;
/** Root may read and write all: what is forbidden is tried as somebody else. */
const AS_NOBODY = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const PROGRAMS = [
  { name: 'sigmoid', size: 203_600, bits: 64 },
  { name: 'relu', size: 437_544, bits: 32 },
] as const;

/** The commands that read each file. */
const READERS: readonly (readonly [string, readonly string[]])[] = [
  ['train-images-idx3-ubyte', ['train']],
  ['train-labels-idx1-ubyte', ['train']],
  ['t10k-images-idx3-ubyte', ['train', 'test', 'inspect']],
  ['t10k-labels-idx1-ubyte', ['train', 'test', 'inspect']],
];
const WEIGHTS_READERS = ['test', 'classify', 'inspect', 'train --resume'] as const;

/** Something else in a file's place. */
const REPLACEMENTS: readonly (readonly [string, (path: string) => void, string])[] = [
  ['missing', () => undefined, 'no such file or directory'],
  ['a directory', (path) => mkdirSync(path), 'not a regular file'],
  ['a FIFO', (path) => void spawnSync('mkfifo', [path]), 'not a regular file'],
  [
    'unreadable',
    (path) => {
      writeFileSync(path, 'secret');
      chmodSync(path, 0);
    },
    'permission denied',
  ],
];

describe.skipIf(WHY_NOT_NATIVE !== null).each(PROGRAMS)(
  `$name and bad files ${WHY_NOT_NATIVE ?? 'on the real CPU'}`,
  ({ name, size, bits }) => {
    const folder = scratchFolder();
    const good = join(folder, 'good');
    const work = join(folder, 'work');
    const weights = join(work, 'weights.bin');
    let program = '';

    beforeAll(async () => {
      chmodSync(folder, 0o755);
      program = await buildNative(`${name}.asm`, folder);
      makeDataSet((await embeddedDigits()).folder, good);
    });
    beforeEach(() => {
      mkdirSync(work);
      chmodSync(work, 0o777);
      cpSync(good, join(work, 'data'), { recursive: true });
      cpSync(join(PROJECT, `data/weights/${name}.bin`), weights);
    });
    afterEach(() => rmSync(work, { recursive: true, force: true }));
    afterAll(() => rmSync(folder, { recursive: true }));

    /** Runs a command on the data and weights in `work`, which must fail so and change nothing. */
    function expectFailure(command: string, problem: string): void {
      const before = readdirSync(work, { recursive: true }).sort();
      const run = spawnSync(
        program,
        [...command.split(' '), '--data', 'data', '--weights', 'weights.bin'],
        // a FIFO that is opened after all would wait for ever
        { cwd: work, input: '', encoding: 'utf8', timeout: 60_000, ...AS_NOBODY },
      );
      expect(run.stderr, command).toBe(`${name}: ${problem}\n`);
      expect(run.stdout, command).toBe('');
      expect(run.status, command).toBe(1);
      expect(readdirSync(work, { recursive: true }).sort()).toEqual(before);
    }

    function change(file: string, how: Change): void {
      const path = join(work, file);
      writeFileSync(path, how(readFileSync(path)));
    }

    describe.each(READERS)('%s', (file, commands) => {
      it.each(file.includes('images') ? IMAGE_CHANGES : LABEL_CHANGES)('%s', (_, how, message) => {
        change(join('data', file), how);
        const full = message === 'still compressed' ? `${message}: unpack it with gunzip` : message;
        for (const command of commands) expectFailure(command, `data/${file}: ${full}`);
      });

      it.each(REPLACEMENTS)('%s', (_, make, message) => {
        rmSync(join(work, 'data', file));
        make(join(work, 'data', file));
        for (const command of commands) expectFailure(command, `data/${file}: ${message}`);
      });
    });

    describe('weights', () => {
      const wrong = (bytes: number): string =>
        `not a weights file of this network: it has ${bytes} bytes, not ${size}`;
      const infinite = 'holds something that is not a finite number';
      const real =
        (at: number, value: number): Change =>
        (file) => {
          if (bits === 64) file.writeDoubleLE(value, at);
          else file.writeFloatLE(value, at);
          return file;
        };

      it.each<[string, Change, string]>([
        ['empty', cut(0), wrong(0)],
        ['a single byte', cut(1), wrong(1)],
        ['a byte short', cut(size - 1), wrong(size - 1)],
        ['a byte long', (file) => Buffer.concat([file, Buffer.of(0)]), wrong(size + 1)],
        ['NaN at the start', real(0, NaN), infinite],
        ['infinity in the middle', real(size / 2, Infinity), infinite],
        ['minus infinity at the end', real(size - bits / 8, -Infinity), infinite],
      ])('%s', (_, how, message) => {
        change('weights.bin', how);
        const bad = readFileSync(weights);
        for (const command of WEIGHTS_READERS) expectFailure(command, `weights.bin: ${message}`);
        expect(readFileSync(weights).equals(bad)).toBe(true);
      });

      it.each(REPLACEMENTS)('%s', (_, make, message) => {
        rmSync(weights);
        make(weights);
        for (const command of WEIGHTS_READERS) expectFailure(command, `weights.bin: ${message}`);
      });

      it('in a directory where nothing may be written: train says so before it begins', () => {
        chmodSync(work, 0o555);
        expectFailure('train', 'weights.bin: permission denied');
        expect(readFileSync(weights)).toHaveLength(size);
      });
    });
  },
);
