import { read } from './data.js';
import { h } from './dom.js';
import { environmentsCard } from './environments.js';
import { durationText } from './format.js';
import { historyCard } from './history.js';
import { follow, machinePicture } from './machine-picture.js';
import { ago, announce, card, jsonBlock, statusBadge } from './parts.js';
import { secretCards } from './secret-card.js';
import { executionTable } from './view-machines.js';

/** One execution while it runs: the picture of its machine, what it touches, and its history. */
export function executionView(arn) {
  const story = { graph: undefined, events: [] };
  const options = { follow: true };
  return {
    async render() {
      const shown = await read('execution', { arn, afterEvent: story.events.length });
      story.graph ??= shown.graph;
      story.events.push(...shown.events.filter(({ id }) => id > story.events.length));
      announceProgress(shown);
      return page(shown, story, options);
    },
    after(main) {
      const panel = main.querySelector('.machine-panel');
      const box = main.querySelector('#follow');
      if (!panel || !box) return;
      box.onchange = () => {
        options.follow = box.checked;
        if (options.follow) follow(panel, true);
      };
      if (options.follow) follow(panel);
    },
  };
}

/** For those who listen: where the execution is, and how it ended. */
function announceProgress({ execution, progress }) {
  const now = progress.states.filter(({ status }) => status === 'in-progress').map(({ name }) => name);
  if (execution.status === 'RUNNING') announce(now.length > 0 ? `In ${now.join(' and ')}` : 'Started');
  else announce(`Execution ${execution.status.toLowerCase().replace('_', ' ')}`);
}

function page(shown, story, options) {
  const { execution, parent } = shown;
  return [
    h(
      'div',
      { class: 'page-head' },
      h(
        'div',
        {},
        h('p', { class: 'crumbs' }, h('a', { href: '#/executions' }, 'Executions'), ' / ', execution.machine),
        h('h1', { class: 'mono' }, execution.name),
      ),
      h(
        'p',
        { class: 'facts' },
        h('span', { id: 'execution-status' }, statusBadge(execution.status)),
        h('span', {}, 'started ', ago(execution.startedAt)),
        h(
          'span',
          {},
          `${execution.stoppedAt ? 'took' : 'for'} ${durationText(endOf(execution) - new Date(execution.startedAt))}`,
        ),
        parent && h('a', { href: `#/executions/${encodeURIComponent(parent)}` }, 'Started by another execution'),
      ),
    ),
    shown.error !== undefined && failureNote(shown),
    h(
      'div',
      { class: 'execution' },
      h(
        'section',
        { class: 'card machine-card', 'aria-labelledby': 'machine-title' },
        h(
          'div',
          { class: 'card-head' },
          h('h2', { id: 'machine-title' }, 'State machine'),
          h(
            'label',
            { class: 'check' },
            h('input', { type: 'checkbox', id: 'follow', checked: options.follow, 'data-keep': true }),
            ' Follow',
          ),
        ),
        machinePicture(story.graph, shown.progress, execution),
      ),
      h(
        'div',
        { class: 'beside' },
        secretCards(shown.resources.secrets),
        environmentsCard(shown.functions, shown.resources.secrets),
        shown.children.length > 0 &&
          h(
            'section',
            { class: 'card' },
            h('h2', { id: 'children-title' }, 'Executions it started'),
            executionTable(shown.children, 'children-title'),
          ),
        card(
          'Input and output',
          jsonBlock('Input', shown.input),
          shown.output !== undefined && jsonBlock('Output', shown.output),
        ),
      ),
    ),
    historyCard(story.events, shown.progress),
  ];
}

function endOf({ stoppedAt }) {
  return stoppedAt ? new Date(stoppedAt) : new Date();
}

function failureNote({ error, cause }) {
  return h('div', { class: 'failure', role: 'note' }, h('strong', {}, error || 'Failed'), h('p', {}, cause));
}
