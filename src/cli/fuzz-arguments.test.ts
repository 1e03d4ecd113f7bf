// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { parseFuzzArguments } from './fuzz-arguments.ts';

describe('parseFuzzArguments', () => {
  it('fuzzes everything, from a new seed, by default', () => {
    expect(parseFuzzArguments([])).toEqual({
      ok: true,
      value: {
        seed: null,
        instances: 10_000_000,
        only: null,
        withUnicorn: false,
        turbofan: false,
      },
    });
  });

  it('takes every option', () => {
    const argv = [
      '--seed',
      '7',
      '--instances=20',
      '--only',
      '^mov',
      '--with-unicorn',
      '--turbofan',
    ];
    expect(parseFuzzArguments(argv)).toEqual({
      ok: true,
      value: { seed: 7n, instances: 20, only: /^mov/i, withUnicorn: true, turbofan: true },
    });
  });

  it.each(['--help', '-h'])('%s asks for help, whatever else there is', (option) => {
    expect(parseFuzzArguments(['--instances', 'x', option])).toEqual({ ok: true, value: 'help' });
  });

  it.each([
    [['--instance', '5'], "Unknown option '--instance'"],
    [['5'], "Unexpected argument '5'"],
    [['--instances', '0'], '--instances wants a whole number from 1 up, not “0”'],
    [['--instances', '1e6'], '--instances wants a whole number from 1 up, not “1e6”'],
    [['--seed', 'abc'], '--seed wants a whole number, not “abc”'],
    [['--only', '('], '--only wants a regular expression, not “(”'],
  ])('refuses %j with a sentence', (argv, sentence) => {
    const parsed = parseFuzzArguments(argv);
    expect(parsed.ok ? '' : parsed.error).toContain(sentence);
  });
});
