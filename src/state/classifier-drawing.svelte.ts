// SPDX-License-Identifier: GPL-2.0-or-later
/** What is on the canvas: strokes, or a digit taken from the test set; with undo and redo. */
import { IMAGE_BYTES, IMAGE_SIDE, normaliseDigit } from '../nn/canvas.ts';
import { PEN_WIDTH, renderStrokes, type Stroke, type StrokePoint } from '../nn/strokes.ts';

/** Side of the canvas bitmap in pixels. */
export const CANVAS_SIDE = 336;

interface Content {
  readonly strokes: readonly Stroke[];
  /** A 28 × 28 image in the place of strokes; the first stroke replaces it. */
  readonly sample: Uint8Array | null;
}

const EMPTY: Content = { strokes: [], sample: null };

/** Pen widths as parts of the canvas side. */
export const PEN_WIDTHS = {
  fine: PEN_WIDTH * 0.65,
  medium: PEN_WIDTH,
  bold: PEN_WIDTH * 1.5,
} as const;

export type PenWidth = keyof typeof PEN_WIDTHS;

export class DrawingState {
  #content = $state.raw<Content>(EMPTY);
  #stroke = $state.raw<Stroke | null>(null);
  #past = $state.raw<readonly Content[]>([]);
  #future = $state.raw<readonly Content[]>([]);
  #pen = $state<PenWidth>('medium');
  #erasing = $state(false);

  /** 336 × 336 bytes of ink, 0 … 255: what the canvas shows. */
  readonly #bitmap = $derived.by(() => {
    if (this.#stroke === null && this.#content.sample !== null) {
      return enlarge(this.#content.sample);
    }
    const strokes = this.#stroke ? [...this.#kept, this.#stroke] : this.#content.strokes;
    return renderStrokes(strokes, CANVAS_SIDE);
  });

  readonly #frame = $derived.by((): Uint8Array | null => {
    if (this.#stroke === null && this.#content.sample !== null) return this.#content.sample;
    const image = normaliseDigit(this.#bitmap, CANVAS_SIDE, CANVAS_SIDE);
    return image.some((value) => value !== 0) ? image : null;
  });

  get bitmap(): Uint8Array {
    return this.#bitmap;
  }

  /** What the network is given: 28 × 28 bytes; null when there is no ink. */
  get frame(): Uint8Array | null {
    return this.#frame;
  }

  get pen(): PenWidth {
    return this.#pen;
  }

  set pen(width: PenWidth) {
    this.#pen = width;
  }

  get erasing(): boolean {
    return this.#erasing;
  }

  set erasing(on: boolean) {
    this.#erasing = on;
  }

  /** Whether a stroke is being drawn. */
  get drawing(): boolean {
    return this.#stroke !== null;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** Puts the pen down. `erase` overrides the chosen tool: the other end of a stylus. */
  begin(point: StrokePoint, erase: boolean = this.#erasing): void {
    this.#stroke = { points: [point], width: PEN_WIDTHS[this.#pen] * (erase ? 1.6 : 1), erase };
  }

  /** Moves the pen, if it is down. */
  extend(points: readonly StrokePoint[]): void {
    if (this.#stroke === null || points.length === 0) return;
    this.#stroke = { ...this.#stroke, points: [...this.#stroke.points, ...points] };
  }

  /** Lifts the pen. */
  end(): void {
    const stroke = this.#stroke;
    if (stroke === null) return;
    const strokes = [...this.#kept, stroke];
    this.#stroke = null;
    this.#replace({ strokes, sample: null });
  }

  /** Forgets the stroke being drawn: the pointer was taken away. */
  cancel(): void {
    this.#stroke = null;
  }

  clear(): void {
    this.#stroke = null;
    if (this.#content !== EMPTY) this.#replace(EMPTY);
  }

  /** @throws RangeError unless `image` is 28 × 28 bytes. */
  showSample(image: Uint8Array): void {
    if (image.length !== IMAGE_BYTES) throw new RangeError(`not 28 x 28: ${image.length} bytes`);
    this.#stroke = null;
    this.#replace({ strokes: [], sample: image });
  }

  undo(): void {
    const before = this.#past.at(-1);
    if (before === undefined) return;
    this.#past = this.#past.slice(0, -1);
    this.#future = [...this.#future, this.#content];
    this.#content = before;
  }

  redo(): void {
    const after = this.#future.at(-1);
    if (after === undefined) return;
    this.#future = this.#future.slice(0, -1);
    this.#past = [...this.#past, this.#content];
    this.#content = after;
  }

  /** The strokes that a new one is added to. */
  get #kept(): readonly Stroke[] {
    return this.#content.sample === null ? this.#content.strokes : [];
  }

  #replace(content: Content): void {
    this.#past = [...this.#past.slice(-99), this.#content];
    this.#future = [];
    this.#content = content;
  }
}

/** 28 × 28 made as large as the canvas, each pixel a square. */
function enlarge(image: Uint8Array): Uint8Array {
  const scale = CANVAS_SIDE / IMAGE_SIDE;
  const large = new Uint8Array(CANVAS_SIDE * CANVAS_SIDE);
  for (let y = 0; y < CANVAS_SIDE; y++) {
    const row = Math.floor(y / scale) * IMAGE_SIDE;
    for (let x = 0; x < CANVAS_SIDE; x++) {
      large[y * CANVAS_SIDE + x] = image[row + Math.floor(x / scale)] ?? 0;
    }
  }
  return large;
}
