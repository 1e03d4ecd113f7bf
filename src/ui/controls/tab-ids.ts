// SPDX-License-Identifier: GPL-2.0-or-later
/** Element ids that tie a tab to its panel. */

function slug(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

export function tabId(tabs: string, id: string): string {
  return `tab-${slug(tabs)}-${id}`;
}

export function panelId(tabs: string, id: string): string {
  return `panel-${slug(tabs)}-${id}`;
}
