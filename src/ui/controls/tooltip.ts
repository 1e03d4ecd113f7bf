// SPDX-License-Identifier: GPL-2.0-or-later
/** Tooltips as an attachment: `<button {@attach tooltip('Step in', 'F11')}>`. */
import type { Attachment } from 'svelte/attachments';

const DELAY = 350;
const GAP = 6;

let shown: HTMLElement | null = null;

function hide(): void {
  shown?.remove();
  shown = null;
}

function show(anchor: Element, text: string, key: string | undefined): void {
  hide();
  const tip = document.createElement('div');
  tip.className = 'tooltip';
  tip.setAttribute('aria-hidden', 'true');
  tip.append(text);
  if (key !== undefined) {
    const kbd = document.createElement('kbd');
    kbd.textContent = key;
    tip.append(' ', kbd);
  }
  document.body.append(tip);
  const at = anchor.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const below = at.bottom + GAP + size.height < window.innerHeight;
  const left = at.left + at.width / 2 - size.width / 2;
  tip.style.left = `${Math.max(GAP, Math.min(left, window.innerWidth - size.width - GAP))}px`;
  tip.style.top = `${below ? at.bottom + GAP : at.top - GAP - size.height}px`;
  shown = tip;
}

/**
 * Shows `text` on hover after a moment and on keyboard focus at once. It repeats what the control's
 * name says or adds its key, so it is hidden from screen readers: name the control itself.
 */
export function tooltip(text: string, key?: string): Attachment<HTMLElement> {
  return (anchor) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enter = (event: PointerEvent): void => {
      if (event.pointerType === 'touch') return;
      clearTimeout(timer);
      timer = setTimeout(() => show(anchor, text, key), DELAY);
    };
    const focus = (): void => {
      if (anchor.matches(':focus-visible')) show(anchor, text, key);
    };
    const leave = (): void => {
      clearTimeout(timer);
      hide();
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') leave();
    };
    anchor.addEventListener('pointerenter', enter);
    anchor.addEventListener('pointerleave', leave);
    anchor.addEventListener('pointerdown', leave);
    anchor.addEventListener('focus', focus);
    anchor.addEventListener('blur', leave);
    anchor.addEventListener('keydown', escape);
    return () => {
      leave();
      anchor.removeEventListener('pointerenter', enter);
      anchor.removeEventListener('pointerleave', leave);
      anchor.removeEventListener('pointerdown', leave);
      anchor.removeEventListener('focus', focus);
      anchor.removeEventListener('blur', leave);
      anchor.removeEventListener('keydown', escape);
    };
  };
}
