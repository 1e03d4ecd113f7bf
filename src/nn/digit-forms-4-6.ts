// SPDX-License-Identifier: GPL-2.0-or-later
/** The handwritten forms of 4 to 6; see `digit-forms.ts`. */
import { bowl } from './digit-forms-0-3.ts';
import type { Form } from './digit-path.ts';

export const FOUR: readonly Form[] = [
  // Open: an angle, then the stem.
  {
    weight: 6,
    draw: (r) => {
      const bar = r.range(-0.02, 0.14);
      const left = r.range(-0.36, -0.24);
      const stem = r.range(0.1, 0.24);
      return [
        [
          [left + r.range(0.02, 0.12), r.range(-0.5, -0.4)],
          [left, bar + r.near(0, 0.02), 1],
          [stem + r.range(0.03, 0.22), bar + r.near(-0.02, 0.025)],
        ],
        [
          [stem + r.range(0, 0.06), r.range(-0.5, -0.28)],
          [stem + r.near(0, 0.015), 0.05],
          [stem - r.range(0, 0.18), 0.5],
        ],
      ];
    },
  },
  // Open with a round belly, the stem drawn from the right arm.
  {
    weight: 4,
    draw: (r) => {
      const belly = r.range(0, 0.12);
      const left = r.range(-0.34, -0.24);
      const right = r.range(0.18, 0.28);
      return [
        [
          [left, r.range(-0.5, -0.38)],
          [left + r.range(-0.02, 0.03), belly - 0.16],
          [left + 0.12, belly],
          [right - 0.14, belly - r.range(0.02, 0.06)],
          [right - 0.01, belly - r.range(0.08, 0.16)],
        ],
        [
          [right + r.range(0, 0.04), r.range(-0.5, -0.32)],
          [right - 0.02, 0],
          [right - r.range(0.03, 0.22), 0.5],
        ],
      ];
    },
  },
  // Closed: from the top down the slope, along the bar, then the stem.
  {
    weight: 4,
    draw: (r) => {
      const bar = r.range(0.04, 0.18);
      const stem = r.range(0.06, 0.16);
      return [
        [
          [stem - r.range(0, 0.05), -0.5],
          [r.range(-0.4, -0.28), bar, 1],
          [stem + r.range(0.08, 0.26), bar + r.near(-0.01, 0.02)],
        ],
        [
          [stem, -0.5 + r.range(0, 0.06)],
          [stem + r.near(0, 0.015), 0.05],
          [stem - r.range(-0.02, 0.06), 0.5],
        ],
      ];
    },
  },
  // In one go: round the belly, up the right arm and down the stem.
  {
    weight: 2,
    draw: (r) => {
      const belly = r.range(-0.02, 0.08);
      const left = r.range(-0.32, -0.22);
      const right = r.range(0.18, 0.26);
      return [
        [
          [left, r.range(-0.5, -0.42)],
          [left, belly - 0.18],
          [left + 0.13, belly],
          [right - 0.12, belly - 0.09],
          [right, r.range(-0.42, -0.3), 1],
          [right - 0.05, 0.1],
          [right - r.range(0.06, 0.14), 0.5],
        ],
      ];
    },
  },
];

export const FIVE: readonly Form[] = [
  // The back and the bowl, then the hat.
  {
    weight: 5,
    draw: (r) => {
      const w = r.range(0.17, 0.32);
      const left = -w * r.range(0.6, 0.9);
      const neck = r.range(-0.16, 0.02);
      const top = r.range(-0.48, -0.42);
      const back = left + r.near(-0.03, 0.02);
      return [
        [
          [left, top],
          [back, neck, 1],
          [back + w * 0.6, neck - r.range(0.03, 0.08)],
          ...bowl(r, w, neck - 0.04, r.range(0.02, 0.16)),
        ],
        [
          [left + r.near(0, 0.02), top + r.near(0, 0.015)],
          [r.range(0.16, 0.44), top - r.range(0, 0.08)],
        ],
      ];
    },
  },
  // In one go from the hat's right end.
  {
    weight: 4,
    draw: (r) => {
      const w = r.range(0.17, 0.32);
      const left = -w * r.range(0.45, 0.85);
      const neck = r.range(-0.16, 0.02);
      const top = r.range(-0.48, -0.43);
      const back = left + r.near(-0.06, 0.02);
      return [
        [
          [r.range(0.18, 0.46), top - r.range(-0.01, 0.06)],
          [left, top, 1],
          [back, neck, 1],
          [back + w * 0.6, neck - r.range(0.03, 0.07)],
          ...bowl(r, w, neck - 0.03, r.range(0.02, 0.16)),
        ],
      ];
    },
  },
  // Flowing, like an S with a straight hat.
  {
    weight: 2,
    draw: (r) => {
      const w = r.range(0.22, 0.3);
      const top = -0.46;
      return [
        [
          [w * r.range(0.8, 1.6), top - 0.03],
          [-w * 0.35, top + 0.01],
          [-w * r.range(0.7, 0.9), -0.2],
          [-w * 0.4, r.range(-0.1, -0.04)],
          [w * 0.3, -0.04],
          [w * 0.85, 0.14],
          [w * 0.65, 0.38],
          [-w * 0.1, 0.49],
          [-w * r.range(0.8, 1.05), r.range(0.38, 0.48)],
        ],
      ];
    },
  },
];

export const SIX: readonly Form[] = [
  // A long arch from the top into a closed loop.
  {
    weight: 6,
    draw: (r) => {
      const w = r.range(0.2, 0.32);
      const loop = r.range(-0.02, 0.12);
      const left = -w * r.range(0.85, 1.05);
      return [
        [
          [w * r.range(0.1, 0.9), -0.5],
          [left * 0.55, r.range(-0.3, -0.2)],
          [left, 0.08],
          [left * 0.75, 0.38],
          [0, 0.5],
          [w * 0.85, 0.36],
          [w, 0.5 - (0.5 - loop) * 0.55],
          [w * 0.45, loop + 0.01],
          [-w * 0.25, loop + r.range(0.02, 0.07)],
          [left * r.range(0.7, 1), loop + r.range(0.16, 0.26)],
        ],
      ];
    },
  },
  // A straighter stem, the loop coming back to it.
  {
    weight: 3,
    draw: (r) => {
      const w = r.range(0.2, 0.3);
      const loop = r.range(-0.04, 0.1);
      return [
        [
          [-w * r.range(-0.3, 0.7), -0.5],
          [-w * 0.9, -0.05],
          [-w, 0.22],
          [-w * 0.55, 0.46],
          [w * 0.2, 0.49],
          [w * 0.95, 0.3],
          [w * 0.75, loop + 0.08],
          [w * 0.1, loop],
          [-w * 0.7, loop + r.range(0.12, 0.2)],
        ],
      ];
    },
  },
  // A loop that ends inside in a curl.
  {
    weight: 2,
    draw: (r) => {
      const w = r.range(0.22, 0.32);
      const loop = r.range(-0.02, 0.1);
      return [
        [
          [w * r.range(0, 0.5), -0.5],
          [-w * 0.75, -0.16],
          [-w, 0.18],
          [-w * 0.5, 0.45],
          [w * 0.2, 0.5],
          [w, 0.28],
          [w * 0.6, loop],
          [-w * 0.05, loop + 0.08],
          [-w * 0.2, loop + r.range(0.18, 0.26)],
          [w * r.range(0, 0.3), loop + r.range(0.24, 0.32)],
        ],
      ];
    },
  },
];
