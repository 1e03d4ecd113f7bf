// SPDX-License-Identifier: GPL-2.0-or-later
/** The engines by name. Each is loaded when it is first asked for. */
import type { GuestMemory } from '../machine/memory.ts';
import type { Engine, EngineName } from './cpu.ts';

type EngineFactory = (memory: GuestMemory) => Promise<Engine>;

const FACTORIES: Partial<Record<EngineName, EngineFactory>> = {
  unicorn: async (memory) => (await import('./unicorn/engine.ts')).createUnicornEngine(memory),
  jit: async (memory) => {
    const { createUnicornEngine } = await import('./unicorn/engine.ts');
    const { JitEngine } = await import('./jit/engine.ts');
    return new JitEngine(memory, await createUnicornEngine(memory));
  },
};

/** The engines there are, for choices and tests. */
export const ENGINE_NAMES = Object.keys(FACTORIES) as readonly EngineName[];

/**
 * An engine on this memory.
 * @throws Error when there is no engine of that name.
 */
export async function createEngine(name: EngineName, memory: GuestMemory): Promise<Engine> {
  const factory = FACTORIES[name];
  if (!factory) throw new Error(`there is no engine named ${name}`);
  return factory(memory);
}
