// SPDX-License-Identifier: GPL-2.0-or-later
/** The command line of `npm run emu`. */
import { parseArgs } from 'node:util';
import type { EngineName } from '../cpu/cpu.ts';
import type { ProfileFormat } from '../protocol/profile.ts';
import { err, ok, type Result } from '../shared/result.ts';

export interface EmuOptions {
  readonly engine: EngineName;
  /** Directory that the guest sees as its root. */
  readonly root: string;
  readonly strace: boolean;
  readonly stats: boolean;
  /** The file that gets the profile, and as what; null without. */
  readonly profile: { readonly file: string; readonly format: ProfileFormat } | null;
  /** Infinity when there is no limit. */
  readonly maxInstructions: number;
  readonly image: string;
  /** What follows the image, untouched. */
  readonly args: readonly string[];
}

export const USAGE = `usage: npm run emu -- [option…] IMAGE [ARGUMENT…]

Runs a static x86-64 Linux program in the emulator. Its standard streams are this command's, and
so is its exit status; a program that a signal ends gives 128 and the signal's number.

  --engine NAME         jit (default) or unicorn, the reference
  --root DIR            the directory the program sees as its root (default: the current one)
  --strace              show every system call on stderr
  --stats               at the end, one line of JSON on stderr: engine, instructions, ms, mips
  --max-instructions N  stop after N instructions, with status 124
  --profile FILE        count every instruction, and write at the end how often each was executed,
                        by line, function, kind and path of calls; FILE.csv is a table, FILE.folded
                        for flame graph tools, FILE.speedscope.json for speedscope, else JSON
  --help                this text
`;

/**
 * Options end at the image; what follows is the program's.
 * @returns `help`, the options, or what is wrong with them.
 */
export function parseEmuArguments(argv: readonly string[]): Result<EmuOptions | 'help', string> {
  const split = imageIndex(argv);
  let values;
  try {
    ({ values } = parseArgs({
      args: argv.slice(0, split),
      options: {
        engine: { type: 'string', default: 'jit' },
        root: { type: 'string', default: '.' },
        strace: { type: 'boolean', default: false },
        stats: { type: 'boolean', default: false },
        'max-instructions': { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return err(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
  if (values.help) return ok('help');
  const { engine, root, strace, stats, profile } = values;
  if (engine !== 'unicorn' && engine !== 'jit') {
    return err(`there is no engine “${engine}”; it is jit or unicorn`);
  }
  const limit = values['max-instructions'];
  if (limit !== undefined && !(/^[1-9]\d*$/.test(limit) && Number.isSafeInteger(Number(limit)))) {
    return err(`--max-instructions wants a whole number from 1 up, not “${limit}”`);
  }
  const image = argv[split];
  if (image === undefined) return err('no program is named');
  return ok({
    engine,
    root,
    strace,
    stats,
    profile: profile === undefined ? null : { file: profile, format: formatOf(profile) },
    maxInstructions: limit === undefined ? Infinity : Number(limit),
    image,
    args: argv.slice(split + 1),
  });
}

/** What a file of that name is expected to hold. */
function formatOf(file: string): ProfileFormat {
  if (file.endsWith('.speedscope.json')) return 'speedscope';
  return file.endsWith('.csv') ? 'csv' : file.endsWith('.folded') ? 'collapsed' : 'json';
}

/** Index of the first argument that is neither an option nor the value of one. */
function imageIndex(argv: readonly string[]): number {
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (argument === '--') return i + 1;
    if (!argument.startsWith('-') || argument === '-') return i;
    if (/^--(?:engine|root|max-instructions|profile)$/.test(argument)) i++;
  }
  return argv.length;
}
