// SPDX-License-Identifier: GPL-2.0-or-later
/** Whether an element is in sight: not in a hidden tab, nor scrolled away. */
import type { Attachment } from 'svelte/attachments';

/** Tells of it at first and with each change; asks nothing of the layout. */
export function inSight(tell: (seen: boolean) => void): Attachment {
  return (element) => {
    const observer = new IntersectionObserver((entries) => {
      const last = entries.at(-1);
      if (last !== undefined) tell(last.isIntersecting);
    });
    observer.observe(element);
    return () => observer.disconnect();
  };
}
