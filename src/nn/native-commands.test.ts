// SPDX-License-Identifier: GPL-2.0-or-later
/** What the programs offer beside train, test and classify, on the real CPU. */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReferenceNetwork, SIGMOID } from './reference.ts';
import type { SplitMix64 } from './reference-math.ts';
import { classify, firstSamples, SIGMOID_TRAINING, train } from './reference-train.ts';
import type { DataSet } from './testing/native.ts';
import {
  buildNative,
  embeddedDigits,
  PROJECT,
  runNative,
  scratchFolder,
  WHY_NOT_NATIVE,
} from './testing/native.ts';

const TRAINED = join(PROJECT, 'data/weights/sigmoid.bin');
/** util-linux's `script` gives a command a terminal. */
const HAS_SCRIPT = spawnSync('script', ['--version']).status === 0;

/** Draws from the generator as any network does, but begins with the weights of a file. */
class ResumedNetwork extends ReferenceNetwork {
  constructor(readonly start: Uint8Array) {
    super(SIGMOID);
  }

  override randomize(random: SplitMix64): void {
    super.randomize(random);
    this.load(this.start);
  }
}

describe.skipIf(WHY_NOT_NATIVE !== null)(`sigmoid ${WHY_NOT_NATIVE ?? 'on the real CPU'}`, () => {
  const folder = scratchFolder();
  const weights = join(folder, 'weights.bin');
  let program = '';
  let digits: DataSet;
  let data: string[] = [];

  beforeAll(async () => {
    program = await buildNative('sigmoid.asm', folder);
    digits = await embeddedDigits();
    data = ['--data', digits.folder, '--weights', weights];
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const lines = (...args: string[]): string[] => {
    const run = runNative(program, args);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    return run.stdout.toString().trimEnd().split('\n');
  };

  it('--version is the version of the project', () => {
    const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(lines('--version')).toEqual([`sigmoid ${manifest.version} (Glassbox)`]);
  });

  it('train --quiet prints only what the test gives', () => {
    const quiet = lines('train', ...data, '--limit', '64', '--epochs', '2', '--quiet');
    expect(quiet[0]).toMatch(/^Overall accuracy: /);
    expect(quiet).toHaveLength(11);
  });

  it('train --resume goes on from the weights in the file', () => {
    const options = ['--limit', '64', '--epochs', '1'];
    lines('train', ...data, ...options);
    const start = readFileSync(weights);
    lines('train', ...data, ...options, '--resume');
    const resumed = new ResumedNetwork(start);
    train(resumed, firstSamples(digits.train, 64), { ...SIGMOID_TRAINING, epochs: 1 });
    expect(Buffer.from(resumed.save()).equals(readFileSync(weights))).toBe(true);
  });

  it('train --resume without a file to go on from fails before the training', () => {
    const none = join(folder, 'none.bin');
    const run = runNative(program, [
      'train',
      '--data',
      digits.folder,
      '--weights',
      none,
      '--resume',
    ]);
    expect(run.status).toBe(1);
    expect(run.stderr).toBe(`sigmoid: ${none}: no such file or directory\n`);
  });

  it('Ctrl-C ends a training after saving', async () => {
    rmSync(weights, { force: true });
    const child = spawn(program, ['train', ...data, '--epochs', '1000000']);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (output === '') child.kill('SIGINT');
      output += chunk.toString();
    });
    const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
    expect(status).toBe(130);
    expect(output.trimEnd().split('\n').at(-1)).toBe(`Saved ${weights}`);
    expect(readFileSync(weights)).toHaveLength(203_600);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('test --confusion tells which digit was read as which', () => {
    const plain = lines('test', '--data', digits.folder, '--weights', TRAINED);
    const all = lines('test', '--data', digits.folder, '--weights', TRAINED, '--confusion');
    expect(all.slice(0, 11)).toEqual(plain);
    const rows = all.slice(12).map((line) => line.trim().split(/:?\s+/).map(Number));
    expect(rows).toHaveLength(10);
    const network = new ReferenceNetwork(SIGMOID);
    network.load(readFileSync(TRAINED));
    const expected = Array.from({ length: 10 }, (_, n) => [n, ...new Array<number>(10).fill(0)]);
    digits.test.labels.forEach((label, n) => {
      const image = digits.test.images.subarray(n * 784, (n + 1) * 784);
      expected[label]![1 + Number(classify(network, image)[0])]!++;
    });
    expect(rows).toEqual(expected);
  });

  it('inspect shows an image and what the network sees in it', () => {
    const shown = lines('inspect', '--data', digits.folder, '--weights', TRAINED, '--index', '3');
    const image = digits.test.images.subarray(3 * 784, 4 * 784);
    const network = new ReferenceNetwork(SIGMOID);
    network.load(readFileSync(TRAINED));
    const [read, ...probabilities] = classify(network, image).split(' ').map(Number);
    expect(shown[0]).toBe(
      `Image 3 of t10k-images-idx3-ubyte: a ${digits.test.labels[3]!}, read as ${read!}`,
    );
    const rows = shown.slice(1, 29);
    rows.forEach((row, y) => {
      expect(row.padEnd(56)).toHaveLength(56);
      Array.from(row.padEnd(56)).forEach((character, x) => {
        const ink = image[y * 28 + (x >> 1)]!;
        if (ink < 16) expect(character).toBe(' ');
        if (ink > 240) expect(character).toBe('#');
      });
    });
    shown.slice(29).forEach((row, digit) => {
      const match = /^(\d) +(\d+\.\d\d)%(?: (#+))?$/.exec(row);
      expect(Number(match?.[1])).toBe(digit);
      expect(Math.abs(Number(match?.[2]) - 100 * probabilities[digit]!)).toBeLessThan(0.0051);
      expect(match?.[3]?.length ?? 0).toBeCloseTo(40 * probabilities[digit]!, -0.31);
    });
    const beyond = runNative(program, [
      ...['inspect', '--data', digits.folder, '--weights', TRAINED, '--index', '1000'],
    ]);
    expect(beyond.stderr).toBe('sigmoid: --index: there are only 1000 images\n');
    expect(beyond.status).toBe(2);
  });

  describe.skipIf(!HAS_SCRIPT)('on a terminal (needs the command `script`)', () => {
    const inTerminal = (options: string): string =>
      `${program} train --data ${digits.folder} --weights ${weights} ${options}`;

    /** What the terminal shows in the end: a line that was begun anew replaces what it was. */
    const screen = (output: string): string[] =>
      output
        .split('\r\n')
        .map((line) => line.slice(line.lastIndexOf('\r\u001b[K') + 1).replace('\u001b[K', ''));

    it('shows progress, and there only', () => {
      const run = spawnSync('script', ['-qec', inTerminal('--epochs 30'), '/dev/null'], {
        encoding: 'utf8',
      });
      expect(run.stdout.replaceAll('\r\u001b[K', 'REWRITE ')).toMatch(
        /REWRITE Epoch \d+\/30 \| \d+\/6000 \| Loss: \d\.\d{4} \| \d+ images\/s \| \d+\.\d s left/,
      );
      const shown = screen(run.stdout);
      expect(shown).toHaveLength(30 + 1 + 11 + 1);
      shown.slice(0, 30).forEach((line, n) => {
        expect(line).toMatch(
          new RegExp(`^Epoch ${n + 1}/30 \\| Loss: \\S+ \\| Accuracy: \\S+% \\| Time: `),
        );
      });
      expect(lines('train', ...data, '--epochs', '2').join('')).not.toContain('\u001b');
    });

    it('--quiet shows no progress', () => {
      const command = inTerminal('--epochs 2 --quiet');
      const run = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
      expect(run.stdout).toMatch(/^Overall accuracy: /);
      expect(run.stdout).not.toContain('\u001b');
    });

    it('Ctrl-C takes the progress away, saves, and says so', async () => {
      rmSync(weights, { force: true });
      const child = spawn('script', ['-qec', inTerminal('--epochs 1000000'), '/dev/null']);
      let output = '';
      let pressed = false; // once: a second time would end it at once
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (pressed || !output.includes('\r\u001b[K')) return;
        pressed = true;
        child.stdin.write('\u0003');
      });
      const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
      expect(status).toBe(130);
      const shown = screen(output);
      // what the terminal echoes of the key itself may stand before
      expect(shown.at(-2)?.replaceAll('^C', '')).toBe(`Saved ${weights}`);
      expect(shown.at(-1)).toBe('');
      expect(readFileSync(weights)).toHaveLength(203_600);
    });
  });
});
