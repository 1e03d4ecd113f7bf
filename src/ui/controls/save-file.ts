// SPDX-License-Identifier: GPL-2.0-or-later

/** Milliseconds after which a browser has surely begun to read what it saves. */
const READ = 10_000;

/** Hands a text to the browser to be saved as a file. */
export function saveText(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), READ);
}
