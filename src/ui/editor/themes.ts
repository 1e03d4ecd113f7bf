// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The two looks of the editor. Monaco takes no CSS variables, so the values of `tokens.css` stand
 * here again; colours without a variable are used for syntax only.
 */
import type { editor } from 'monaco-editor/editor/editor.api.js';

interface Palette {
  readonly surface: string;
  readonly surface2: string;
  readonly surface3: string;
  readonly border: string;
  readonly borderStrong: string;
  readonly text: string;
  readonly text2: string;
  readonly text3: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly danger: string;
  readonly changed: string;
  readonly register: string;
  readonly number: string;
  readonly string: string;
  readonly macro: string;
  readonly annotation: string;
}

const LIGHT: Palette = {
  surface: '#ffffff',
  surface2: '#eceff3',
  surface3: '#e0e5eb',
  border: '#d3dae2',
  borderStrong: '#aab6c2',
  text: '#17202b',
  text2: '#4c5a69',
  text3: '#5b6875',
  accent: '#006d8a',
  accentSoft: '#d9eff5',
  danger: '#b3261e',
  changed: '#7a4700',
  register: '#7a4700',
  number: '#a8480a',
  string: '#1a7046',
  macro: '#8a2f7d',
  annotation: '#5b3fb0',
};

const DARK: Palette = {
  surface: '#141b22',
  surface2: '#1b242d',
  surface3: '#24303b',
  border: '#2a3641',
  borderStrong: '#465665',
  text: '#e4ebf1',
  text2: '#a6b5c3',
  text3: '#92a3b2',
  accent: '#56c4e0',
  accentSoft: '#12343f',
  danger: '#ff8a80',
  changed: '#ffd479',
  register: '#ffd479',
  number: '#f0a35e',
  string: '#62d394',
  macro: '#ec9be0',
  annotation: '#b9a5ff',
};

function theme(base: 'vs' | 'vs-dark', p: Palette): editor.IStandaloneThemeData {
  const rule = (token: string, colour: string, fontStyle = '') => ({
    token,
    foreground: colour.slice(1),
    fontStyle,
  });
  return {
    base,
    inherit: true,
    rules: [
      rule('', p.text),
      rule('keyword', p.accent),
      rule('keyword.prefix', p.accent, 'italic'),
      rule('keyword.directive', p.text2, 'bold'),
      rule('keyword.pseudo', p.text2, 'bold'),
      rule('keyword.size', p.text2),
      rule('keyword.here', p.number),
      rule('keyword.preprocessor', p.macro),
      rule('macro', p.macro),
      rule('variable.register', p.register),
      rule('variable.parameter', p.macro),
      rule('label', p.text, 'bold'),
      rule('label.local', p.text2, 'bold'),
      rule('identifier', p.text),
      rule('type.section', p.text2),
      rule('constant', p.number),
      rule('number', p.number),
      rule('number.invalid', p.danger, 'underline'),
      rule('string', p.string),
      rule('string.escape', p.number),
      rule('string.invalid', p.danger, 'underline'),
      rule('comment', p.text3, 'italic'),
      rule('annotation', p.annotation),
      rule('annotation.mark', p.annotation),
      rule('annotation.keyword', p.annotation, 'bold'),
      rule('annotation.name', p.annotation, 'bold'),
      rule('annotation.type', p.number),
      rule('annotation.axis', p.annotation),
      rule('annotation.unknown', p.annotation, 'italic'),
      rule('delimiter', p.text2),
    ],
    colors: {
      'editor.background': p.surface,
      'editor.foreground': p.text,
      'editorLineNumber.foreground': p.text3,
      'editorLineNumber.activeForeground': p.text,
      'editor.lineHighlightBackground': `${p.surface2}80`,
      'editor.lineHighlightBorder': '#00000000',
      'editorCursor.foreground': p.accent,
      'editor.selectionBackground': `${p.accent}40`,
      'editor.inactiveSelectionBackground': `${p.accent}22`,
      'editor.wordHighlightBackground': `${p.accent}1f`,
      'editor.wordHighlightStrongBackground': `${p.accent}2e`,
      'editor.findMatchBackground': `${p.changed}55`,
      'editor.findMatchHighlightBackground': `${p.changed}2b`,
      'editorRuler.foreground': p.surface2,
      'editorIndentGuide.background1': p.surface2,
      'editorBracketMatch.background': p.accentSoft,
      'editorBracketMatch.border': p.borderStrong,
      'editorWidget.background': p.surface,
      'editorWidget.foreground': p.text,
      'editorWidget.border': p.borderStrong,
      'editorHoverWidget.background': p.surface,
      'editorHoverWidget.border': p.borderStrong,
      'editorGutter.background': p.surface,
      'editorError.foreground': p.danger,
      'editorWarning.foreground': p.changed,
      'editorOverviewRuler.border': '#00000000',
      'editorLink.activeForeground': p.accent,
      'quickInput.background': p.surface,
      'quickInput.foreground': p.text,
      'quickInputList.focusBackground': p.accentSoft,
      'quickInputList.focusForeground': p.text,
      'list.hoverBackground': p.surface2,
      'list.highlightForeground': p.accent,
      'list.focusHighlightForeground': p.accent,
      'input.background': p.surface,
      'input.border': p.border,
      'input.foreground': p.text,
      'menu.background': p.surface,
      'menu.foreground': p.text,
      'menu.selectionBackground': p.accentSoft,
      'menu.selectionForeground': p.text,
      'menu.separatorBackground': p.border,
      'menu.border': p.borderStrong,
      'scrollbarSlider.background': `${p.borderStrong}66`,
      'scrollbarSlider.hoverBackground': `${p.borderStrong}99`,
      'scrollbarSlider.activeBackground': p.borderStrong,
      'scrollbar.shadow': '#00000000',
      'widget.shadow': base === 'vs' ? '#10182822' : '#00000066',
      focusBorder: p.accent,
      'peekView.border': p.accent,
      'peekViewEditor.background': p.surface,
      'peekViewResult.background': p.surface2,
      'peekViewTitle.background': p.surface2,
    },
  };
}

export const lightTheme = theme('vs', LIGHT);
export const darkTheme = theme('vs-dark', DARK);
