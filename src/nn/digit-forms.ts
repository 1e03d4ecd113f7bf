// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * How people write the ten digits: for each, the forms in use with how common they are, as
 * movements of the pen whose proportions are drawn at random within what is still that digit.
 */
import { ONE, THREE, TWO, ZERO } from './digit-forms-0-3.ts';
import { FIVE, FOUR, SIX } from './digit-forms-4-6.ts';
import { EIGHT, NINE, SEVEN } from './digit-forms-7-9.ts';
import type { Form, Path } from './digit-path.ts';
import type { Random } from './random.ts';

/** The forms of each digit. */
export const DIGIT_FORMS: readonly (readonly Form[])[] = [
  ZERO,
  ONE,
  TWO,
  THREE,
  FOUR,
  FIVE,
  SIX,
  SEVEN,
  EIGHT,
  NINE,
];

/**
 * Draws the pen's paths for a digit in one of its forms.
 * @throws RangeError unless `digit` is 0 … 9
 */
export function digitPaths(digit: number, r: Random): Path[] {
  const forms = DIGIT_FORMS[digit];
  if (forms === undefined) throw new RangeError(`not a digit: ${digit}`);
  const form = forms[r.pick(forms.map((f) => f.weight))];
  return form === undefined ? [] : form.draw(r);
}
