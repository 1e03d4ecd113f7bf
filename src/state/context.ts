// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The page's state objects, handed down by typed context. `App` makes them once and provides them;
 * a component takes what it needs: `const machine = useMachine();`. Taking one that no parent has
 * provided throws.
 */
import { createContext } from 'svelte';
import type { ClassifierState } from './classifier.svelte.ts';
import type { ConsoleState } from './console.svelte.ts';
import type { DatasetsState } from './datasets.svelte.ts';
import type { LayoutState } from './layout.svelte.ts';
import type { MachineState } from './machine.svelte.ts';
import type { MenuState } from './menu.svelte.ts';
import type { PaletteState } from './palette.svelte.ts';
import type { ProfileState } from './profile.svelte.ts';
import type { ProjectState } from './project.svelte.ts';
import type { SettingsState } from './settings.svelte.ts';
import type { ThemeState } from './theme.svelte.ts';
import type { StackState } from './stack.svelte.ts';
import type { TrainingState } from './training.svelte.ts';
import type { ValueActions } from './value-actions.svelte.ts';
import type { Watches } from './watches.svelte.ts';

export const [useMachine, provideMachine] = createContext<MachineState>();
export const [useConsole, provideConsole] = createContext<ConsoleState>();
export const [useSettings, provideSettings] = createContext<SettingsState>();
export const [useLayout, provideLayout] = createContext<LayoutState>();
export const [useTheme, provideTheme] = createContext<ThemeState>();

export const [useProfile, provideProfile] = createContext<ProfileState>();
export const [useStack, provideStack] = createContext<StackState>();
export const [useMenu, provideMenu] = createContext<MenuState>();
export const [usePalette, providePalette] = createContext<PaletteState>();
export const [useWatches, provideWatches] = createContext<Watches>();
export const [useValueActions, provideValueActions] = createContext<ValueActions>();

export const [useProject, provideProject] = createContext<ProjectState>();
export const [useClassifier, provideClassifier] = createContext<ClassifierState>();
export const [useTraining, provideTraining] = createContext<TrainingState>();
export const [useDatasets, provideDatasets] = createContext<DatasetsState>();
