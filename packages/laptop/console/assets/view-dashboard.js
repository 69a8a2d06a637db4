import { alarmTile } from './alarm-tile.js';
import { chart } from './chart.js';
import { CustomWidgets } from './custom-widget.js';
import { read } from './data.js';
import { h } from './dom.js';
import { markdown } from './markdown.js';

const ranges = [
  ['15 min', 900],
  ['1 h', 3_600],
  ['3 h', 10_800],
  ['12 h', 43_200],
  ['1 d', 86_400],
  ['1 w', 604_800],
];
const refreshes = [
  ['Off', 0],
  ['5 s', 5],
  ['30 s', 30],
  ['1 min', 60],
];

/** A dashboard of CloudWatch: graphs, alarms, text and custom widgets on a grid of 24 columns. */
export function dashboardView(name) {
  const chosen = { range: undefined, refresh: 5 };
  const custom = new CustomWidgets(name);
  const timer = setInterval(() => custom.tick(chosen.refresh), 1_000);
  return {
    async render() {
      const dashboard = await read('dashboard', { name, rangeSeconds: chosen.range });
      custom.range = dashboard.range;
      return [
        h(
          'div',
          { class: 'page-head' },
          h('h1', {}, name),
          h(
            'div',
            { class: 'controls' },
            choice('Range', 'range', ranges, (dashboard.range.end - dashboard.range.start) / 1_000),
            choice('Widgets refresh', 'refresh', refreshes, chosen.refresh),
          ),
        ),
        h(
          'div',
          { class: 'grid' },
          dashboard.widgets.map((widget) => tile(widget, placeOf(widget, dashboard.widgets), custom)),
        ),
      ];
    },
    after(main) {
      custom.show(main);
      for (const select of main.querySelectorAll('select[data-choice]')) {
        select.onchange = () => {
          chosen[select.dataset.choice] = Number(select.value);
          if (select.dataset.choice === 'range') dispatchEvent(new Event('refresh-now'));
        };
      }
    },
    close() {
      clearInterval(timer);
    },
  };
}

function choice(label, name, options, value) {
  const known = options.some(([, seconds]) => seconds === value) ? options : [[`as set`, value], ...options];
  return h(
    'label',
    {},
    h('span', {}, label),
    h(
      'select',
      { 'data-choice': name, 'data-keep': true, 'data-key': `choice-${name}` },
      known.map(([text, seconds]) => h('option', { value: seconds, selected: seconds === value }, text)),
    ),
  );
}

/** Rows are as high as what they hold: only where widgets begin and end is taken from CloudWatch's grid. */
function placeOf({ x, y, width, height }, widgets) {
  const lines = [...new Set(widgets.flatMap((one) => [one.y, one.y + one.height]))].sort((a, b) => a - b);
  return {
    'grid-column': `${x + 1} / span ${width}`,
    'grid-row': `${lines.indexOf(y) + 1} / ${lines.indexOf(y + height) + 1}`,
  };
}

function tile(widget, place, custom) {
  const heading = `${widget.id}-title`;
  const title = widget.title || { alarm: 'Alarm status' }[widget.type] || '';
  return h(
    'section',
    {
      class: `card tile tile-${widget.type}`,
      id: widget.id,
      style: place,
      'aria-labelledby': title ? heading : null,
    },
    title && h('h2', { id: heading }, title),
    contentOf(widget, custom),
  );
}

function contentOf(widget, custom) {
  switch (widget.type) {
    case 'metric':
      return chart(widget.graph, widget.title);
    case 'alarm':
      return [
        h('ul', { class: 'alarm-grid' }, widget.alarms.map(alarmTile)),
        widget.missing.map((arn) => h('p', { class: 'note' }, `There is no alarm ${arn}.`)),
      ];
    case 'text':
      return h('div', { class: 'prose' }, markdown(widget.markdown));
    case 'custom':
      return custom.host(widget);
    default:
      return h('p', { class: 'note' }, `The laptop does not show ${widget.what}.`);
  }
}
