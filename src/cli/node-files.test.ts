// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenOptions } from '../machine/files.ts';
import { ERRNO } from '../machine/linux/errno.ts';
import { NodeFiles, type OpenNodeFile } from './node-files.ts';

const READ: OpenOptions = {
  read: true,
  write: false,
  create: false,
  exclusive: false,
  truncate: false,
  append: false,
  directory: false,
  noFollow: false,
  mode: 0o644,
};
const CREATE: OpenOptions = { ...READ, write: true, create: true };

let outside: string;
let root: string;
let files: NodeFiles;

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'glassbox-files-'));
  root = join(outside, 'root');
  mkdirSync(join(root, 'dir/sub'), { recursive: true });
  writeFileSync(join(root, 'file'), 'inside');
  writeFileSync(join(root, 'dir/inner'), 'inner');
  writeFileSync(join(outside, 'secret'), 'secret');
  mkdirSync(join(outside, 'root-sibling'));
  symlinkSync('../secret', join(root, 'escape'));
  symlinkSync(join(outside, 'secret'), join(root, 'absolute'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync('../root-sibling', join(root, 'sibling'));
  symlinkSync('dir/inner', join(root, 'fine'));
  symlinkSync('dir', join(root, 'dirlink'));
  symlinkSync('loop', join(root, 'loop'));
  symlinkSync('nowhere', join(root, 'dangling'));
  files = new NodeFiles(root);
});

afterEach(() => rmSync(outside, { recursive: true }));

function contents(file: OpenNodeFile | number): string | number {
  if (typeof file === 'number') return file;
  const into = new Uint8Array(100);
  const n = file.read(into, 0);
  file.close();
  return n >= 0 ? Buffer.from(into.subarray(0, n)).toString() : n;
}

describe('NodeFiles', () => {
  it.each<[path: string, result: string | number]>([
    ['file', 'inside'],
    ['/file', 'inside'],
    ['../../file', 'inside'],
    ['dir/../../file', 'inside'],
    ['dir/./inner', 'inner'],
    ['fine', 'inner'],
    ['dirlink/inner', 'inner'],
    ['dirlink/../file', 'inside'],
    ['../secret', -ERRNO.ENOENT],
    ['/../secret', -ERRNO.ENOENT],
    ['escape', -ERRNO.EACCES],
    ['absolute', -ERRNO.EACCES],
    ['up/secret', -ERRNO.EACCES],
    ['up/', -ERRNO.EACCES],
    ['sibling', -ERRNO.EACCES],
    ['loop', -ERRNO.ELOOP],
    ['dangling', -ERRNO.ENOENT],
    ['file/', -ERRNO.ENOTDIR],
    ['file/x', -ERRNO.ENOTDIR],
    ['file/..', -ERRNO.ENOTDIR],
    ['missing/..', -ERRNO.ENOENT],
    ['dir', -ERRNO.EISDIR],
    ['x'.repeat(300), -ERRNO.ENAMETOOLONG],
  ])('%j reads as %j', (path, result) => {
    expect(contents(files.open(path, READ))).toBe(result);
  });

  it('makes and removes nothing outside', () => {
    expect(files.open('escape', { ...CREATE, truncate: true })).toBe(-ERRNO.EACCES);
    expect(files.open('up/new', CREATE)).toBe(-ERRNO.EACCES);
    expect(files.unlink('up/secret')).toBe(-ERRNO.EACCES);
    expect(files.rename('file', 'up/stolen')).toBe(-ERRNO.EACCES);
    expect(files.rename('up/secret', 'mine')).toBe(-ERRNO.EACCES);
    expect(readdirSync(outside).sort()).toEqual(['root', 'root-sibling', 'secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('unlinks a link, not what it leads to', () => {
    expect(files.unlink('escape')).toBe(0);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('creates, writes, appends, renames, unlinks', () => {
    const file = files.open('dir/new', CREATE);
    if (typeof file === 'number') throw new Error(String(file));
    expect(file.path).toBe('dir/new');
    expect(file.write(Buffer.from('abc'), 0)).toBe(3);
    expect(file.write(Buffer.from('X'), 1)).toBe(1);
    expect(file.sync()).toBe(0);
    expect(file.stat()).toMatchObject({ kind: 'file', size: 3 });
    expect(file.close()).toBe(0);
    const log = files.open('dir/new', { ...READ, read: false, write: true, append: true });
    if (typeof log === 'number') throw new Error(String(log));
    log.write(Buffer.from('!'), 0);
    log.close();
    expect(files.rename('dir/new', 'file')).toBe(0);
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('aXc!');
    expect(files.unlink('file')).toBe(0);
    expect(files.unlink('file')).toBe(-ERRNO.ENOENT);
    expect(files.unlink('dir')).toBe(-ERRNO.EISDIR);
    expect(files.rename('dir', '/')).toBe(-ERRNO.EBUSY);
    expect(files.open('dir/inner', { ...CREATE, exclusive: true })).toBe(-ERRNO.EEXIST);
    expect(files.open('fine', { ...READ, noFollow: true })).toBe(-ERRNO.ELOOP);
  });

  it('reads a FIFO as a stream', () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    execFileSync('sh', ['-c', 'echo piped > "$0" &', join(root, 'fifo')], { stdio: 'ignore' });
    const fifo = files.open('fifo', READ);
    if (typeof fifo === 'number') throw new Error(String(fifo));
    expect(fifo.stat()).toMatchObject({ kind: 'fifo' });
    expect(contents(fifo)).toBe('piped\n');
  });

  it('wants a directory as its root', () => {
    expect(() => new NodeFiles(join(root, 'file'))).toThrow(/not a directory/);
    expect(() => new NodeFiles(join(root, 'missing'))).toThrow(/ENOENT/);
  });
});
