// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { parseEmuArguments } from './emu-arguments.ts';

describe('parseEmuArguments', () => {
  it('leaves what follows the image to the program', () => {
    const parsed = parseEmuArguments(['--strace', 'prog', '--stats', '--engine', 'x', '--']);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        engine: 'jit',
        root: '.',
        strace: true,
        stats: false,
        maxInstructions: Infinity,
        profile: null,
        image: 'prog',
        args: ['--stats', '--engine', 'x', '--'],
      },
    });
  });

  it('takes every option, values attached or not', () => {
    const argv = ['--engine=jit', '--root', 'd', '--stats', '--max-instructions', '12', '--', '-p'];
    expect(parseEmuArguments(argv)).toMatchObject({
      ok: true,
      value: { engine: 'jit', root: 'd', stats: true, maxInstructions: 12, image: '-p', args: [] },
    });
  });

  it.each([
    ['p.json', 'json'],
    ['p', 'json'],
    ['p.csv', 'csv'],
    ['p.folded', 'collapsed'],
    ['d/p.speedscope.json', 'speedscope'],
  ])('takes what %s holds from its name', (file, format) => {
    const parsed = parseEmuArguments(['--profile', file, 'prog', '--profile', 'x']);
    expect(parsed).toMatchObject({
      ok: true,
      value: { profile: { file, format }, image: 'prog', args: ['--profile', 'x'] },
    });
  });

  it('gives help when asked', () => {
    expect(parseEmuArguments(['--help'])).toEqual({ ok: true, value: 'help' });
    expect(parseEmuArguments(['-h', 'prog'])).toEqual({ ok: true, value: 'help' });
  });

  it.each<[argv: string[], error: RegExp]>([
    [[], /no program is named/],
    [['--stats'], /no program is named/],
    [['--'], /no program is named/],
    [['--bogus', 'prog'], /--bogus/],
    [['--engine', 'qemu', 'prog'], /no engine “qemu”/],
    [['--root'], /--root/],
    [['--strace=yes', 'prog'], /--strace/],
    [['--max-instructions', '0', 'prog'], /whole number from 1 up, not “0”/],
    [['--max-instructions', '1e9', 'prog'], /“1e9”/],
    [['--max-instructions', '-5', 'prog'], /max-instructions/],
    [['--max-instructions', '99999999999999999999', 'prog'], /whole number/],
  ])('refuses %j', (argv, error) => {
    const parsed = parseEmuArguments(argv);
    expect(parsed.ok ? 'accepted' : parsed.error).toMatch(error);
  });
});
