// SPDX-License-Identifier: GPL-2.0-or-later
/** The editor as a person uses it: its files, its find box, its keys. */
import { expect, type Locator, type Page } from '@playwright/test';

export class Editor {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get region(): Locator {
    return this.#page.getByRole('region', { name: 'Editor' });
  }

  /** The text that one types into. */
  get text(): Locator {
    return this.region.getByRole('textbox', { name: /^Assembly source/ });
  }

  /** The path of the open file. */
  get title(): Locator {
    return this.region.getByRole('heading', { level: 2 });
  }

  get problems(): Locator {
    return this.region.getByRole('region', { name: 'Problems' });
  }

  /** How the build stands. */
  get buildStatus(): Locator {
    return this.problems.getByRole('status');
  }

  file(path: string): Locator {
    const tree = this.region.getByRole('tree', { name: 'Source files' });
    return tree.getByRole('treeitem', { name: new RegExp(`^${path}(,|$)`) });
  }

  /** Opens a file through the tree. */
  async open(path: string): Promise<void> {
    const show = this.region.getByRole('button', { name: 'Show the files' });
    if (await show.isVisible()) await show.click();
    await this.file(path).click();
    const hide = this.region.getByRole('button', { name: 'Hide the files' });
    if (await hide.isVisible()) await hide.click();
    await expect(this.title).toHaveText(path);
  }

  /** Opens a file and puts the caret into a line. */
  async goTo(path: string, line: number): Promise<void> {
    await this.open(path);
    await this.text.focus();
    await this.#page.keyboard.press('Control+g');
    const box = this.#page.getByRole('textbox', { name: /^Go to line/ });
    await box.fill(`:${line}`);
    await box.press('Enter');
    await expect(box).toBeHidden();
  }

  /** Replaces a text that stands once in a file by another. */
  async replace(path: string, from: string, to: string): Promise<void> {
    await this.open(path);
    await this.text.focus();
    await this.#page.keyboard.press('Control+h');
    const find = this.#page.getByRole('textbox', { name: 'Find', exact: true });
    await find.fill(from);
    await this.#page.getByRole('textbox', { name: 'Replace', exact: true }).fill(to);
    await expect(this.#page.getByText(/^(1|\?) of 1$/)).toBeVisible();
    await this.#page.getByRole('button', { name: /^Replace All/ }).click();
    await find.press('Escape');
    await expect(find).toBeHidden();
  }

  /** The number of a line that is in sight: a click on it sets or clears a breakpoint. */
  gutter(line: number): Locator {
    return this.region.locator('.margin').getByText(String(line), { exact: true });
  }

  /** The wavy lines under the open file's text. */
  marks(severity: 'error' | 'warning'): Locator {
    return this.region.locator(`.squiggly-${severity}`);
  }

  /** Waits until what the editor shows has been assembled. */
  async assembled(): Promise<void> {
    await expect(this.buildStatus).toContainText(/^\s*Assembled in/, { timeout: 30_000 });
  }
}
