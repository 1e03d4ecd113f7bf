// SPDX-License-Identifier: GPL-2.0-or-later
/** Bytes of ink, or weights, to pixels of a canvas. */
import { IMAGE_SIDE } from '../../nn/canvas.ts';

export type Rgb = readonly [red: number, green: number, blue: number];

/** A colour variable of the page as numbers; black when it is no plain hexadecimal colour. */
export function cssColour(element: Element, variable: string): Rgb {
  return hexColour(getComputedStyle(element).getPropertyValue(variable).trim());
}

/** `#rrggbb`, or `#rgb`, which the build makes of it where it can; black for anything else. */
export function hexColour(text: string): Rgb {
  const long = text.replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3');
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(long);
  if (!match) return [0, 0, 0];
  return [parseInt(match[1] ?? '', 16), parseInt(match[2] ?? '', 16), parseInt(match[3] ?? '', 16)];
}

/** Ink of one colour on a transparent ground. @param ink width × height bytes, 255 full. */
export function paintInk(canvas: HTMLCanvasElement, ink: Uint8Array, colour: Rgb): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < ink.length; i++) {
    image.data[i * 4] = colour[0];
    image.data[i * 4 + 1] = colour[1];
    image.data[i * 4 + 2] = colour[2];
    image.data[i * 4 + 3] = ink[i] ?? 0;
  }
  context.putImageData(image, 0, 0);
}

/** A picture of ink for an `<img>`. @param ink 28 × 28 bytes, 255 full. */
export function inkUrl(ink: Uint8Array, colour: Rgb): string {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = IMAGE_SIDE;
  paintInk(canvas, ink, colour);
  return canvas.toDataURL();
}

/** What a picture of values of either sign is painted with. */
export interface SignedColours {
  readonly positive: Rgb;
  readonly negative: Rgb;
  readonly ground: Rgb;
}

/**
 * Values of either sign into an image: `positive` above zero, `negative` below, the stronger the
 * further from the ground.
 * @param at where the upper left corner goes
 * @param scale the magnitude that is painted full
 */
export function paintSigned(
  image: ImageData,
  at: { readonly x: number; readonly y: number },
  values: Float64Array,
  scale: number,
  { positive, negative, ground }: SignedColours,
): void {
  const { data, width } = image;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const colour = value >= 0 ? positive : negative;
    const part = scale > 0 && Number.isFinite(value) ? Math.min(1, Math.abs(value) / scale) : 0;
    const row = at.y + Math.floor(i / IMAGE_SIDE);
    let to = 4 * (row * width + at.x + (i % IMAGE_SIDE));
    for (let c = 0; c < 3; c++) {
      const from = ground[c] ?? 0;
      data[to++] = from + part * ((colour[c] ?? 0) - from);
    }
    data[to] = 255;
  }
}

/** A square of one colour. @param side of it, in pixels */
export function paintSquare(
  image: ImageData,
  at: { readonly x: number; readonly y: number },
  side: number,
  [red, green, blue]: Rgb,
): void {
  for (let y = at.y; y < at.y + side; y++) {
    for (let x = at.x; x < at.x + side; x++) {
      image.data.set([red, green, blue, 255], 4 * (y * image.width + x));
    }
  }
}
