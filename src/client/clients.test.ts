// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import type { AssembleRequest } from '../protocol/assembler.ts';
import type { AheadQuestion } from '../protocol/ahead.ts';
import type { MachineApi, MachineListener, RunCommand } from '../protocol/machine.ts';
import { answerAhead } from '../worker/ahead.ts';
import { AssemblerClient } from './assembler-client.ts';
import { MachineClient } from './machine-client.ts';
import { channelWorker, type ChannelWorker } from './testing/channel-worker.ts';
import { WorkerGone, WorkerLink } from './worker-link.ts';

const open: { dispose(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.dispose();
});

const forever = (): Promise<never> => new Promise(() => undefined);

describe('WorkerLink', () => {
  interface Api {
    double(n: number): Promise<number>;
    hang(): Promise<void>;
  }
  const api = { double: (n: number) => n * 2, hang: forever };

  it('carries calls there and back', async () => {
    const link = new WorkerLink<Api>(channelWorker(api), 'thing', () => undefined);
    expect(await link.call((remote) => remote.double(21), 1000)).toBe(42);
    link.close();
  });

  it('gives up a silent worker, rejects what is pending, and says so once', async () => {
    const crashes: string[] = [];
    const worker = channelWorker(api);
    const link = new WorkerLink<Api>(worker, 'thing', (crash) => crashes.push(crash.kind));
    const calls = [link.call((r) => r.hang(), 60), link.call((r) => r.hang(), 10_000)];
    const results = await Promise.allSettled(calls);
    for (const result of results) {
      expect(result.status).toBe('rejected');
      expect((result as PromiseRejectedResult).reason).toBeInstanceOf(WorkerGone);
    }
    expect(crashes).toEqual(['silent']);
    expect(worker.ended).toBe(true);
    await expect(link.call((r) => r.double(1), 1000)).rejects.toThrow('has not answered');
  });

  it('tells an error from a script that did not load', async () => {
    const messages: string[] = [];
    for (const text of ['Uncaught TypeError: x', '']) {
      const worker = channelWorker(api);
      const link = new WorkerLink<Api>(worker, 'thing', (crash) => messages.push(crash.message));
      const call = link.call((r) => r.hang(), 1000);
      worker.fail(text);
      await expect(call).rejects.toBeInstanceOf(WorkerGone);
    }
    expect(messages).toEqual(['The thing failed: TypeError: x', 'The thing could not be loaded.']);
  });

  it('does not report its own closing as a crash', async () => {
    const crashes: string[] = [];
    const link = new WorkerLink<Api>(channelWorker(api), 'thing', (c) => crashes.push(c.kind));
    const call = link.call((r) => r.hang(), 1000);
    link.close();
    await expect(call).rejects.toMatchObject({ crash: { kind: 'closed' } });
    expect(crashes).toEqual([]);
  });
});

describe('MachineClient', () => {
  function client() {
    const workers: ChannelWorker[] = [];
    const say: MachineListener[] = [];
    const made = new MachineClient(() => {
      const worker = channelWorker({
        listen: (listener: MachineListener) => void say.push(listener),
        pause: () => undefined,
        readMemory: (address: number, length: number) => ({
          address,
          bytes: new Uint8Array(length),
          mapped: new Uint8Array(length),
        }),
      });
      workers.push(worker);
      return worker;
    });
    open.push(made);
    return { made, workers, say };
  }

  it('starts a worker with the first call, listens, and passes events on', async () => {
    const { made, workers, say } = client();
    expect(workers.length).toBe(0);
    const events: string[] = [];
    const off = made.onEvent((event) => events.push(event.type));
    const window = await made.readMemory(0x1000, 4);
    expect(window.bytes.length).toBe(4);
    expect(workers.length).toBe(1);
    void say[0]?.([
      { type: 'samples', samples: [] },
      { type: 'strace', lines: [] },
    ]);
    await made.pause();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(events).toEqual(['samples', 'strace']);
    off();
  });

  it('reports a crash and starts anew with the next call', async () => {
    const { made, workers } = client();
    await made.pause();
    const crashes: string[] = [];
    made.onCrash((crash) => crashes.push(crash.message));
    workers[0]?.fail('out of memory');
    expect(crashes).toEqual(['The machine failed: out of memory']);
    await made.pause();
    expect(workers.length).toBe(2);
    expect(workers[0]?.ended).toBe(true);
  });

  it('replaces the worker on restart', async () => {
    const { made, workers } = client();
    await made.pause();
    made.restart();
    expect(workers[0]?.ended).toBe(true);
    await made.pause();
    expect(workers.length).toBe(2);
  });
});

describe('questions of a stop, answered with the next', () => {
  /** A worker with 0x1000 + `runs` as its memory, that answers ahead as the real one does. */
  function machine() {
    const asked: string[] = [];
    let runs = 0;
    let say: MachineListener = () => Promise.resolve(0);
    const readMemory = (address: number, length: number) => {
      asked.push(`read ${address}`);
      return { address, bytes: new Uint8Array(length).fill(runs), mapped: new Uint8Array(length) };
    };
    const api = {
      listen: (listener: MachineListener) => void (say = listener),
      readMemory,
      writeMemory: () => null,
      run: async (_: RunCommand, ahead: readonly AheadQuestion[]) => {
        runs++;
        asked.push(`run, ${ahead.length} ahead`);
        const answers = await answerAhead({ readMemory } as unknown as MachineApi, ahead);
        const snapshot = { state: new ArrayBuffer(512), mips: 0, engine: 'jit' as const };
        void say([{ type: 'stopped', reason: { kind: 'step' }, snapshot, ahead: answers }]);
      },
    };
    const made = new MachineClient(() => channelWorker(api));
    open.push(made);
    const step = async (): Promise<void> => {
      const stopped = new Promise<void>((resolve) => {
        const off = made.onEvent(({ type }) => {
          if (type !== 'stopped') return;
          off();
          resolve();
        });
      });
      await made.run({ kind: 'step-in' });
      await stopped;
    };
    return { made, asked, step };
  }

  it('asks no second time for what came along, and gives the new value', async () => {
    const { made, asked, step } = machine();
    expect((await made.readMemory(16, 4)).bytes[0]).toBe(0);
    await step();
    expect(asked).toEqual(['read 16', 'run, 1 ahead', 'read 16']);
    expect((await made.readMemory(16, 4)).bytes[0]).toBe(1);
    expect(asked.length).toBe(3);
    await step();
    expect((await made.readMemory(16, 4)).bytes[0]).toBe(2);
    // Another place was not foreseen, and the old one is not asked for any more.
    await step();
    expect((await made.readMemory(32, 4)).bytes[0]).toBe(3);
    await step();
    expect(asked.slice(-2)).toEqual(['run, 1 ahead', 'read 32']);
  });

  it('forgets the answers when the state is changed by hand', async () => {
    const { made, asked, step } = machine();
    await made.readMemory(16, 4);
    await step();
    await made.writeMemory(16, new Uint8Array(1));
    await made.readMemory(16, 4);
    expect(asked).toEqual(['read 16', 'run, 1 ahead', 'read 16', 'read 16']);
  });
});

describe('AssemblerClient', () => {
  const request = { sources: { 'a.asm': 'nop' }, main: 'a.asm' };
  const good = { ok: true, image: new Uint8Array(1), debug: {}, diagnostics: [], ms: 1 };

  it('assembles', async () => {
    const client = new AssemblerClient(() => channelWorker({ assemble: () => good }));
    open.push(client);
    expect((await client.assemble(request)).ok).toBe(true);
  });

  it('replaces a worker that hangs, says so, and goes on with the next', async () => {
    let workers = 0;
    const client = new AssemblerClient(() => {
      const first = workers++ === 0;
      return channelWorker({
        assemble: (asked: AssembleRequest) => (first && asked.main === 'a.asm' ? forever() : good),
      });
    }, 80);
    open.push(client);
    const [hung, next] = await Promise.all([client.assemble(request), client.assemble(request)]);
    expect(hung.ok).toBe(false);
    expect(hung.diagnostics[0]).toMatchObject({ file: 'a.asm', line: 0, severity: 'error' });
    expect(hung.diagnostics[0]?.text).toContain('took longer than');
    expect(next.ok).toBe(true);
    expect(workers).toBe(2);
  });

  it('turns an exception in the worker into a diagnostic', async () => {
    const client = new AssemblerClient(() =>
      channelWorker({
        assemble: () => {
          throw new Error('nasm.wasm could not be loaded (HTTP 404)');
        },
      }),
    );
    open.push(client);
    const result = await client.assemble(request);
    expect(result.ok).toBe(false);
    expect(result.diagnostics[0]?.text).toContain('HTTP 404');
  });
});
