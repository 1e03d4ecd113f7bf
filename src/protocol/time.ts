// SPDX-License-Identifier: GPL-2.0-or-later
/** The part of the worker contract about time: going back, the recording, its branches. */

/** Commands that go to moments of the recording; answered by `stopped` like all others. */
export type TimeCommand =
  /** `count` instructions back, default 1. */
  | { readonly kind: 'step-back'; readonly count?: number }
  /** One instruction back, a call with all that it did counting as one. */
  | { readonly kind: 'step-back-over' }
  /** To the call that led into this function. */
  | { readonly kind: 'step-back-out' }
  /** To the last breakpoint or watchpoint hit before this moment. */
  | { readonly kind: 'reverse-continue' }
  /** To the last time before this moment that rip was here. */
  | { readonly kind: 'back-to'; readonly address: number }
  /** To the state after so many instructions since the start of the process. */
  | { readonly kind: 'seek'; readonly instructions: number }
  /** To the end of the recording. */
  | { readonly kind: 'to-end' }
  /** To the end of another branch. */
  | { readonly kind: 'to-branch'; readonly id: number }
  /** Finds all of the program's events in a stretch, for the timeline; ends where it began. */
  | { readonly kind: 'survey'; readonly from: number; readonly to: number }
  /** To the instruction that last wrote to any of these bytes. */
  | {
      readonly kind: 'last-write';
      readonly address: number;
      readonly length: number;
      /** What it is, for the answer's text. */
      readonly name?: string;
    }
  /** To the instruction that last wrote a register: `rax` …, `rflags`, `xmm0` … */
  | {
      readonly kind: 'last-register-write';
      readonly register: string;
      /** Of an xmm register: first byte and number of bytes; default all 16. */
      readonly from?: number;
      readonly bytes?: number;
    };

/** The last moment of an event not behind some other, and the first behind; null: none is noted. */
export interface Around {
  readonly from: number | null;
  readonly to: number | null;
}

/** What a `TimeCommand` has to say beside where it ended. */
export interface TimeStop {
  readonly kind: 'time';
  /** Whether it found what it was asked for. */
  readonly found: boolean;
  /** For people, one sentence. */
  readonly text: string;
}

/** One course of events. An edit in the past begins a new one and keeps the old. */
export interface TimelineBranch {
  readonly id: number;
  /** The branch it left; null for the first. */
  readonly parent: number | null;
  /** Where it left it, in instructions. */
  readonly forkedAt: number;
  /** As far as it has been run, in instructions. */
  readonly end: number;
  /** How the process ended there. */
  readonly ended: 'exit' | 'fault' | null;
}

/** The recording, as it is now. All moments are counts of instructions since the start. */
export interface Timeline {
  readonly recording: boolean;
  /** Where the recording begins. */
  readonly first: number;
  /** Where it ends so far: the present. */
  readonly end: number;
  readonly position: number;
  /** Whether `position` lies before the present. */
  readonly past: boolean;
  /** Memory in use, and how much may be; in bytes. */
  readonly bytes: number;
  readonly budget: number;
  readonly checkpoints: number;
  readonly branch: number;
  readonly branches: readonly TimelineBranch[];
}

export type TickKind = 'event' | 'syscall' | 'breakpoint' | 'edit';

/** One moment of the recording, or several that lie too close together to be told apart. */
export interface TimelineTick {
  readonly kind: TickKind;
  readonly at: number;
  /** Of the first: `epoch_end`, `read`, … */
  readonly name: string;
  readonly count: number;
}

export interface TimeEvent {
  readonly type: 'timeline';
  readonly timeline: Timeline;
}

export interface TimeApi {
  timeline(): Promise<Timeline>;
  /** What happened from `from` to `to`, in order; at most `most` of each kind. */
  ticks(from: number, to: number, most: number): Promise<readonly TimelineTick[]>;
  /** The moments of an event next to another moment, as far as they are noted. */
  eventAround(event: string, at: number): Promise<Around>;
  /**
   * Turns recording on or off (what there is of a recording is dropped then), and sets the memory
   * it may take. @returns an error text, or null.
   */
  setRecording(on: boolean, budget: number): Promise<string | null>;
  /** Lets a branch go that one is not on. @returns an error text, or null. */
  discardBranch(id: number): Promise<string | null>;
}
