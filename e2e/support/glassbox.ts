// SPDX-License-Identifier: GPL-2.0-or-later
/** The page as a person uses it: every control by its role and name. */
import { readFileSync } from 'node:fs';
import { expect, type Locator, type Page } from '@playwright/test';
import { Editor } from './editor.ts';

/** A stroke: points in parts of the canvas, from its upper left corner. */
export type Stroke = readonly (readonly [x: number, y: number])[];

export class Glassbox {
  readonly page: Page;
  readonly editor: Editor;

  constructor(page: Page) {
    this.page = page;
    this.editor = new Editor(page);
  }

  /** Loads the page and waits until the program stands at its entry. */
  async open(): Promise<void> {
    await this.page.goto('./');
    await this.ready();
    const close = this.page.getByRole('button', { name: 'Close the introduction' });
    if (await close.isVisible()) await close.click();
  }

  async ready(): Promise<void> {
    await expect(this.status).toHaveText('Ready at the entry', { timeout: 60_000 });
  }

  get machineStatus(): Locator {
    return this.page.getByRole('contentinfo', { name: 'Machine status' });
  }

  /** `Ready at the entry`, `Paused after a step`, … */
  get status(): Locator {
    return this.machineStatus.getByRole('status');
  }

  /** The file and line of the next instruction, in the status line. */
  get place(): Locator {
    return this.machineStatus.getByRole('button');
  }

  /** Instructions executed since the start. */
  async instructions(): Promise<number> {
    const text = await this.machineStatus.getByLabel('Instructions executed').innerText();
    return Number(text.replaceAll(/\D/g, ''));
  }

  get controls(): Locator {
    return this.page.getByRole('toolbar', { name: 'Machine controls' });
  }

  control(name: string): Locator {
    return this.controls.getByRole('button', { name, exact: true });
  }

  get arguments(): Locator {
    return this.page.getByRole('textbox', { name: 'Arguments' });
  }

  /** Chooses the engine for this process and those after it. */
  async chooseEngine(name: 'jit' | 'unicorn'): Promise<void> {
    await this.page.getByRole('combobox', { name: 'Engine' }).selectOption(name);
    await this.ready();
  }

  /** Starts the program anew with these arguments; it stands at its entry then. */
  async boot(args: string): Promise<void> {
    await this.arguments.fill(args);
    await this.arguments.press('Enter');
    await expect(this.log).toContainText(args);
    await this.ready();
  }

  /** The row of a general register. */
  registerRow(name: string): Locator {
    const table = this.page.getByRole('table', { name: 'General registers' });
    return table.getByRole('row', { name: new RegExp(`^${name} `) });
  }

  /** What a general register shows, without what is said of its change. */
  async register(name: string): Promise<string> {
    const text = await this.registerRow(name).getByRole('cell').first().innerText();
    return (text.split(',')[0] ?? '').trim();
  }

  /** The row of a vector register. */
  vectorRow(name: string): Locator {
    const table = this.page.getByRole('table', { name: /^xmm registers/ });
    return table.getByRole('row', { name: new RegExp(`^${name} `) });
  }

  /** The console's output. */
  get log(): Locator {
    return this.page.getByRole('log', { name: 'Console output' });
  }

  /** The lines of the console, whatever their source. */
  async consoleLines(): Promise<string[]> {
    const text = await this.log.evaluate((log) =>
      [...log.children].map((line) => line.textContent.replace(/^\s*(error output|input): /, '')),
    );
    return text.map((line) => line.trim());
  }

  tab(list: string, name: string | RegExp): Locator {
    return this.page.getByRole('tablist', { name: list, exact: true }).getByRole('tab', { name });
  }

  /** A file of the machine, downloaded through the list in the Train tab, which must be open. */
  async download(path: string): Promise<Buffer> {
    const coming = this.page.waitForEvent('download');
    await this.page.getByRole('button', { name: `Download ${path}`, exact: true }).click();
    return readFileSync(await (await coming).path());
  }

  get canvas(): Locator {
    return this.page.getByRole('application', { name: 'Drawing canvas' });
  }

  /** Draws with the mouse. */
  async draw(strokes: readonly Stroke[]): Promise<void> {
    await this.canvas.scrollIntoViewIfNeeded();
    const box = await this.canvas.boundingBox();
    if (box === null) throw new Error('the canvas is not in sight');
    const { mouse } = this.page;
    for (const stroke of strokes) {
      for (const [i, [x, y]] of stroke.entries()) {
        await mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: i === 0 ? 1 : 4 });
        if (i === 0) await mouse.down();
      }
      await mouse.up();
    }
  }

  /** The winner and how sure it is. */
  get reading(): Locator {
    return this.page.getByRole('status', { name: 'Reading' });
  }

  /**
   * The probabilities once the last frame of the drawing has been read: a drawing is read while it
   * grows, so the first reading may be of half of it.
   */
  async settledProbabilities(): Promise<string[]> {
    let last: string[] = [];
    await expect
      .poll(
        async () => {
          const now = await this.probabilities();
          const same = now.join() === last.join() && !now.includes('–');
          last = now;
          return same && (await this.reading.getAttribute('aria-busy')) === 'false';
        },
        { timeout: 60_000, intervals: [700] },
      )
      .toBe(true);
    return last;
  }

  /** What the table says of each digit, `97.3 %`. */
  async probabilities(): Promise<string[]> {
    const table = this.page.getByRole('table', { name: 'Probability of each digit' });
    const cells = await table.getByRole('row').getByRole('cell').allInnerTexts();
    return cells.filter((text) => text.endsWith('%') || text === '–');
  }
}

/** A seven of one stroke. */
export const SEVEN: readonly Stroke[] = [
  [
    [0.3, 0.25],
    [0.5, 0.24],
    [0.7, 0.25],
    [0.6, 0.45],
    [0.52, 0.62],
    [0.45, 0.8],
  ],
];

/** A three of one stroke. */
export const THREE: readonly Stroke[] = [
  [
    [0.33, 0.28],
    [0.42, 0.2],
    [0.55, 0.19],
    [0.65, 0.26],
    [0.65, 0.36],
    [0.56, 0.45],
    [0.46, 0.48],
    [0.58, 0.51],
    [0.67, 0.6],
    [0.67, 0.71],
    [0.57, 0.8],
    [0.43, 0.81],
    [0.32, 0.74],
  ],
];
