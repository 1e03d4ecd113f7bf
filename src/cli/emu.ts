// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `npm run emu`: runs a static x86-64 Linux program in the emulator, as the page does, with this
 * command's streams and a directory as its files. See `USAGE` in emu-arguments.ts.
 */
import { createHash } from 'node:crypto';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { createEngine, ENGINE_NAMES } from '../cpu/engines.ts';
import { ProfileDesk } from '../debugger/profile/profile-desk.ts';
import { Session } from '../debugger/session.ts';
import { hostClock } from '../machine/clock.ts';
import { GuestMemory } from '../machine/memory.ts';
import { Process } from '../machine/process.ts';
import type { DebugInfo } from '../shared/debug-info.ts';
import type { FaultReport, StopReason } from '../protocol/machine.ts';
import { hex } from '../shared/format.ts';
import { parseEmuArguments, USAGE, type EmuOptions } from './emu-arguments.ts';
import { feedStdin, say, writeOutput } from './emu-streams.ts';
import { NodeFiles } from './node-files.ts';

/** Statuses of this command's own, as timeout(1) and shells use them. */
const MISUSE = 2;
const OUT_OF_INSTRUCTIONS = 124;

const SIGNALS: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseEmuArguments(argv);
  if (!parsed.ok) {
    say(`emu: ${parsed.error}\n${USAGE}`);
    return MISUSE;
  }
  if (parsed.value === 'help') {
    writeOutput(1, new TextEncoder().encode(USAGE));
    return 0;
  }
  const options = parsed.value;
  if (!ENGINE_NAMES.includes(options.engine)) {
    return misuse(`the ${options.engine} engine is not in this build`);
  }
  const image = await readFile(options.image).catch((error: unknown) => reason(error));
  if (typeof image === 'string') return misuse(`${options.image}: ${image}`);
  let files: NodeFiles;
  try {
    files = new NodeFiles(options.root);
  } catch (error) {
    return misuse(`--root ${options.root}: ${reason(error)}`);
  }
  const { profile } = options;
  if (profile === null) return run(options, new Uint8Array(image), files, null);
  // before the run, which may be long
  const target = await open(profile.file, 'w').catch((error: unknown) => reason(error));
  if (typeof target === 'string') return misuse(`--profile ${profile.file}: ${target}`);
  try {
    return await run(options, new Uint8Array(image), files, target);
  } finally {
    await target.close();
  }
}

/** @param target what `--profile` names, open to be written; null without */
async function run(
  options: EmuOptions,
  image: Uint8Array,
  files: NodeFiles,
  target: FileHandle | null,
): Promise<number> {
  const memory = new GuestMemory();
  const started = Process.start(memory, image, [options.image, ...options.args], {
    fs: files,
    clock: hostClock(),
    random: (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
    output: writeOutput,
    isTerminal: (fd) => isatty(fd),
    terminalSize: () => ({ rows: process.stdout.rows, columns: process.stdout.columns }),
    ...(options.strace ? { strace: ({ text }) => say(text) } : {}),
  });
  if (!started.ok) return misuse(`${options.image} cannot be run: ${started.error}`);
  feedStdin(started.value.stdin);
  const engine = await createEngine(options.engine, memory);
  const session = new Session({
    memory,
    process: started.value,
    engine,
    debug: await debugInfoBeside(options.image, image),
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    now: () => performance.now(),
  });

  const desk = new ProfileDesk(memory);
  desk.attach(engine, session.index);
  desk.switch(target !== null);

  const begun = performance.now();
  const stop = await session.run(
    options.maxInstructions === Infinity
      ? { kind: 'continue' }
      : { kind: 'step-in', count: options.maxInstructions },
  );
  const ms = performance.now() - begun;
  const status = report(stop, options);
  await target?.writeFile(desk.export(options.profile?.format ?? 'json') ?? '');
  if (options.stats) {
    const { instructions } = memory.state;
    const mips = Number((instructions / ms / 1000).toFixed(3));
    say(JSON.stringify({ engine: options.engine, instructions, ms: Number(ms.toFixed(3)), mips }));
  }
  return status;
}

/** Says why the program ended, when it did not end by itself. @returns the exit status. */
function report(stop: StopReason, options: EmuOptions): number {
  switch (stop.kind) {
    case 'exit':
      return stop.status;
    case 'fault': {
      const { signal } = stop.fault;
      if (signal !== 'SIGPIPE') say(`emu: ${describeFault(stop.fault)}`);
      return 128 + (SIGNALS.get(signal) ?? 0);
    }
    case 'step':
      say(`emu: stopped after ${options.maxInstructions} instructions (--max-instructions)`);
      return OUT_OF_INSTRUCTIONS;
    default:
      say(`emu: stopped unexpectedly (${stop.kind})`);
      return OUT_OF_INSTRUCTIONS;
  }
}

function describeFault(fault: FaultReport): string {
  const where = [
    fault.symbol,
    fault.file === null ? null : `${fault.file}:${fault.line ?? 0}`,
  ].filter((part) => part !== null);
  const place = where.length === 0 ? '' : ` (${where.join(', ')})`;
  const address = fault.address === null ? '' : `, address ${fault.address}`;
  return `${fault.signal}, ${fault.code}, at rip ${hex(fault.rip)}${place}${address}\n${fault.message}`;
}

/** `IMAGE.debug.json`, if it is there and was made with this very image. */
async function debugInfoBeside(path: string, image: Uint8Array): Promise<DebugInfo | null> {
  const file = `${path}.debug.json`;
  try {
    const debug = JSON.parse(await readFile(file, 'utf8')) as DebugInfo;
    if (debug.sha256 === createHash('sha256').update(image).digest('hex')) return debug;
    say(`emu: ${file} is left aside: it belongs to another build of the program`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    say(`emu: ${file} is left aside: ${reason(error)}`);
  }
  return null;
}

function misuse(text: string): number {
  say(`emu: ${text}`);
  return MISUSE;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EISDIR: 'it is a directory',
  ENOTDIR: 'it is not a directory',
  EACCES: 'permission denied',
};

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  say(`emu: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exit(70);
}
