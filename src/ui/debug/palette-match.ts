// SPDX-License-Identifier: GPL-2.0-or-later
/** Which commands a typed text means, the likeliest first. */

interface Titled {
  readonly title: string;
  readonly key?: string;
}

/** How well the text fits, less being better; null when it does not. */
function fit({ title, key }: Titled, words: readonly string[]): number | null {
  const name = title.toLowerCase();
  let sum = 0;
  for (const word of words) {
    if (key?.toLowerCase() === word) continue;
    const at = name.indexOf(word);
    if (at < 0) return null;
    // The beginning of a word means more than its middle.
    sum += at === 0 ? 0 : /[\s(]/.test(name.charAt(at - 1)) ? 1 : 4;
  }
  return sum;
}

/** Those that can be used and whose title holds every word of the text, or whose key it is. */
export function matching<T extends Titled>(
  all: readonly T[],
  text: string,
  enabled: (each: T) => boolean,
): readonly T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return all
    .flatMap((each, place) => {
      const sum = enabled(each) ? fit(each, words) : null;
      return sum === null ? [] : [{ each, sum, place }];
    })
    .sort((a, b) => a.sum - b.sum || a.place - b.place)
    .map(({ each }) => each);
}
