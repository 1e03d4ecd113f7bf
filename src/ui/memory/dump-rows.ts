// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The rows of a memory dump as a fixed pool of elements. Scrolling changes texts and nothing else:
 * a row is four texts, and what stands out in it (changed bytes, selection, cursor) lies over them
 * in boxes measured in characters. So a frame costs some dozens of writes, not thousands of nodes.
 */

/** What one row shows. */
export interface RowContent {
  readonly address: string;
  readonly bytes: string;
  readonly ascii: string;
  readonly numbers: string;
  /** First byte and number of bytes of each run that stands out, and how: a class name. */
  readonly marks: readonly Mark[];
}

export interface Mark {
  readonly kind: 'changed' | 'selected' | 'cursor' | 'found';
  readonly at: number;
  readonly length: number;
}

class PooledRow {
  readonly element = document.createElement('div');
  readonly #marks = document.createElement('span');
  readonly #texts: readonly Text[];
  #shown: readonly string[] = [];
  #shownMarks = '';

  constructor() {
    this.element.className = 'row';
    this.#marks.className = 'marks';
    this.#texts = ['address', 'bytes', 'ascii', 'numbers'].map((name) => {
      const span = this.element.appendChild(document.createElement('span'));
      span.className = name;
      return span.appendChild(document.createTextNode(''));
    });
    this.element.append(this.#marks);
  }

  show(content: RowContent): void {
    const texts = [content.address, content.bytes, content.ascii, content.numbers];
    texts.forEach((text, i) => {
      const shown = this.#texts[i];
      if (shown !== undefined && this.#shown[i] !== text) shown.data = text;
    });
    this.#shown = texts;
    const key = content.marks.map((m) => `${m.kind} ${m.at} ${m.length}`).join();
    if (key === this.#shownMarks) return;
    this.#shownMarks = key;
    this.#marks.replaceChildren(
      ...content.marks.map(({ kind, at, length }) => {
        const mark = document.createElement('i');
        mark.className = kind;
        mark.style.left = `${at * 3}ch`;
        mark.style.width = `${length * 3 - 1}ch`;
        return mark;
      }),
    );
  }
}

export class DumpRows {
  readonly #box: HTMLElement;
  #rows: PooledRow[] = [];

  constructor(box: HTMLElement) {
    this.#box = box;
  }

  /** Shows these rows, making or dropping elements only when their number differs. */
  show(contents: readonly RowContent[]): void {
    while (this.#rows.length < contents.length) {
      const row = new PooledRow();
      this.#rows.push(row);
      this.#box.append(row.element);
    }
    while (this.#rows.length > contents.length) this.#rows.pop()?.element.remove();
    contents.forEach((content, i) => this.#rows[i]?.show(content));
  }
}

/** The runs of bytes in [start, start + count) for which `is` holds. */
export function runsOf(
  kind: Mark['kind'],
  start: number,
  count: number,
  is: (address: number) => boolean,
): Mark[] {
  const marks: Mark[] = [];
  for (let i = 0; i < count; i++) {
    if (!is(start + i)) continue;
    let end = i + 1;
    while (end < count && is(start + end)) end++;
    marks.push({ kind, at: i, length: end - i });
    i = end;
  }
  return marks;
}
