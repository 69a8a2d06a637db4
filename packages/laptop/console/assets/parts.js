import { h, s } from './dom.js';
import { relativeText, timeText } from './format.js';

/** A time that is given from now, and exactly when pointed at; it ticks by itself. */
export function ago(when) {
  if (!when) return 'never';
  return h(
    'time',
    { datetime: new Date(when).toISOString(), 'data-relative': true, title: new Date(when).toLocaleString() },
    relativeText(when),
  );
}

export function at(when) {
  return h('time', { datetime: new Date(when).toISOString(), title: new Date(when).toLocaleString() }, timeText(when));
}

const tones = {
  RUNNING: ['accent', 'Running'],
  SUCCEEDED: ['good', 'Succeeded'],
  FAILED: ['bad', 'Failed'],
  TIMED_OUT: ['bad', 'Timed out'],
  ABORTED: ['muted', 'Aborted'],
  ALARM: ['bad', 'In alarm'],
  OK: ['good', 'OK'],
  INSUFFICIENT_DATA: ['muted', 'Insufficient data'],
  'in-progress': ['accent', 'In progress'],
  succeeded: ['good', 'Succeeded'],
  caught: ['warn', 'Caught error'],
  failed: ['bad', 'Failed'],
  aborted: ['muted', 'Aborted'],
  running: ['accent', 'Running'],
};

/** Never by colour alone: a shape and a word say the same. */
export function statusBadge(status) {
  const [tone, text] = tones[status] ?? ['muted', status];
  return h('span', { class: `badge ${tone}` }, glyph(tone), text);
}

export function toneOf(status) {
  return tones[status]?.[0] ?? 'muted';
}

const paths = {
  good: 'M3 7.2 6 10l5-6',
  bad: 'M4 4l6 6M10 4l-6 6',
  warn: 'M7 3v5M7 10.6v.2',
  accent: 'M7 4.5v2.8l1.8 1.2',
  muted: 'M4 7h6',
};

/** A small sign for a tone, drawn with the colour of the text around it. */
export function glyph(tone) {
  return s(
    'svg',
    { class: 'glyph', viewBox: '0 0 14 14', width: 14, height: 14, 'aria-hidden': 'true' },
    s('circle', { cx: 7, cy: 7, r: 6, class: 'glyph-ground' }),
    s('path', { d: paths[tone], class: 'glyph-line' }),
  );
}

export function card(heading, ...children) {
  return h('section', { class: 'card' }, h('h2', {}, heading), ...children);
}

/** JSON text, indented, or the text itself where it is none. */
export function jsonBlock(summary, text, isOpen = false) {
  return h(
    'details',
    { class: 'json', open: isOpen, 'data-key': `json-${summary}` },
    h('summary', {}, summary),
    h('pre', { tabindex: '0', 'aria-label': summary }, indented(text)),
  );
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function empty(text) {
  return h('p', { class: 'empty-note' }, text);
}

export function announce(text) {
  const region = document.getElementById('announcements');
  if (region.textContent !== text) region.textContent = text;
}
