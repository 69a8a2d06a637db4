import { h } from './dom.js';
import { durationText } from './format.js';
import { at, statusBadge } from './parts.js';

/** What happened, newest first; and each state once, with how it ended. */
export function historyCard(events, progress) {
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'history-title' },
    h('h2', { id: 'history-title' }, 'History'),
    h(
      'details',
      { 'data-key': 'states', class: 'states' },
      h('summary', {}, `States (${progress.states.length})`),
      stateTable(progress.states),
    ),
    h(
      'div',
      { class: 'scroll history', tabindex: '0', role: 'region', 'aria-labelledby': 'history-title' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['', 'Event', 'State', 'When', 'Details'].map((text) =>
              h('th', { scope: 'col' }, text || h('span', { class: 'visually-hidden' }, 'Number')),
            ),
          ),
        ),
        h('tbody', {}, [...events].reverse().map(eventRow)),
      ),
    ),
  );
}

function stateTable(states) {
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ['State', 'Status', 'Visits', 'Last visit took'].map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    h(
      'tbody',
      {},
      states.map(({ name, status, visits, enteredAt, leftAt }) =>
        h(
          'tr',
          { 'data-key': name },
          h('th', { scope: 'row' }, name),
          h('td', {}, statusBadge(status)),
          h('td', {}, visits),
          h('td', {}, leftAt ? durationText(new Date(leftAt) - new Date(enteredAt)) : '…'),
        ),
      ),
    ),
  );
}

function eventRow(event) {
  const isFailure = /(Failed|TimedOut|Aborted)$/.test(event.type);
  return h(
    'tr',
    { 'data-key': `event-${event.id}`, class: isFailure ? 'failed' : null },
    h('td', { class: 'muted' }, event.id),
    h('th', { scope: 'row' }, event.type),
    h('td', {}, event.state ?? ''),
    h('td', {}, at(event.at)),
    h('td', {}, event.details && details(event.details)),
  );
}

function details(text) {
  return h('details', {}, h('summary', {}, firstWords(text)), h('pre', {}, pretty(text)));
}

function firstWords(text) {
  const error = /"error":"([^"]+)"/.exec(text)?.[1];
  const resource = /"resource":"([^"]+)"/.exec(text)?.[1];
  return error ?? resource ?? (text.includes('"output"') ? 'output' : 'data');
}

/** Input, output and parameters are JSON inside JSON. */
function pretty(text) {
  try {
    return JSON.stringify(
      JSON.parse(text, (_, value) => unwrapped(value)),
      null,
      2,
    );
  } catch {
    return text;
  }
}

function unwrapped(value) {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
