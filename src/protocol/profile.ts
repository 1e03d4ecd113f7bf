// SPDX-License-Identifier: GPL-2.0-or-later
/** The profile: what was executed how often. Types only; part of the worker contract. */

/** Code of one source line. */
export interface ProfileLine {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** Instructions executed. */
  readonly count: number;
  /** How often its first instruction was executed. */
  readonly times: number;
}

export interface ProfileFunction {
  /** Its symbol, or `0x…` where there is none. */
  readonly name: string;
  readonly address: number;
  readonly file: string | null;
  readonly line: number | null;
  /** Instructions executed in its own code. */
  readonly self: number;
  /** The same with all that it called, by the paths of calls. */
  readonly total: number;
  /** How often it was called. */
  readonly calls: number;
}

/** Instructions of one kind, and the mnemonics among them, most executed first. */
export interface ProfileClass {
  readonly name: string;
  readonly count: number;
  readonly mnemonics: readonly { readonly name: string; readonly count: number }[];
}

/** One path of calls. */
export interface ProfileNode {
  readonly name: string;
  readonly address: number;
  /** How often the path's last call was made; 0 for the root. */
  readonly calls: number;
  /** Instructions executed on this path and below it, and on this path alone. */
  readonly total: number;
  readonly self: number;
  /** Largest first. */
  readonly children: readonly ProfileNode[];
}

export interface ProfileReport {
  /** Whether instructions are being counted. */
  readonly on: boolean;
  /**
   * Instructions counted. Functions, kinds and paths add up to it; lines do so too where every
   * instruction has one, which is not so without debug info or when a program makes its own code.
   */
  readonly total: number;
  readonly lines: readonly ProfileLine[];
  readonly functions: readonly ProfileFunction[];
  readonly classes: readonly ProfileClass[];
  readonly root: ProfileNode | null;
}

/** `collapsed`: a line for each path of calls, for flame graph tools; `speedscope`: for its page. */
export type ProfileFormat = 'json' | 'csv' | 'collapsed' | 'speedscope';

export interface ProfileApi {
  /**
   * Switches counting on, from zero, or off; the counts stay until it is switched on again or
   * another program is booted. While on, runs are slower. What is run again of the recorded past is
   * not counted again.
   */
  setProfiling(on: boolean): Promise<void>;
  /** What has been counted so far, also while running; null when nothing ever was. */
  profile(): Promise<ProfileReport | null>;
  /** The same as the text of a file; null when there is nothing. */
  exportProfile(format: ProfileFormat): Promise<string | null>;
}
