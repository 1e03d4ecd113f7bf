// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MachineHandle } from '../client/machine-client.ts';
import type { WorkerCrash } from '../client/worker-link.ts';
import type { BootRequest, MachineEvent, Snapshot, StopReason } from '../protocol/machine.ts';
import { CpuState } from '../shared/cpu-state.ts';
import { DrawingState, CANVAS_SIDE } from './classifier-drawing.svelte.ts';
import { ClassifierState, FRAME_BYTES, parseReading } from './classifier.svelte.ts';
import { DEBUG } from './testing/fake-machine.ts';
import { weightsPath } from './weights.ts';

const LINE = '7 0.000001 0.000002 0.0 0.0 0.0 0.0 0.0 0.999990 0.0 0.000007\n';

function snapshot(instructions: number): Snapshot {
  const state = new ArrayBuffer(512);
  new CpuState(state).instructions = instructions;
  return { state, mips: 1, engine: 'unicorn' };
}

/** A machine that does what the test says. */
class FakeMachine {
  readonly boots: BootRequest[] = [];
  readonly frames: Uint8Array[] = [];
  restarts = 0;
  refusal: string | null = null;
  #event: (event: MachineEvent) => void = () => undefined;
  #crash: (crash: WorkerCrash) => void = () => undefined;

  readonly handle = {
    onEvent: (listener: (event: MachineEvent) => void) => {
      this.#event = listener;
      return () => undefined;
    },
    onCrash: (listener: (crash: WorkerCrash) => void) => {
      this.#crash = listener;
      return () => undefined;
    },
    boot: (request: BootRequest) => {
      this.boots.push(request);
      return Promise.resolve(
        this.refusal === null
          ? { ok: true, snapshot: snapshot(0) }
          : { ok: false, error: this.refusal },
      );
    },
    setStops: () => Promise.resolve([]),
    run: () => Promise.resolve(),
    writeStdin: (bytes: Uint8Array) => {
      this.frames.push(bytes);
      return Promise.resolve();
    },
    restart: () => {
      this.restarts++;
    },
    dispose: () => undefined,
  } as unknown as MachineHandle;

  print(text: string, fd: 1 | 2 = 1): void {
    this.#event({ type: 'output', fd, bytes: new TextEncoder().encode(text) });
  }

  wait(instructions: number): void {
    this.#event({ type: 'waiting', snapshot: snapshot(instructions) });
  }

  progress(instructions: number): void {
    this.#event({ type: 'progress', snapshot: snapshot(instructions) });
  }

  stop(reason: StopReason): void {
    this.#event({ type: 'stopped', reason, snapshot: snapshot(0) });
  }

  crash(message: string): void {
    this.#crash({ kind: 'error', message });
  }
}

const frame = (value: number) => new Uint8Array(FRAME_BYTES).fill(value);
const program = { name: 'sigmoid', image: new Uint8Array(4), debug: null };

let machine: FakeMachine;
let classifier: ClassifierState;
let clock = 0;

beforeEach(() => {
  vi.useFakeTimers();
  clock = 0;
  machine = new FakeMachine();
  classifier = new ClassifierState(machine.handle, () => clock);
});

afterEach(() => {
  classifier.dispose();
  vi.useRealTimers();
});

describe('ClassifierState', () => {
  it('starts classify with the weights of the page and waits', async () => {
    await classifier.setProgram(program);
    expect(machine.boots[0]?.argv).toEqual([
      'sigmoid',
      'classify',
      '--weights',
      'data/weights/sigmoid.bin',
    ]);
    machine.wait(1000);
    expect(classifier.status).toBe('ready');
  });

  it('reads a frame: digit, probabilities, time, instructions', async () => {
    await classifier.setProgram(program);
    machine.wait(1000);
    classifier.show(frame(9));
    expect(classifier.status).toBe('reading');
    clock = 12;
    machine.print(LINE.slice(0, 10));
    expect(classifier.reading).toBeNull();
    machine.print(LINE.slice(10));
    expect(classifier.reading).toMatchObject({ digit: 7, ms: 12, instructions: null });
    machine.wait(19_000);
    expect(classifier.reading?.instructions).toBe(18_000);
    expect(classifier.reading?.probabilities[7]).toBe(0.99999);
  });

  it('has one frame under way, and sends only the newest of those that wait', async () => {
    await classifier.setProgram(program);
    machine.wait(0);
    for (let i = 1; i <= 5; i++) classifier.show(frame(i));
    expect(machine.frames.map((f) => f[0])).toEqual([1]);
    machine.print(LINE);
    expect(machine.frames.map((f) => f[0])).toEqual([1, 5]);
    machine.print(LINE);
    expect(machine.frames).toHaveLength(2);
  });

  it('reads the drawing again after a restart', async () => {
    await classifier.setProgram(program);
    classifier.show(frame(3));
    await classifier.useWeights('trained');
    expect(machine.boots.at(-1)?.argv.at(-1)).toBe(weightsPath('sigmoid', 'trained'));
    expect(machine.frames.map((f) => f[0])).toEqual([3, 3]);
  });

  it('takes new weights at once when the file is written again', async () => {
    await classifier.setProgram(program);
    classifier.weightsWritten(100);
    classifier.weightsWritten(100);
    expect(machine.boots).toHaveLength(1);
    classifier.weightsWritten(200);
    expect(machine.boots).toHaveLength(2);
  });

  it('says how the program ended, with its own last words', async () => {
    await classifier.setProgram(program);
    machine.print('sigmoid: data/weights/sigmoid.bin: too short\n', 2);
    machine.stop({ kind: 'exit', status: 1 });
    expect(classifier.status).toBe('stopped');
    expect(classifier.trouble).toBe(
      'classify exited with status 1: sigmoid: data/weights/sigmoid.bin: too short',
    );
  });

  it('shows a fault’s message, and forgets it with the next program', async () => {
    await classifier.setProgram(program);
    const fault = {
      signal: 'SIGSEGV',
      code: 'SEGV_MAPERR',
      rip: 0,
      address: '0x0',
      symbol: null,
      file: null,
      line: null,
      message: 'It read address 0.',
    };
    machine.stop({ kind: 'fault', fault });
    expect(classifier.trouble).toBe('It read address 0.');
    await classifier.restart();
    expect(classifier.trouble).toBeNull();
  });

  it('says when the output makes no sense', async () => {
    await classifier.setProgram(program);
    classifier.show(frame(1));
    machine.print('hello\n');
    expect(classifier.status).toBe('stopped');
    expect(classifier.trouble).toContain('“hello”');
  });

  it('gives up a program that says nothing for a minute', async () => {
    await classifier.setProgram(program);
    classifier.show(frame(1));
    await vi.advanceTimersByTimeAsync(59_000);
    expect(classifier.busy).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(classifier.trouble).toContain('loop');
    expect(machine.restarts).toBe(1);
  });

  it('gives up a program that has executed far too much, but not in an instant', async () => {
    await classifier.setProgram(program);
    machine.wait(2_000_000);
    classifier.show(frame(1));
    clock = 1_000;
    machine.progress(900_000_000);
    expect(classifier.trouble).toBeNull();
    clock = 30_000;
    machine.progress(51_000_000);
    expect(classifier.trouble).toBeNull();
    machine.progress(52_000_000);
    expect(classifier.trouble).toBe(
      'classify has been at this drawing for 50.0 M instructions. It may loop without an end.',
    );
    expect(machine.restarts).toBe(1);
  });

  it('takes for another program its own weights', async () => {
    await classifier.setProgram(program);
    await classifier.useWeights('trained');
    await classifier.setProgram({ ...program, name: 'relu' });
    expect(machine.boots.at(-1)?.argv.at(-1)).toBe('data/weights/relu.bin');
    await classifier.useWeights('trained');
    expect(machine.boots.at(-1)?.argv.at(-1)).toBe('data/weights/trained-relu.bin');
  });

  it('leaves a program alone that reads no digits', async () => {
    await classifier.setProgram({ ...program, name: 'hello', debug: DEBUG });
    expect(classifier.able).toBe(false);
    expect(classifier.busy).toBe(false);
    expect(machine.boots).toHaveLength(0);
    classifier.show(frame(1));
    await classifier.setProgram(program);
    expect(machine.frames).toHaveLength(1);
  });

  it('passes on a refused boot and a crash', async () => {
    machine.refusal = 'not an ELF file';
    await classifier.setProgram(program);
    expect(classifier.trouble).toBe('not an ELF file');
    machine.refusal = null;
    await classifier.restart();
    machine.crash('The machine failed.');
    expect(classifier.trouble).toBe('The machine failed.');
  });

  it('refuses frames of another size', () => {
    expect(() => classifier.show(new Uint8Array(5))).toThrow(RangeError);
  });

  it.each([
    '',
    '7',
    '7 1 2',
    `11 ${'0 '.repeat(10)}`,
    `7 ${'nan '.repeat(10)}`,
    `7 ${'2 '.repeat(10)}`,
  ])('takes “%s” for no reading', (line) => {
    expect(parseReading(line)).toBeNull();
  });
});

describe('DrawingState', () => {
  const stroke = (drawing: DrawingState, x: number) => {
    drawing.begin({ x, y: 0.2 });
    drawing.extend([{ x, y: 0.8 }]);
    drawing.end();
  };

  it('has no frame without ink, and one while the pen is still down', () => {
    const drawing = new DrawingState();
    expect(drawing.frame).toBeNull();
    drawing.begin({ x: 0.5, y: 0.5 });
    expect(drawing.frame?.length).toBe(784);
    drawing.cancel();
    expect(drawing.frame).toBeNull();
  });

  it('undoes and redoes strokes and clearing', () => {
    const drawing = new DrawingState();
    stroke(drawing, 0.3);
    const one = drawing.frame;
    stroke(drawing, 0.7);
    const two = drawing.frame;
    drawing.clear();
    expect(drawing.frame).toBeNull();
    drawing.undo();
    expect(drawing.frame).toEqual(two);
    drawing.undo();
    expect(drawing.frame).toEqual(one);
    drawing.redo();
    expect(drawing.frame).toEqual(two);
    expect(drawing.canRedo).toBe(true);
    stroke(drawing, 0.5);
    expect(drawing.canRedo).toBe(false);
  });

  it('erases', () => {
    const drawing = new DrawingState();
    stroke(drawing, 0.5);
    const ink = () => drawing.bitmap.reduce((sum, value) => sum + value, 0);
    const before = ink();
    drawing.erasing = true;
    stroke(drawing, 0.5);
    expect(ink()).toBe(0);
    expect(before).toBeGreaterThan(0);
  });

  it('shows a digit of the test set as it is; the next stroke starts afresh', () => {
    const drawing = new DrawingState();
    const sample = new Uint8Array(784);
    sample[0] = 200;
    drawing.showSample(sample);
    expect(drawing.frame).toBe(sample);
    expect(drawing.bitmap[CANVAS_SIDE + 1]).toBe(200);
    stroke(drawing, 0.5);
    expect(drawing.bitmap[CANVAS_SIDE + 1]).toBe(0);
    drawing.undo();
    expect(drawing.frame).toBe(sample);
  });
});
