// SPDX-License-Identifier: GPL-2.0-or-later
/** The heavy parts of the page, each its own chunk, loaded when first shown. */
import type { Component } from 'svelte';

const modules = import.meta.glob<{ default: Component }>([
  '../editor/EditorPane.svelte',
  '../network/DrawPane.svelte',
  '../network/TrainPane.svelte',
]);

export type PaneName = 'editor' | 'draw' | 'train';

const PATHS: Readonly<Record<PaneName, string>> = {
  editor: '../editor/EditorPane.svelte',
  draw: '../network/DrawPane.svelte',
  train: '../network/TrainPane.svelte',
};

export async function loadPane(name: PaneName): Promise<Component> {
  const load = modules[PATHS[name]];
  if (load === undefined) throw new Error(`The ${name} view is not part of this build.`);
  return (await load()).default;
}
