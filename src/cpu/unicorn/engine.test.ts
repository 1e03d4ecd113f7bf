// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { addr } from '../../shared/brand.ts';
import { GPR, INITIAL_MXCSR, INITIAL_RFLAGS } from '../../shared/cpu-state.ts';
import { CODE } from '../testing/bench.ts';
import { DIVISION_FLAGS } from '../testing/contract-faults.ts';
import { engineContract } from '../testing/contract.ts';
import { profileContract } from '../testing/profile-contract.ts';
import { storesContract } from '../testing/stores-contract.ts';
import { watchContract } from '../testing/watch-contract.ts';
import { createUnicornEngine } from './engine.ts';

// QEMU does not bring its lazy flags up to date when a division faults within a block
engineContract('Unicorn', createUnicornEngine, { except: [DIVISION_FLAGS] });
watchContract('Unicorn', createUnicornEngine);
profileContract('Unicorn', createUnicornEngine);
storesContract('Unicorn', createUnicornEngine);

describe('Unicorn engines one after the other', () => {
  it('share a core and nothing else', async () => {
    // mov eax, n; mov [rdi], eax; hlt (which user programs may not)
    const program = (n: number) => Uint8Array.of(0xb8, n, 0, 0, 0, 0x89, 0x07, 0xf4);
    const data = addr(0x500000);
    for (const n of [1, 2, 3]) {
      const memory = new GuestMemory(16 * 2 ** 20);
      memory.protect(addr(CODE), 4096, PROT.read | PROT.exec);
      memory.protect(data, 4096, PROT.read | PROT.write);
      memory.write(addr(CODE), program(n));
      memory.state.rip = BigInt(CODE);
      memory.state.rflags = INITIAL_RFLAGS;
      memory.state.mxcsr = INITIAL_MXCSR;
      memory.state.setGpr(GPR.rdi, BigInt(data));
      const engine = await createUnicornEngine(memory);
      expect(engine.run(100)).toMatchObject({
        stop: { fault: { code: 'general-protection' } },
        executed: 2,
      });
      expect(memory.bytes[data]).toBe(n);
      engine.dispose();
    }
  });
});
