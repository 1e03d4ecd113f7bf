// SPDX-License-Identifier: GPL-2.0-or-later
/** The registers of a program on the real CPU, as gdb reads them. */
import { spawnSync } from 'node:child_process';

export interface GdbRun {
  /** Path of the executable. */
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /**
   * Where to look, in this order: run on to the address (null: from where it stands, at first the
   * entry), then for each count, all ascending, registers after that many instructions from there;
   * or after each instruction until rip is `end`, both included.
   */
  readonly stations: readonly Station[];
}

export type Station = { readonly address: number | null } & (
  { readonly counts: readonly number[] } | { readonly end: number }
);

/** All numbers in hexadecimal, without a prefix. */
export interface NativeState {
  /** In the order of their encoding. */
  readonly gpr: readonly string[];
  readonly rip: string;
  readonly rflags: string;
  readonly mxcsr: string;
  /** 128 bits, the lowest last. */
  readonly xmm: readonly string[];
  /** Mapped memory: start, end, name. */
  readonly maps: readonly (readonly [string, string, string])[];
}

/** Steps, and prints one line of JSON for each state. */
const SCRIPT = `
import gdb, json, os
GPR = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split()
def number(name):
    return int(gdb.parse_and_eval('$' + name).format_string(format='x'), 16) & (2 ** 64 - 1)
def vector(i):
    lanes = gdb.selected_frame().read_register('xmm%d' % i)['v2_int64']
    low, high = (int(lanes[j]) & (2 ** 64 - 1) for j in (0, 1))
    return '%x' % (high << 64 | low)
def maps(pid):
    found = []
    for line in open('/proc/%d/maps' % pid):
        fields = line.split()
        start, end = fields[0].split('-')
        found.append([start, end, os.path.basename(fields[5]) if len(fields) > 5 else ''])
    return found
def state():
    gpr = ['%x' % number(name) for name in GPR]
    special = {name: '%x' % number(name) for name in ('rip', 'mxcsr')}
    special['rflags'] = '%x' % number('eflags')
    return dict(special, gpr=gpr, xmm=[vector(i) for i in range(16)],
                maps=maps(gdb.selected_inferior().pid))
def show():
    print('GLASSBOX ' + json.dumps(state()))
plan = json.loads(os.environ['GLASSBOX_PLAN'])
for setting in ('confirm off', 'pagination off', 'startup-with-shell off', 'architecture i386:x86-64'):
    gdb.execute('set ' + setting, to_string=True)
gdb.execute('unset environment', to_string=True)
for run in plan:
    gdb.execute('cd ' + run['folder'], to_string=True)
    gdb.execute('file ' + run['program'], to_string=True)
    gdb.execute('starti ' + ' '.join(run['args']), to_string=True)
    for station in run['stations']:
        if station['address'] is not None:
            gdb.execute('tbreak *%d' % station['address'], to_string=True)
            gdb.execute('continue', to_string=True)
        at = 0
        for count in station.get('counts', []):
            if count > at:
                gdb.execute('stepi %d' % (count - at), to_string=True)
            at = count
            show()
        if 'end' in station:
            show()
            while number('rip') != station['end']:
                gdb.execute('stepi', to_string=True)
                show()
    gdb.execute('kill', to_string=True)
`;

function gdb(plan: readonly GdbRun[], timeout: number): ReturnType<typeof spawnSync> {
  return spawnSync('gdb', ['-nx', '-batch', '-ex', `python exec(${JSON.stringify(SCRIPT)})`], {
    encoding: 'utf8',
    timeout,
    maxBuffer: 2 ** 28,
    env: { ...process.env, GLASSBOX_PLAN: JSON.stringify(plan), DEBUGINFOD_URLS: '' },
  });
}

/**
 * The states of all runs, in the order of their stations.
 * @throws Error with what gdb says when it does not come to all of them
 */
export function gdbStates(plan: readonly GdbRun[]): NativeState[] {
  const result = gdb(plan, 120_000);
  const states = String(result.stdout)
    .split('\n')
    .filter((line) => line.startsWith('GLASSBOX '))
    .map((line) => JSON.parse(line.slice('GLASSBOX '.length)) as NativeState);
  if (result.status !== 0)
    throw new Error(`gdb gave ${states.length} states: ${String(result.stderr)}`);
  return states;
}

/** Why gdb cannot be asked here, or null. */
export function whyNoGdb(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `(skipped: needs Linux on x86-64, this is ${process.platform} on ${process.arch})`;
  }
  const stations = [{ address: null, counts: [0] }];
  const result = gdb([{ program: '/bin/true', args: [], folder: '/', stations }], 60_000);
  if (result.error !== undefined) return '(skipped: gdb is not installed)';
  if (String(result.stdout).includes('GLASSBOX')) return null;
  return `(skipped: gdb cannot trace programs here: ${String(result.stderr).trim().slice(-200)})`;
}
