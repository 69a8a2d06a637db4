import { h, s } from './dom.js';
import { durationText, numberText, timeText, valueText } from './format.js';

const WIDTH = 440;
const HEIGHT = 176;
const LEFT = 46;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 24;

/** A graph of CloudWatch: lines over time with a legend, or the last values in large figures; the numbers as a table too. */
export function chart(graph, title) {
  if (graph.view === 'singleValue') return h('div', { class: 'figures' }, graph.series.map(figure), notesOf(graph));
  return h(
    'figure',
    { class: 'chart' },
    picture(graph, title),
    h(
      'figcaption',
      {},
      legend(graph),
      h('span', { class: 'muted' }, `per ${durationText(graph.periodSeconds * 1_000)}`),
    ),
    table(graph),
    notesOf(graph),
  );
}

function figure(series, index) {
  const last = series.points.at(-1);
  return h(
    'p',
    { class: 'figure' },
    h('span', { class: 'figure-label' }, swatch(series, index), series.label),
    h('span', { class: 'figure-value' }, last ? valueText(last[1], series.unit) : '–'),
  );
}

function notesOf(graph) {
  return graph.notes.map((note) => h('p', { class: 'note' }, note));
}

function picture(graph, title) {
  const stacked = graph.isStacked ? stack(graph.series) : graph.series;
  const values = stacked.flatMap(({ points }) => points.map(([, value]) => value));
  const top = niceTop(Math.max(0, ...values, ...graph.lines.map(({ value }) => value)));
  const period = graph.periodSeconds * 1_000;
  const x = (time) => LEFT + ((time - graph.start) / (graph.end - graph.start)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const unit = graph.series.find((series) => series.points.length > 0)?.unit ?? 'None';
  return s(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${title}: ${summary(graph)}` },
    [0, top / 2, top].map((value) => [
      s('line', { class: 'chart-grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      s('text', { class: 'chart-text end', x: LEFT - 8, y: y(value) + 4 }, value === 0 ? '0' : valueText(value, unit)),
    ]),
    [0, 1, 2, 3].map((part) => {
      const time = graph.start + ((graph.end - graph.start) * part) / 3;
      const anchor = part === 0 ? '' : part === 3 ? 'end' : 'middle';
      return s('text', { class: `chart-text ${anchor}`, x: x(time), y: HEIGHT - 6 }, axisTime(time, graph));
    }),
    graph.lines.map(({ value, label }) => [
      s('line', { class: 'chart-limit', x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      s('text', { class: 'chart-text', x: LEFT + 4, y: y(value) - 4 }, label),
    ]),
    stacked.map((series, index) => lineOf(series, index, x, y, period)),
    values.length === 0 &&
      s('text', { class: 'chart-text middle', x: WIDTH / 2 + 16, y: HEIGHT / 2 }, 'No data in this range'),
  );
}

/** A line breaks where a period has no data, as CloudWatch draws it; a datum alone is a dot. */
function lineOf(series, index, x, y, period) {
  const runs = [];
  for (const point of series.points) {
    const run = runs.at(-1);
    if (run && point[0] - run.at(-1)[0] <= period) run.push(point);
    else runs.push([point]);
  }
  const middle = ([time, value]) => `${x(time + period / 2).toFixed(1)} ${y(value).toFixed(1)}`;
  const few = series.points.length <= 60;
  return s(
    'g',
    { class: `series series-${(index % 6) + 1}`, style: series.color ? { color: series.color } : {} },
    runs.map((run) => run.length > 1 && s('path', { class: 'chart-line', d: `M${run.map(middle).join(' L')}` })),
    runs.map((run) =>
      run
        .filter(() => few || run.length === 1)
        .map(([time, value]) =>
          s(
            'circle',
            { class: 'chart-dot', cx: x(time + period / 2), cy: y(value), r: 3 },
            s('title', {}, `${series.label}: ${valueText(value, series.unit)} at ${timeText(time)}`),
          ),
        ),
    ),
  );
}

function stack(all) {
  const sums = new Map();
  return all.map((series) => ({
    ...series,
    points: series.points.map(([time, value]) => {
      sums.set(time, (sums.get(time) ?? 0) + value);
      return [time, sums.get(time)];
    }),
  }));
}

function niceTop(most) {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 8, 10].map((step) => step * power).find((step) => step >= most * 1.02) ?? 20 * power;
}

function axisTime(time, graph) {
  const date = new Date(time);
  if (graph.end - graph.start > 2 * 86_400_000)
    return date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
  return date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

function legend(graph) {
  return h(
    'ul',
    { class: 'legend' },
    graph.series.map((series, index) =>
      h('li', {}, swatch(series, index), series.label, ' ', h('span', { class: 'muted' }, totalOf(series))),
    ),
  );
}

/** Of sums the sum, of everything else the last value. */
function totalOf(series) {
  if (series.points.length === 0) return '–';
  if (series.stat === 'Sum') return numberText(series.points.reduce((sum, [, value]) => sum + value, 0));
  return valueText(series.points.at(-1)[1], series.unit);
}

function swatch(series, index) {
  return h('span', { class: `swatch series-${(index % 6) + 1}`, style: series.color ? { color: series.color } : {} });
}

function summary(graph) {
  if (graph.series.every(({ points }) => points.length === 0)) return 'no data in this range';
  return graph.series.map((series) => `${series.label} ${totalOf(series)}`).join(', ');
}

function table(graph) {
  const times = [...new Set(graph.series.flatMap(({ points }) => points.map(([time]) => time)))].sort((a, b) => b - a);
  if (times.length === 0) return null;
  const byTime = graph.series.map(({ points }) => new Map(points));
  return h(
    'details',
    { class: 'numbers' },
    h('summary', {}, 'Numbers'),
    h(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Numbers of the graph' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'Time'),
            graph.series.map(({ label }) => h('th', { scope: 'col' }, label)),
          ),
        ),
        h(
          'tbody',
          {},
          times.slice(0, 100).map((time) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, timeText(time)),
              graph.series.map(({ unit }, index) => {
                const value = byTime[index].get(time);
                return h('td', {}, value === undefined ? '' : valueText(value, unit));
              }),
            ),
          ),
        ),
      ),
    ),
  );
}
