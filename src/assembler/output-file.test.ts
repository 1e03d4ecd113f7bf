// SPDX-License-Identifier: GPL-2.0-or-later
import { wasi } from '@bjorn3/browser_wasi_shim';
import { expect, test } from 'vitest';
import { OutputFile } from './output-file.ts';

test('holds what was written, in many pieces and after seeking', () => {
  const file = new OutputFile();
  expect(file.written()).toBe(null);
  const { fd_obj: open } = file.path_open(wasi.OFLAGS_CREAT | wasi.OFLAGS_TRUNC, 0n, 0);
  expect(file.written()).toEqual(new Uint8Array(0));
  const expected = new Uint8Array(300_000);
  for (let at = 0; at < expected.length; at += 1000) {
    expected.fill(at / 1000, at, at + 1000);
    expect(open.fd_write(expected.slice(at, at + 1000)).nwritten).toBe(1000);
  }
  expect(file.written()).toEqual(expected);

  // the gap between the end and what is written behind it is zero, and nothing else changes
  expect(open.fd_seek(5n, wasi.WHENCE_END).offset).toBe(300_005n);
  open.fd_write(Uint8Array.of(1));
  expect(open.fd_seek(-2n, wasi.WHENCE_CUR).offset).toBe(300_004n);
  expect(open.fd_read(10).data).toEqual(Uint8Array.of(0, 1));
  expect(open.fd_seek(1n, wasi.WHENCE_SET).offset).toBe(1n);
  open.fd_write(Uint8Array.of(99));
  expect(open.fd_seek(-1n, wasi.WHENCE_SET).ret).toBe(wasi.ERRNO_INVAL);
  const written = file.written();
  expect([written?.length, written?.[0], written?.[1], written?.[2]]).toEqual([300_006, 0, 99, 0]);

  // opened anew it begins empty, or behind the end
  file.path_open(0, 0n, wasi.FDFLAGS_APPEND).fd_obj.fd_write(Uint8Array.of(7));
  expect(file.written()?.at(-1)).toBe(7);
  expect(file.size).toBe(300_007n);
  file.path_open(wasi.OFLAGS_TRUNC, 0n, 0);
  expect(file.written()).toEqual(new Uint8Array(0));
});
