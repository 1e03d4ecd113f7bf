// SPDX-License-Identifier: GPL-2.0-or-later
/** The timeline's track: moments to pixels and back, and its drawing. */
import type { Bookmark } from '../../state/time-bookmarks.svelte.ts';
import type { TimeView } from '../../state/time-zoom.svelte.ts';
import type { Timeline, TimelineTick } from '../../protocol/time.ts';
import { formatCount } from '../../shared/format.ts';

export interface TrackColours {
  readonly ground: string;
  readonly done: string;
  readonly present: string;
  readonly epoch: string;
  readonly event: string;
  readonly syscall: string;
  readonly breakpoint: string;
  readonly edit: string;
  readonly bookmark: string;
  readonly text: string;
}

export interface TrackScene {
  readonly timeline: Timeline;
  readonly view: TimeView;
  readonly ticks: readonly TimelineTick[];
  readonly bookmarks: readonly Bookmark[];
  readonly colours: TrackColours;
}

/** Pixels at either end, so that the marker is whole there. */
const EDGE = 6;

/** Pixels from the left edge for a moment. */
export function placeOf(at: number, view: TimeView, width: number): number {
  const share = (at - view.from) / Math.max(1, view.to - view.from);
  return EDGE + share * (width - 2 * EDGE);
}

/** The moment at a place; may lie outside of the view. */
export function momentAt(x: number, view: TimeView, width: number): number {
  const share = (x - EDGE) / Math.max(1, width - 2 * EDGE);
  return Math.round(view.from + share * (view.to - view.from));
}

/** What stands near a place, in words; null when nothing does. */
export function tickText(x: number, scene: TrackScene, width: number): string | null {
  const { view, ticks, bookmarks } = scene;
  const near = (at: number): number => Math.abs(placeOf(at, view, width) - x);
  const bookmark = bookmarks.find(({ at }) => near(at) < 4);
  if (bookmark !== undefined) return bookmark.note === '' ? 'Bookmark' : bookmark.note;
  let best: TimelineTick | null = null;
  for (const tick of ticks) {
    const closer = best === null || near(tick.at) < near(best.at);
    if (near(tick.at) < 4 && closer) best = tick;
  }
  if (best === null) return null;
  const others = best.count > 1 ? ` and ${formatCount(best.count - 1)} more` : '';
  return `${best.name}${others}, ${formatCount(best.at)}`;
}

/** Whether an event is one of the long strokes: the largest unit that the program announces. */
function isMajor(tick: TimelineTick): boolean {
  return tick.kind === 'event' && tick.name.startsWith('epoch');
}

/** Draws the track. @param height in CSS pixels, as `width`. */
export function drawTrack(
  ctx: CanvasRenderingContext2D,
  scene: TrackScene,
  width: number,
  height: number,
): void {
  const { timeline, view, colours } = scene;
  const x = (at: number): number => placeOf(at, view, width);
  const middle = Math.round(height / 2);
  ctx.clearRect(0, 0, width, height);
  ctx.fillStyle = colours.ground;
  ctx.fillRect(EDGE, middle - 3, width - 2 * EDGE, 6);
  ctx.fillStyle = colours.done;
  const from = Math.max(EDGE, x(timeline.first));
  ctx.fillRect(
    from,
    middle - 3,
    Math.max(0, Math.min(width - EDGE, x(timeline.position)) - from),
    6,
  );

  const stroke = (at: number, top: number, bottom: number, colour: string, wide = 1): void => {
    const place = Math.round(x(at));
    if (place < 0 || place > width) return;
    ctx.fillStyle = colour;
    ctx.fillRect(place - wide / 2, top, wide, bottom - top);
  };
  for (const tick of scene.ticks) {
    switch (tick.kind) {
      case 'event':
        if (isMajor(tick)) stroke(tick.at, 2, height - 2, colours.epoch, 2);
        else stroke(tick.at, middle - 8, middle - 3, colours.event);
        break;
      case 'syscall':
        stroke(tick.at, middle + 3, middle + 8, colours.syscall);
        break;
      case 'breakpoint':
        dot(ctx, x(tick.at), middle, 3, colours.breakpoint);
        break;
      case 'edit':
        dot(ctx, x(tick.at), middle, 3, colours.edit);
        break;
    }
  }
  for (const { at } of scene.bookmarks) flag(ctx, x(at), colours.bookmark);
  if (timeline.past) stroke(timeline.end, 1, height - 1, colours.present, 2);
  marker(ctx, x(timeline.position), height, colours);
}

function dot(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: string,
): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

function flag(ctx: CanvasRenderingContext2D, x: number, colour: string): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(x, 1);
  ctx.lineTo(x + 7, 4);
  ctx.lineTo(x, 7);
  ctx.fill();
  ctx.fillRect(x - 0.5, 1, 1, 12);
}

function marker(
  ctx: CanvasRenderingContext2D,
  x: number,
  height: number,
  colours: TrackColours,
): void {
  ctx.fillStyle = colours.text;
  ctx.fillRect(x - 1, 1, 2, height - 2);
  ctx.beginPath();
  ctx.moveTo(x - 5, 0);
  ctx.lineTo(x + 5, 0);
  ctx.lineTo(x, 6);
  ctx.fill();
}
