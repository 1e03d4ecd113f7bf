// SPDX-License-Identifier: GPL-2.0-or-later
/** How the person wants things shown and run; kept. */
import type { EngineChoice } from '../protocol/machine.ts';
import type { IntegerFormat, LaneFormat } from '../shared/format.ts';
import { isBoolean, isString, oneOf, type Store } from './store.ts';
import type { WeightsChoice } from './weights.ts';

/** The numbers beside the bytes of a memory dump. */
export type MemoryColumn = 'none' | 'f64' | 'f32';

export class SettingsState {
  readonly #store: Store;
  #registerFormat = $state<IntegerFormat>('hex');
  #laneFormat = $state<LaneFormat>('f64');
  #memoryColumn = $state<MemoryColumn>('f64');
  #engine = $state<EngineChoice>('jit');
  #program = $state('sigmoid');
  #args = $state('classify');
  #weights = $state<WeightsChoice>('page');
  #introSeen = $state(false);

  constructor(store: Store) {
    this.#store = store;
    const formats = oneOf<IntegerFormat>('hex', 'unsigned', 'signed');
    this.#registerFormat = store.get('registerFormat', 'hex', formats);
    const lanes = oneOf<LaneFormat>('f64', 'f32', 'i64', 'i32', 'hex');
    this.#laneFormat = store.get('laneFormat', 'f64', lanes);
    const columns = oneOf<MemoryColumn>('none', 'f64', 'f32');
    this.#memoryColumn = store.get('memoryColumn', 'f64', columns);
    this.#engine = store.get('engine', 'jit', oneOf<EngineChoice>('unicorn', 'jit'));
    this.#program = store.get('program', 'sigmoid', isString);
    this.#args = store.get('args', 'classify', isString);
    this.#weights = store.get('weights', 'page', oneOf<WeightsChoice>('page', 'trained'));
    this.#introSeen = store.get('introSeen', false, isBoolean);
  }

  get registerFormat(): IntegerFormat {
    return this.#registerFormat;
  }

  set registerFormat(value: IntegerFormat) {
    this.#registerFormat = value;
    this.#store.set('registerFormat', value);
  }

  get laneFormat(): LaneFormat {
    return this.#laneFormat;
  }

  set laneFormat(value: LaneFormat) {
    this.#laneFormat = value;
    this.#store.set('laneFormat', value);
  }

  get memoryColumn(): MemoryColumn {
    return this.#memoryColumn;
  }

  set memoryColumn(value: MemoryColumn) {
    this.#memoryColumn = value;
    this.#store.set('memoryColumn', value);
  }

  /** Shows vectors and memory as numbers of this precision, unless they are shown as integers. */
  showFloats(type: 'f64' | 'f32'): void {
    if (this.#laneFormat === 'f64' || this.#laneFormat === 'f32') this.laneFormat = type;
    if (this.#memoryColumn !== 'none') this.memoryColumn = type;
  }

  /** The engine wished for; the machine takes it if it exists. */
  get engine(): EngineChoice {
    return this.#engine;
  }

  set engine(value: EngineChoice) {
    this.#engine = value;
    this.#store.set('engine', value);
  }

  /** Name of the program image shown. */
  get program(): string {
    return this.#program;
  }

  set program(value: string) {
    this.#program = value;
    this.#store.set('program', value);
  }

  /** The program's arguments as typed, without argv[0]. */
  get args(): string {
    return this.#args;
  }

  set args(value: string) {
    this.#args = value;
    this.#store.set('args', value);
  }

  /** With which weights drawings are read. */
  get weights(): WeightsChoice {
    return this.#weights;
  }

  set weights(value: WeightsChoice) {
    this.#weights = value;
    this.#store.set('weights', value);
  }

  /** Whether the three first steps have been closed. */
  get introSeen(): boolean {
    return this.#introSeen;
  }

  set introSeen(value: boolean) {
    this.#introSeen = value;
    this.#store.set('introSeen', value);
  }
}
