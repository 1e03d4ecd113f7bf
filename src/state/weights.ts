// SPDX-License-Identifier: GPL-2.0-or-later
/** The two weights files a program may have among the guest's files. */

/** `page`: those that come with the page; `trained`: those that a training in the page wrote. */
export type WeightsChoice = 'page' | 'trained';

/** @param program name of the image, such as `sigmoid` */
export function weightsPath(program: string, choice: WeightsChoice): string {
  if (choice === 'page') return `data/weights/${program}.bin`;
  return program === 'sigmoid' ? 'data/weights/trained.bin' : `data/weights/trained-${program}.bin`;
}
