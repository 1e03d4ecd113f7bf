// SPDX-License-Identifier: GPL-2.0-or-later
/** The handwritten forms of 7 to 9; see `digit-forms.ts`. */
import { arc } from './digit-path.ts';
import type { Form } from './digit-path.ts';

export const SEVEN: readonly Form[] = [
  // A bar and a slope.
  {
    weight: 7,
    draw: (r) => {
      const w = r.range(0.24, 0.34);
      const right = w * r.range(0.85, 1.05);
      return [
        [
          [-w, -0.46 + r.near(0, 0.025)],
          [0, -0.47 + r.near(0, 0.02)],
          [right, -0.5, 1],
          [right * r.range(0.25, 0.6), r.range(-0.08, 0.04)],
          [r.range(-0.16, 0.08), 0.5],
        ],
      ];
    },
  },
  // A bar that turns round into the slope.
  {
    weight: 4,
    draw: (r) => {
      const w = r.range(0.22, 0.32);
      return [
        [
          [-w, r.range(-0.46, -0.34)],
          [0, -0.48],
          [w * 0.8, -0.48],
          [w, -0.38],
          [w * r.range(0.4, 0.65), -0.04],
          [r.range(-0.14, 0.08), 0.5],
        ],
      ];
    },
  },
  // With a crossbar.
  {
    weight: 4,
    draw: (r) => {
      const w = r.range(0.24, 0.34);
      const foot = r.range(-0.16, 0.04);
      const y = r.range(-0.06, 0.08);
      const x = (w + foot) / 2 + 0.01;
      const half = r.range(0.12, 0.22);
      return [
        [
          [-w, -0.46 + r.near(0, 0.025)],
          [w, -0.5, 1],
          [x + r.range(-0.03, 0.03), y],
          [foot, 0.5],
        ],
        [
          [x - half, y + r.range(-0.01, 0.04)],
          [x + half, y - r.range(-0.01, 0.05)],
        ],
      ];
    },
  },
  // With a small stroke down at the bar's left end.
  {
    weight: 3,
    draw: (r) => {
      const w = r.range(0.24, 0.32);
      const hook = r.range(0.06, 0.18);
      return [
        [
          [-w - r.range(0, 0.03), -0.46 + hook],
          [-w, -0.46, 1],
          [0, -0.46 + r.near(0, 0.02)],
          [w, -0.5, 1],
          [w * r.range(0.2, 0.5), 0],
          [r.range(-0.12, 0.1), 0.5],
        ],
      ];
    },
  },
];

export const EIGHT: readonly Form[] = [
  // One stroke: an S down, then back up to where it began, or nearly.
  {
    weight: 8,
    draw: (r) => {
      const up = r.range(0.13, 0.28);
      const down = r.range(0.13, 0.29);
      const waist = r.range(-0.1, 0.12);
      const high = (waist - 0.5) / 2;
      const low = (waist + 0.5) / 2;
      return [
        [
          [up * r.range(0.5, 1.1), -0.5 + r.range(0.05, 0.14)],
          [up * 0.1, -0.5],
          [-up * 0.8, high - 0.1],
          [-up * 0.75, high + 0.1],
          [r.near(0, 0.02), waist],
          [down * 0.85, low - 0.08],
          [down * 0.85, low + 0.13],
          [r.near(0, 0.02), 0.5],
          [-down * 0.9, low + 0.12],
          [-down * 0.75, low - 0.08],
          [r.near(0, 0.02), waist],
          [up * 0.8, high + 0.08],
          [up * r.range(0.8, 1.2), -0.5 + r.range(0.03, 0.16)],
        ],
      ];
    },
  },
  // Two rings.
  {
    weight: 2,
    draw: (r) => {
      const waist = r.range(-0.08, 0.02);
      const up = (waist + 0.5) / 2;
      const down = (0.5 - waist) / 2;
      const x = r.near(0, 0.02);
      return [
        arc([x, -0.5 + up], [r.range(0.16, 0.23), up], 0.25, r.range(-0.78, -0.72)),
        arc([0, 0.5 - down], [r.range(0.2, 0.29), down], -0.25, r.range(0.72, 0.8)),
      ];
    },
  },
  // One stroke from the middle: the upper ring, then the lower one.
  {
    weight: 3,
    draw: (r) => {
      const waist = r.range(-0.06, 0.04);
      const up = (waist + 0.5) / 2;
      const down = (0.5 - waist) / 2;
      const over = arc([0, -0.5 + up], [r.range(0.17, 0.25), up], 0.25, 1.2);
      const under = arc([0, 0.5 - down], [r.range(0.2, 0.29), down], 0.8, r.range(-0.3, -0.18));
      return [[...over, ...under]];
    },
  },
];

export const NINE: readonly Form[] = [
  // A ring, then the straight stem without lifting the pen.
  {
    weight: 7,
    draw: (r) => {
      const w = r.range(0.15, 0.29);
      const ring = r.range(0.32, 0.54);
      const cy = -0.5 + ring / 2;
      const stem = w * r.range(0.85, 1);
      return [
        [
          ...arc([0, cy], [w, ring / 2], r.range(-0.14, -0.06), -0.94),
          [stem, cy, 1],
          [stem - r.range(0, 0.08), 0.12],
          [stem - r.range(0.04, 0.2), 0.5],
        ],
      ];
    },
  },
  // A ring that flows into a curved tail.
  {
    weight: 2.5,
    draw: (r) => {
      const w = r.range(0.2, 0.28);
      const ring = r.range(0.38, 0.5);
      const cy = -0.5 + ring / 2;
      return [
        [
          ...arc([0, cy], [w, ring / 2], -0.1, -0.9),
          [w, cy + 0.02],
          [w * r.range(0.85, 1.05), 0.1],
          [w * r.range(0.3, 0.7), 0.42],
          [-w * r.range(0.1, 0.5), 0.5],
          [-w * r.range(0.6, 1.1), r.range(0.4, 0.47)],
        ],
      ];
    },
  },
  // A small ring to the left of a stem that leans.
  {
    weight: 3,
    draw: (r) => {
      const w = r.range(0.15, 0.24);
      const ring = r.range(0.3, 0.44);
      const cy = -0.5 + ring / 2 + r.range(0, 0.06);
      const x = w * r.range(0.9, 1.15);
      return [
        [
          ...arc([0, cy], [w, ring / 2], r.range(-0.12, -0.02), r.range(-0.98, -0.9)),
          [x, cy - ring * r.range(0.2, 0.5), 1],
          [x - r.range(0, 0.06), 0.05],
          [x - r.range(0.1, 0.34), 0.5],
        ],
      ];
    },
  },
  // An open ring against a separate stem.
  {
    weight: 3,
    draw: (r) => {
      const w = r.range(0.2, 0.28);
      const ring = r.range(0.38, 0.48);
      const cy = -0.5 + ring / 2;
      return [
        arc([0, cy], [w, ring / 2], r.range(-0.16, -0.08), r.range(-0.96, -0.86)),
        [
          [w * r.range(0.9, 1.1), -0.5 + r.range(0, 0.08)],
          [w * r.range(0.85, 1), 0],
          [w * r.range(0.4, 0.95), 0.5],
        ],
      ];
    },
  },
];
