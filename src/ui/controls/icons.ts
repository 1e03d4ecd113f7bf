// SPDX-License-Identifier: GPL-2.0-or-later
/** Icons as SVG path data on a 16 × 16 grid, stroked with the colour of the text around them. */
export const ICONS = {
  play: 'M5 3.2v9.6l8-4.8z',
  pause: 'M5 3v10M11 3v10',
  'step-in': 'M8 2v7M5 6.5 8 9.5l3-3M8 13.2v.1',
  'step-over': 'M2.5 9.5a5.5 5.5 0 0 1 10.6-1.6M13.5 4.5v3.6H9.9M8 13.2v.1',
  'step-out': 'M8 9.5v-7M5 5.2 8 2.2l3 3M8 13.2v.1',
  'back-run': 'M11 3.2v9.6L3 8z',
  'back-in': 'M13 8H4M7.5 4.5 4 8l3.5 3.5',
  'back-over': 'M13.5 9.5A5.5 5.5 0 0 0 2.9 7.9M2.5 4.5v3.6h3.6M8 13.2v.1',
  'back-out': 'M12 12 4.5 4.5M4.5 9.8V4.5h5.3',
  bookmark: 'M4.5 2.5h7v11L8 10.5l-3.5 3z',
  minus: 'M3 8h10',
  cursor: 'M3 8h7M7.2 5.2 10 8l-2.8 2.8M13 3v10',
  reset: 'M3 3v10M13 3.5v9L5.5 8z',
  restart: 'M12.8 6.5A5.2 5.2 0 1 0 13.2 9M13.2 3v3.6H9.6',
  stop: 'M4 4h8v8H4z',
  close: 'M4 4l8 8M12 4l-8 8',
  plus: 'M8 3v10M3 8h10',
  check: 'M3 8.5 6.5 12 13 4.5',
  'chevron-down': 'M4 6l4 4 4-4',
  'chevron-right': 'M6 4l4 4-4 4',
  'chevron-left': 'M10 4 6 8l4 4',
  undo: 'M6 3 3 6l3 3M3 6h6a4 4 0 0 1 0 8H6',
  eraser: 'M6 13.5h7.5M9.5 3l4 4-6 6H5l-2.5-2.5z',
  pen: 'M3 13l.8-3.2L11 2.6l2.4 2.4-7.2 7.2z',
  trash: 'M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3',
  download: 'M8 2.5v7.5M5 7.2 8 10.2l3-3M3 13.5h10',
  upload: 'M8 10.2V2.7M5 5.7l3-3 3 3M3 13.5h10',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  moon: 'M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6z',
  system: 'M2 3h12v8H2zM6 13.5h4M8 11v2.5',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  folder: 'M2 4h4.5L8 5.5h6v7.5H2z',
  code: 'M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
  chip: 'M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14',
  memory: 'M2 4.5h12v7H2zM5 4.5v7M8 4.5v7M11 4.5v7',
  terminal: 'M2 3h12v10H2zM4.5 6l2 2-2 2M8 10.2h3.5',
  chart: 'M2.5 2.5v11h11M5 10.5l2.5-3.5 2 2L13 4.5',
  warning: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1',
  info: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 7.2v4M8 4.8v.1',
  flame:
    'M8 14a4.4 4.4 0 0 0 4.4-4.4C12.4 6.4 9.5 5 9 2 6.6 3.4 6.4 5.6 6.6 7.2 5.6 6.9 5.2 6 5.1 5.2 4 6.4 3.6 8 3.6 9.6A4.4 4.4 0 0 0 8 14',
  target: 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3M8 1v3.5M8 11.5V15M1 8h3.5M11.5 8H15',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 13.5 13.5',
  sliders:
    'M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6M10 3.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3M6 9.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3',
} as const;

export type IconName = keyof typeof ICONS;

/** Icons that are filled rather than outlined. */
export const FILLED: ReadonlySet<IconName> = new Set<IconName>(['play', 'stop', 'back-run']);
