// SPDX-License-Identifier: GPL-2.0-or-later
/** Bad input: one clear line that names the file or option, and nothing half done. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { IDX_FILES } from './idx.ts';
import {
  type Change,
  cut,
  IMAGE_CHANGES,
  LABEL_CHANGES,
  makeDataSet,
  number,
} from './testing/hostile-files.ts';
import type { NativeRun } from './testing/native.ts';
import {
  buildNative,
  embeddedDigits,
  PROJECT,
  runNative,
  scratchFolder,
  WHY_NOT_NATIVE,
} from './testing/native.ts';

const TRAIN_IMAGES = 'train-images-idx3-ubyte';
const TRAINED = join(PROJECT, 'data/weights/sigmoid.bin');

describe.skipIf(WHY_NOT_NATIVE !== null)(
  `sigmoid with bad input ${WHY_NOT_NATIVE ?? 'on the real CPU'}`,
  () => {
    const folder = scratchFolder();
    const good = join(folder, 'good');
    const work = join(folder, 'work');
    const data = join(work, 'data');
    const weights = join(work, 'weights.bin');
    let program = '';

    beforeAll(async () => {
      program = await buildNative('sigmoid.asm', folder);
      const digits = await embeddedDigits();
      makeDataSet(digits.folder, good);
    });
    beforeEach(() => {
      mkdirSync(work);
      cpSync(good, data, { recursive: true });
      cpSync(TRAINED, weights);
    });
    afterEach(() => rmSync(work, { recursive: true }));
    afterAll(() => rmSync(folder, { recursive: true }));

    const sigmoid = (...args: string[]): NativeRun => runNative(program, args, { cwd: work });

    /** The run failed with this status and one line that begins so. */
    function expectFailure(run: NativeRun, status: number, line: string): void {
      expect(run.stderr).toMatch(/^[^\n]+\n$/);
      expect(run.stderr.slice(0, -1)).toContain(line);
      expect(run.stderr.startsWith('sigmoid: ')).toBe(true);
      expect(run.status).toBe(status);
    }

    function change(name: string, how: Change): void {
      const file = join(work, name);
      writeFileSync(file, how(readFileSync(file)));
    }

    const train = (): NativeRun =>
      sigmoid('train', '--data', 'data', '--weights', 'weights.bin', '--epochs', '1');

    it('works when nothing is wrong', () => {
      expect(train()).toMatchObject({ status: 0, stderr: '' });
    });

    describe.each([TRAIN_IMAGES, 't10k-images-idx3-ubyte'])('%s', (name) => {
      it.each(IMAGE_CHANGES)('%s', (_, how, message) => {
        change(`data/${name}`, how);
        expectFailure(train(), 1, `data/${name}: ${message}`);
        expect(readFileSync(weights).equals(readFileSync(TRAINED))).toBe(true);
      });
    });

    describe.each(['train-labels-idx1-ubyte', 't10k-labels-idx1-ubyte'])('%s', (name) => {
      it.each(LABEL_CHANGES)('%s', (_, how, message) => {
        change(`data/${name}`, how);
        expectFailure(train(), 1, `data/${name}: ${message}`);
        expect(readFileSync(weights).equals(readFileSync(TRAINED))).toBe(true);
      });
    });

    const replacements: [string, (path: string) => void, string][] = [
      ['missing', () => undefined, 'no such file or directory'],
      ['a directory', (path) => mkdirSync(path), 'not a regular file'],
      ['a FIFO', (path) => void spawnSync('mkfifo', [path]), 'not a regular file'],
    ];
    it.each(IDX_FILES.flatMap((name) => replacements.map((r) => [name, ...r] as const)))(
      '%s is %s',
      (name, _, make, message) => {
        rmSync(join(data, name));
        make(join(data, name));
        expectFailure(train(), 1, `data/${name}: ${message}`);
      },
    );
    it.each(replacements)('the weights file is %s', (_, make, message) => {
      rmSync(weights);
      make(weights);
      const options = ['--data', 'data', '--weights', 'weights.bin'];
      expectFailure(sigmoid('test', ...options), 1, `weights.bin: ${message}`);
      expectFailure(sigmoid('classify', ...options), 1, `weights.bin: ${message}`);
    });
    it('a data directory that is a file', () => {
      const run = sigmoid('train', '--data', 'weights.bin', '--weights', 'weights.bin');
      expectFailure(run, 1, `weights.bin/${TRAIN_IMAGES}: not a directory`);
    });
    it('a data directory with a name that is too long', () => {
      expectFailure(sigmoid('train', '--data', 'x'.repeat(5000)), 2, '--data: name too long');
      const long = sigmoid('train', '--data', 'data', '--weights', 'x'.repeat(5000));
      expectFailure(long, 2, '--weights: name too long');
    });

    const SIZE = 203_600;
    const sizeMessage = (bytes: number): string =>
      `not a weights file of this network: it has ${bytes} bytes, not ${SIZE}`;
    it.each<[string, Change, string]>([
      ['empty', cut(0), sizeMessage(0)],
      ['a byte short', cut(SIZE - 1), sizeMessage(SIZE - 1)],
      ['a byte long', (f) => Buffer.concat([f, Buffer.of(0)]), sizeMessage(SIZE + 1)],
      [
        'a first weight that is not a number',
        number(0, NaN),
        'holds something that is not a finite',
      ],
      [
        'a last bias that is infinite',
        number(SIZE - 8, -Infinity),
        'holds something that is not a finite',
      ],
    ])('weights: %s', (_, how, message) => {
      change('weights.bin', how);
      const options = ['--data', 'data', '--weights', 'weights.bin'];
      expectFailure(sigmoid('test', ...options), 1, `weights.bin: ${message}`);
      expectFailure(sigmoid('classify', ...options), 1, `weights.bin: ${message}`);
    });

    it.each([
      ['a directory that is not there', 'no/weights.bin', 'no such file or directory'],
      ['a directory', 'data', 'not a regular file'],
      ['below a file', 'weights.bin/weights.bin', 'not a directory'],
    ])('saving to %s fails before the training', (_, target, message) => {
      const run = sigmoid('train', '--data', 'data', '--weights', target);
      expectFailure(run, 1, `${target}: ${message}`);
      expect(run.stdout.toString()).toBe('');
    });

    it('a training that is killed keeps the old weights and leaves nothing beside them', () => {
      const options = ['--data', 'data', '--weights', 'weights.bin', '--epochs', '1000000'];
      const run = spawnSync(program, ['train', ...options], {
        ...{ cwd: work, timeout: 300, killSignal: 'SIGKILL', maxBuffer: 2 ** 28 },
      });
      expect(run.signal).toBe('SIGKILL');
      expect(run.stdout.toString()).toContain('Epoch 1/1000000');
      expect(readdirSync(work).sort()).toEqual(['data', 'weights.bin']);
      expect(readFileSync(weights).equals(readFileSync(TRAINED))).toBe(true);
    });

    it.each([
      ['no command', [], 'usage: sigmoid'],
      ['an unknown command', ['learn'], 'learn: unknown command'],
      ['an unknown option', ['train', '--epoch', '3'], '--epoch: unknown option'],
      ['a dash', ['-'], '-: unknown option'],
      ['two commands', ['train', 'test'], 'test: one word too many'],
      ['no value', ['train', '--epochs'], '--epochs: needs a value: a whole number from 1'],
      ['no epochs', ['train', '--epochs', '0'], '--epochs: "0" is not a whole number from 1'],
      ['too many epochs', ['train', '--epochs', '1000001'], '--epochs: "1000001" is not'],
      ['epochs that are no number', ['train', '--epochs', '3x'], '--epochs: "3x" is not'],
      ['negative epochs', ['train', '--epochs', '-3'], '--epochs: "-3" is not'],
      ['empty epochs', ['train', '--epochs', ''], '--epochs: "" is not'],
      [
        'a seed of 2^64',
        ['train', '--seed', '18446744073709551616'],
        '--seed: "18446744073709551616"',
      ],
      [
        'a longer seed',
        ['train', '--seed', '99999999999999999999'],
        '--seed: "99999999999999999999"',
      ],
      ['an empty batch', ['train', '--batch', '0'], '--batch: "0" is not'],
      ['a batch too large', ['train', '--batch', '1025'], '--batch: "1025" is not'],
      ['no samples', ['train', '--limit', '0'], '--limit: "0" is not'],
      ['a rate of 0', ['train', '--lr', '0.0'], '--lr: "0.0" is not a number above 0'],
      ['a rate too large', ['train', '--lr', '100.1'], '--lr: "100.1" is not'],
      ['a negative rate', ['train', '--lr', '-1'], '--lr: "-1" is not'],
      ['a rate that is no number', ['train', '--lr', 'nan'], '--lr: "nan" is not'],
      ['a rate of a point', ['train', '--lr', '.'], '--lr: "." is not'],
      ['two points', ['train', '--lr', '0.1.2'], '--lr: "0.1.2" is not'],
      [
        'too many digits',
        ['train', '--lr', '0.1234567890123456'],
        '--lr: "0.1234567890123456" is not',
      ],
      ['an unknown isa', ['train', '--isa', 'mmx'], '--isa: "mmx" is not scalar'],
      ['an empty data', ['train', '--data', ''], '--data: "" is not the name of a directory'],
      ['control characters', ['a\nb\u001b[1m'], 'a?b?[1m: unknown command'],
    ])('usage: %s', (_, args, message) => {
      const run = sigmoid(...args);
      expect(run.status).toBe(2);
      expect(run.stdout.toString()).toBe('');
      if (args.length === 0) expect(run.stderr.startsWith(message)).toBe(true);
      else expectFailure(run, 2, message);
    });

    it('--help lists all options and succeeds', () => {
      const run = sigmoid('train', '--help');
      expect(run.status).toBe(0);
      expect(run.stderr).toBe('');
      for (const option of [
        'data',
        'weights',
        'epochs',
        'seed',
        'batch',
        'lr',
        'limit',
        'isa',
        'index',
      ]) {
        expect(run.stdout.toString()).toContain(`--${option} `);
      }
      expect(sigmoid('-h').stdout.equals(run.stdout)).toBe(true);
    });

    it('half an image on standard input, behind a whole one', () => {
      const run = runNative(program, ['classify', '--weights', weights], {
        input: Buffer.alloc(784 + 783),
      });
      expectFailure(run, 1, 'standard input: ends in the middle of an image of 784 bytes');
      expect(run.stdout.toString()).toMatch(/^\d( \d\.\d{6}){10}\n$/);
    });

    it('an output that cannot be written', () => {
      if (!existsSync('/dev/full')) return;
      const run = runNative('/bin/sh', [
        ...['-c', 'head -c 784 /dev/zero | "$1" classify --weights "$2" > /dev/full'],
        ...['sh', program, weights],
      ]);
      expectFailure(run, 1, 'standard output: no space left on the device');
    });

    it('a closed standard input', () => {
      const run = runNative('/bin/sh', [
        ...['-c', '"$1" classify --weights "$2" <&-', 'sh', program, weights],
      ]);
      expectFailure(run, 1, 'standard input: not open');
    });
  },
);
