import { read } from './data.js';
import { h } from './dom.js';
import { durationText } from './format.js';
import { ago, empty, statusBadge } from './parts.js';

/** Every state machine with its executions, newest first. */
export function machinesView() {
  return {
    async render() {
      const { machines } = await read('machines');
      return [
        h('div', { class: 'page-head' }, h('h1', {}, 'Executions')),
        machines.length === 0 && empty('There is no state machine yet. Load an assembly, or create one.'),
        machines.map(machineCard),
      ];
    },
  };
}

function machineCard(machine) {
  const heading = `machine-${machine.name}`;
  return h(
    'section',
    { class: 'card', 'aria-labelledby': heading, 'data-key': machine.arn },
    h('h2', { id: heading }, machine.name),
    machine.comment && h('p', { class: 'muted lead' }, machine.comment),
    machine.executions.length === 0 ? empty('No execution yet.') : executionTable(machine.executions, heading),
    machine.total > machine.executions.length &&
      h('p', { class: 'note' }, `${machine.total} in all; the newest are shown.`),
  );
}

export function executionTable(executions, labelledBy) {
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': labelledBy },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['Execution', 'Status', 'Started', 'Took'].map((text) => h('th', { scope: 'col' }, text)),
        ),
      ),
      h('tbody', {}, executions.map(executionRow)),
    ),
  );
}

function executionRow({ arn, name, status, startedAt, stoppedAt }) {
  return h(
    'tr',
    { 'data-key': arn },
    h('th', { scope: 'row' }, h('a', { href: `#/executions/${encodeURIComponent(arn)}`, class: 'mono' }, name)),
    h('td', {}, statusBadge(status)),
    h('td', {}, ago(startedAt)),
    h('td', {}, durationText((stoppedAt ? new Date(stoppedAt) : new Date()) - new Date(startedAt))),
  );
}
