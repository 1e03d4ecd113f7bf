// SPDX-License-Identifier: GPL-2.0-or-later
/** Readings of the program's own progress: scalar tensors, taken when its events come by. */
import { addr, type Addr } from '../shared/brand.ts';
import type { DebugInfo, DebugTensor } from '../shared/debug-info.ts';
import type { GuestMemory } from '../machine/memory.ts';
import { PROT } from '../machine/layout.ts';
import type { Sample } from '../protocol/machine.ts';

const READERS: Record<DebugTensor['type'], (view: DataView, at: number) => number> = {
  u8: (view, at) => view.getUint8(at),
  i8: (view, at) => view.getInt8(at),
  u16: (view, at) => view.getUint16(at, true),
  i16: (view, at) => view.getInt16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  u64: (view, at) => Number(view.getBigUint64(at, true)),
  i64: (view, at) => Number(view.getBigInt64(at, true)),
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
};

const SIZE: Record<DebugTensor['type'], number> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
};

export class Sampler {
  readonly #events: ReadonlyMap<Addr, string>;
  readonly #tensors: readonly (DebugTensor | null)[];

  /** Names that the program does not have are no error: events never come, tensors read as NaN. */
  constructor(debug: DebugInfo | null, events: readonly string[], tensors: readonly string[]) {
    const watched = debug?.events.filter((event) => events.includes(event.name)) ?? [];
    this.#events = new Map(watched.map((event) => [addr(event.address), event.name]));
    this.#tensors = tensors.map(
      (name) => debug?.tensors.find((tensor) => tensor.name === name) ?? null,
    );
  }

  get addresses(): Iterable<Addr> {
    return this.#events.keys();
  }

  /** The reading at this address, or null when no watched event is here. */
  take(memory: GuestMemory, rip: number): Sample | null {
    const event = this.#events.get(rip as Addr);
    if (event === undefined) return null;
    const view = new DataView(memory.memory.buffer);
    const values = this.#tensors.map((tensor) => {
      if (tensor === null || !memory.allows(tensor.address, SIZE[tensor.type], PROT.read)) {
        return NaN;
      }
      return READERS[tensor.type](view, tensor.address);
    });
    return { event, instructions: memory.state.instructions, values };
  }
}
