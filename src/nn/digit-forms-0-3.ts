// SPDX-License-Identifier: GPL-2.0-or-later
/** The handwritten forms of 0 to 3; see `digit-forms.ts`. */
import { arc } from './digit-path.ts';
import type { Form, Knot } from './digit-path.ts';
import type { Random } from './random.ts';

export const ZERO: readonly Form[] = [
  // Round the left side first, from somewhere near the top; ends meet, cross or miss.
  {
    weight: 8,
    draw: (r) => {
      const start = r.range(-0.36, -0.16);
      const sweep = r.range(0.92, 1.1);
      return [arc([0, 0], [r.range(0.26, 0.5), 0.5], start, start - sweep, r.range(0.84, 1.06))];
    },
  },
  // Clockwise.
  {
    weight: 2,
    draw: (r) => {
      const start = r.range(-0.35, -0.15);
      const radii = [r.range(0.27, 0.48), 0.5] as const;
      return [arc([0, 0], radii, start, start + r.range(0.93, 1.08), r.range(0.88, 1.05))];
    },
  },
  // With a small curl inside the top.
  {
    weight: 1,
    draw: (r) => {
      const rx = r.range(0.3, 0.45);
      const round = arc([0, 0.02], [rx, 0.48], -0.2, -1.18, 0.97);
      return [[...round, [-0.02, r.range(-0.42, -0.3)], [-0.12, r.range(-0.34, -0.26)]]];
    },
  },
];

export const ONE: readonly Form[] = [
  // A plain stroke.
  {
    weight: 15,
    draw: (r) => [
      [
        [0, -0.5],
        [r.near(0, 0.02), 0],
        [r.near(0, 0.025), 0.5],
      ],
    ],
  },
  // With a flag at the top.
  {
    weight: 3,
    draw: (r) => {
      const length = r.range(0.08, 0.22);
      return [
        [
          [-length, -0.5 + length * r.range(0.5, 1.1)],
          [0, -0.5, 1],
          [r.near(0, 0.02), 0],
          [r.near(0, 0.03), 0.5],
        ],
      ];
    },
  },
  // With a flag and a base.
  {
    weight: 1.4,
    draw: (r) => {
      const length = r.range(0.06, 0.2);
      const base = r.range(0.12, 0.24);
      const foot = r.near(0, 0.02);
      return [
        [
          [-length, -0.5 + length * r.range(0.5, 1)],
          [0, -0.5, 1],
          [foot, 0.5],
        ],
        [
          [foot - base, 0.5 + r.near(0, 0.015)],
          [foot + base * r.range(0.8, 1.2), 0.5 + r.near(0, 0.015)],
        ],
      ];
    },
  },
];

/** The arch of a 2 and its way down to the lower left. */
function archOfTwo(r: Random, footX: number, footY: number): Knot[] {
  const w = r.range(0.2, 0.34);
  const top = -0.5;
  const rise = r.range(0.06, 0.26);
  return [
    [-w, top + rise],
    [-w * r.range(0.35, 0.6), top + 0.04],
    [w * r.range(0.1, 0.35), top],
    [w, top + r.range(0.18, 0.26)],
    [w * r.range(0.45, 0.75), r.range(-0.04, 0.12)],
    [footX, footY],
  ];
}

export const TWO: readonly Form[] = [
  // Sharp foot, straight or wavy base.
  {
    weight: 5,
    draw: (r) => {
      const x = r.range(-0.36, -0.24);
      const y = r.range(0.4, 0.5);
      const sharp = archOfTwo(r, x, y).slice(0, -1);
      const wave = r.near(0, 0.03);
      const end = r.range(0.3, 0.48);
      return [
        [
          ...sharp,
          [x, y, 1],
          [x + 0.2, y + wave],
          [end - 0.15, y + 0.01 - wave],
          [end, y + r.near(0, 0.03)],
        ],
      ];
    },
  },
  // A loop at the foot.
  {
    weight: 5,
    draw: (r) => {
      const x = r.range(-0.34, -0.24);
      const y = r.range(0.38, 0.47);
      const size = r.range(0.05, 0.11);
      const end = r.range(0.32, 0.5);
      return [
        [
          ...archOfTwo(r, x + 0.1, y - 0.06),
          [x, y],
          [x - size * 0.7, y - size * 0.6],
          [x, y - size * 1.7],
          [x + size * 1.6, y - size * 0.8],
          [x + 0.3, y + r.range(0, 0.06)],
          [end, y + r.range(-0.1, 0.06)],
        ],
      ];
    },
  },
  // Angular, with a straight slope: near a Z.
  {
    weight: 2,
    draw: (r) => {
      const x = r.range(-0.34, -0.2);
      const w = r.range(0.16, 0.28);
      const y = r.range(0.36, 0.5);
      return [
        [
          [-w, r.range(-0.46, -0.36)],
          [0, -0.5],
          [w, r.range(-0.48, -0.4)],
          [w * 0.8, r.range(-0.34, -0.24)],
          [x, y, 1],
          [r.range(0.24, 0.46), y + r.near(0, 0.04)],
        ],
      ];
    },
  },
  // A wide loop that swings out into a swash.
  {
    weight: 2.5,
    draw: (r) => {
      const y = r.range(0.3, 0.42);
      const size = r.range(0.12, 0.2);
      const left = r.range(-0.4, -0.3);
      return [
        [
          ...archOfTwo(r, left + size * 1.2, y),
          [left + size * 0.4, y + 0.03],
          [left, y - size * 0.4],
          [left + size * 0.7, y - size],
          [left + size * 2, y - size * 0.3],
          [0.2, y + r.range(0.04, 0.12)],
          [r.range(0.36, 0.54), y + r.range(-0.06, 0.16)],
        ],
      ];
    },
  },
  // A short round turn instead of a corner.
  {
    weight: 2,
    draw: (r) => {
      const x = r.range(-0.32, -0.24);
      const y = r.range(0.42, 0.48);
      return [
        [
          ...archOfTwo(r, x + 0.06, y - 0.08),
          [x, y],
          [x + 0.12, y - 0.02],
          [r.range(0.3, 0.46), y + r.range(-0.02, 0.05)],
        ],
      ];
    },
  },
];

/** The lower bowl of a 3 or a 5 from where it starts, open to the left. */
export function bowl(r: Random, w: number, top: number, tail: number): Knot[] {
  const middle = (top + 0.5) / 2;
  return [
    [w * r.range(0.55, 0.75), top + r.range(0.02, 0.06)],
    [w, middle + r.near(0, 0.02)],
    [w * r.range(0.5, 0.7), 0.43],
    [w * r.range(-0.15, 0.1), 0.5],
    [-w * r.range(0.5, 0.7), 0.47],
    [-w * r.range(0.8, 1.1), 0.5 - tail],
  ];
}

export const THREE: readonly Form[] = [
  // Two bowls with a sharp notch.
  {
    weight: 7,
    draw: (r) => {
      const w = r.range(0.24, 0.33);
      const up = w * r.range(0.7, 0.95);
      const waist = r.range(-0.1, 0.02);
      const notch = r.range(-0.16, 0.03);
      return [
        [
          [-w * r.range(0.75, 1), -0.5 + r.range(0.04, 0.16)],
          [-w * 0.2, -0.5],
          [up * 0.75, -0.46],
          [up, (-0.5 + waist) / 2 - 0.02],
          [up * 0.5, waist - 0.04],
          [notch, waist, 1],
          ...bowl(r, w, waist, r.range(0.06, 0.18)),
        ],
      ];
    },
  },
  // Flat top.
  {
    weight: 1.6,
    draw: (r) => {
      const w = r.range(0.26, 0.34);
      const waist = r.range(-0.12, -0.02);
      return [
        [
          [-w * r.range(0.8, 1), -0.48 + r.near(0, 0.02)],
          [w * r.range(0.6, 0.9), -0.5, 1],
          [r.range(-0.08, 0.04), waist, 1],
          ...bowl(r, w, waist, r.range(0.06, 0.16)),
        ],
      ];
    },
  },
  // A small loop at the waist.
  {
    weight: 2,
    draw: (r) => {
      const w = r.range(0.24, 0.32);
      const waist = r.range(-0.08, 0);
      const loop = r.range(0.04, 0.08);
      return [
        [
          [-w * r.range(0.7, 1), -0.5 + r.range(0.04, 0.14)],
          [-w * 0.1, -0.5],
          [w * 0.8, -0.36],
          [w * 0.55, waist - 0.1],
          [-loop * 1.6, waist + loop * 0.4],
          [-loop * 2.2, waist - loop * 0.5],
          [-loop, waist - loop],
          ...bowl(r, w, waist - 0.01, r.range(0.05, 0.14)),
        ],
      ];
    },
  },
];
