// SPDX-License-Identifier: GPL-2.0-or-later
/** How the person wants things shown and run; kept. */
import type { EngineChoice } from '../protocol/machine.ts';
import { ELEMENT_FORMATS, type ElementFormat } from '../shared/elements.ts';
import type { IntegerFormat } from '../shared/format.ts';
import { isBoolean, isString, oneOf, type Store } from './store.ts';
import type { WeightsChoice } from './weights.ts';

/** The numbers beside the bytes of a memory dump. */
export type MemoryColumn = 'none' | ElementFormat;

/** How general registers are shown: whole, or their low part as an element. */
export type RegisterFormat = IntegerFormat | Exclude<ElementFormat, 'x64' | 'u64' | 'i64'>;

const ELEMENTS = ELEMENT_FORMATS.map(({ value }) => value);

export class SettingsState {
  readonly #store: Store;
  #registerFormat = $state<RegisterFormat>('hex');
  #laneFormat = $state<ElementFormat>('f64');
  #memoryColumn = $state<MemoryColumn>('f64');
  #engine = $state<EngineChoice>('jit');
  #program = $state('sigmoid');
  #args = $state('classify');
  #weights = $state<WeightsChoice>('page');
  #introSeen = $state(false);
  #sourceInCode = $state(true);
  #explainCode = $state(true);

  constructor(store: Store) {
    this.#store = store;
    const formats = oneOf<RegisterFormat>('hex', 'unsigned', 'signed', ...ELEMENTS.filter(isPart));
    this.#registerFormat = store.get('registerFormat', 'hex', formats);
    const lanes = oneOf<ElementFormat>(...ELEMENTS);
    this.#laneFormat = store.get('laneFormat', 'f64', lanes);
    const columns = oneOf<MemoryColumn>('none', ...ELEMENTS);
    this.#memoryColumn = store.get('memoryColumn', 'f64', columns);
    this.#engine = store.get('engine', 'jit', oneOf<EngineChoice>('unicorn', 'jit'));
    this.#program = store.get('program', 'sigmoid', isString);
    this.#args = store.get('args', 'classify', isString);
    this.#weights = store.get('weights', 'page', oneOf<WeightsChoice>('page', 'trained'));
    this.#introSeen = store.get('introSeen', false, isBoolean);
    this.#sourceInCode = store.get('sourceInCode', true, isBoolean);
    this.#explainCode = store.get('explainCode', true, isBoolean);
  }

  get registerFormat(): RegisterFormat {
    return this.#registerFormat;
  }

  set registerFormat(value: RegisterFormat) {
    this.#registerFormat = value;
    this.#store.set('registerFormat', value);
  }

  get laneFormat(): ElementFormat {
    return this.#laneFormat;
  }

  set laneFormat(value: ElementFormat) {
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
    if (this.#memoryColumn === 'f64' || this.#memoryColumn === 'f32') this.memoryColumn = type;
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

  /** Whether the disassembly shows the source line above its instructions. */
  get sourceInCode(): boolean {
    return this.#sourceInCode;
  }

  set sourceInCode(value: boolean) {
    this.#sourceInCode = value;
    this.#store.set('sourceInCode', value);
  }

  /** Whether the disassembly explains an instruction with its numbers. */
  get explainCode(): boolean {
    return this.#explainCode;
  }

  set explainCode(value: boolean) {
    this.#explainCode = value;
    this.#store.set('explainCode', value);
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

function isPart(format: ElementFormat): format is Exclude<ElementFormat, 'x64' | 'u64' | 'i64'> {
  return format !== 'x64' && format !== 'u64' && format !== 'i64';
}
