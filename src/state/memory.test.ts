// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { MemoryChanges } from './memory-changes.ts';
import { MemoryView } from './memory-view.svelte.ts';
import { FakeMachine } from './testing/fake-machine.ts';

describe('MemoryChanges', () => {
  const block = (fill: number): Uint8Array => new Uint8Array(256).fill(fill);

  it('tells what differs from the stop before, and only from that', () => {
    const changes = new MemoryChanges();
    changes.record(1, 0x400, block(1));
    expect(changes.before(1, 0x400)).toBeNull();
    changes.record(2, 0x400, block(2));
    expect(changes.before(2, 0x4ff)).toBe(1);
    // Read again at the same stop, after scrolling: still compared with stop 1.
    changes.record(2, 0x400, block(2));
    expect(changes.before(2, 0x400)).toBe(1);
    changes.record(3, 0x400, block(2));
    expect(changes.before(3, 0x400)).toBeNull();
    // Not looked at during stop 4: nothing is known of the change.
    changes.record(5, 0x400, block(9));
    expect(changes.before(5, 0x400)).toBeNull();
  });

  it('forgets what was looked at longest ago', () => {
    const changes = new MemoryChanges();
    changes.record(1, 0, block(1));
    for (let i = 1; i <= 600; i++) changes.record(1, i * 256, block(1));
    changes.record(2, 0, block(2));
    expect(changes.before(2, 0)).toBeNull();
    changes.record(2, 600 * 256, block(2));
    expect(changes.before(2, 600 * 256)).toBe(1);
  });
});

describe('MemoryView', () => {
  it('reads whole blocks and tells mapped from unmapped', async () => {
    const fake = new FakeMachine();
    fake.memory.set(0x402010, 0xab);
    const view = new MemoryView(fake);
    await view.loadRegions();
    view.select(0x402010);
    expect(view.range).toEqual({ start: 0x401f00, end: 0x403100 });
    await view.read(0x401ff8, 0x20, 1);
    expect(view.window?.address).toBe(0x400f00);
    expect(view.byte(0x402010)).toBe(0xab);
    expect(view.byte(0x401fff)).toBeNull();
    expect(view.bytes(0x402010, 8)?.[0]).toBe(0xab);
    expect(view.bytes(0x401ffc, 8)).toBeNull();
    expect(view.regionAt(0x402010)?.name).toBe('.data');
  });

  it('marks changes between stops, not while running', async () => {
    const fake = new FakeMachine();
    const view = new MemoryView(fake);
    await view.read(0x402000, 16, 1);
    fake.memory.set(0x402001, 5);
    await view.read(0x402000, 16, null);
    expect(view.byte(0x402001)).toBe(5);
    expect(view.before(0x402001)).toBeNull();
    await view.read(0x402000, 16, 2);
    expect(view.before(0x402001)).toBe(0);
    expect(view.before(0x402002)).toBeNull();
  });

  it('shows what it has read of a running machine when it is told to, if nothing newer is there', async () => {
    const fake = new FakeMachine();
    const view = new MemoryView(fake);
    await view.read(0x402000, 16, 1);
    fake.memory.set(0x402001, 5);
    await view.readLive(0x402000, 16);
    expect(view.byte(0x402001)).toBe(0);
    view.showLive();
    expect(view.byte(0x402001)).toBe(5);
    expect(view.before(0x402001)).toBeNull();
    await view.readLive(0x402000, 16);
    fake.memory.set(0x402001, 6);
    await view.read(0x402000, 16, 2);
    view.showLive();
    expect(view.byte(0x402001)).toBe(6);
    expect(view.before(0x402001)).toBe(0);
  });

  it('reads on for who scrolls while it reads of a running machine', async () => {
    const fake = new FakeMachine();
    const view = new MemoryView(fake);
    await Promise.all([view.readLive(0x402000, 16), view.read(0x412f00, 16, null)]);
    expect(view.window?.address).toBe(0x411f00);
  });

  it('shows the newest of two reads under way', async () => {
    const fake = new FakeMachine();
    const view = new MemoryView(fake);
    await Promise.all([view.read(0x402000, 16, 1), view.read(0x412f00, 16, 1)]);
    expect(view.window?.address).toBe(0x411f00);
  });

  it('offers a bit of nothing where nothing is mapped, and survives a machine that is gone', async () => {
    const fake = new FakeMachine();
    const view = new MemoryView(fake);
    view.select(0x10);
    expect(view.range).toEqual({ start: 0, end: 0x200 });
    fake.crash('gone');
    await view.loadRegions();
    await view.read(0, 16, 1);
    expect(view.failed).toBe(true);
    expect(view.regions).toEqual([]);
  });
});
