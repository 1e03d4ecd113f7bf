// SPDX-License-Identifier: GPL-2.0-or-later
/** The heavy parts of the page, each its own chunk, loaded when first shown. */
import type { Component } from 'svelte';

export type PaneName = 'editor' | 'draw' | 'train';

const LOADERS: Readonly<Record<PaneName, () => Promise<{ default: Component }>>> = {
  editor: () => import('../editor/EditorPane.svelte'),
  draw: () => import('../network/DrawPane.svelte'),
  train: () => import('../network/TrainPane.svelte'),
};

export async function loadPane(name: PaneName): Promise<Component> {
  return (await LOADERS[name]()).default;
}
