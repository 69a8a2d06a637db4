import { h, s } from './dom.js';

const MARGIN = 16;
const START = /^\(start\)\.+$/;
const words = {
  'in-progress': 'in progress',
  succeeded: 'succeeded',
  caught: 'failed and was caught',
  failed: 'failed',
  aborted: 'aborted',
};

/** The picture of a machine with where its execution is. The same is said in words to those who do not see it. */
export function machinePicture(graph, progress, execution) {
  const byName = new Map(progress.states.map((state) => [state.name, state]));
  const taken = new Set(progress.transitions.map(({ from, to }) => `${from}→${to}`));
  const [width, height] = [graph.width + 2 * MARGIN, graph.height + 2 * MARGIN];
  return h(
    'div',
    {
      class: 'machine-panel',
      tabindex: '0',
      role: 'region',
      'aria-label': 'Picture of the state machine',
      'data-key': execution.arn,
    },
    s(
      'svg',
      {
        class: 'machine',
        viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}`,
        width,
        height,
        role: 'img',
        'aria-label': inWords(progress, execution),
      },
      s('defs', {}, arrow('arrow', 'arrow'), arrow('arrow-taken', 'arrow taken')),
      level(graph, byName, taken, 0, 0),
    ),
  );
}

/** Brings the state that is in progress into view, once for each state. */
export function follow(panel, again = false) {
  const active = [...panel.querySelectorAll('.state.in-progress, .state.ended')].at(-1);
  if (!active || (!again && panel.dataset.followed === active.dataset.key)) return;
  panel.dataset.followed = active.dataset.key;
  const box = active.getBoundingClientRect();
  const frame = panel.getBoundingClientRect();
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  panel.scrollBy({
    top: box.top + box.height / 2 - frame.top - frame.height / 2,
    left: box.left + box.width / 2 - frame.left - frame.width / 2,
    behavior: isCalm ? 'auto' : 'smooth',
  });
}

function inWords({ states }, execution) {
  const now = states.filter(({ status }) => status === 'in-progress').map(({ name }) => name);
  const visited = states.map(({ name, status }) => `${name} ${words[status]}`).join(', ');
  const where = now.length > 0 ? `now in ${now.join(', ')}` : execution.status.toLowerCase();
  return `${execution.machine}: ${where}. ${visited}`;
}

function arrow(id, className) {
  return s(
    'marker',
    {
      id,
      class: className,
      viewBox: '0 0 8 8',
      refX: 7,
      refY: 4,
      markerWidth: 8,
      markerHeight: 8,
      orient: 'auto-start-reverse',
      markerUnits: 'userSpaceOnUse',
    },
    s('path', { d: 'M0 .8 7 4 0 7.2z' }),
  );
}

function level(graph, byName, taken, x, y) {
  const isTaken = ({ from, to }) => taken.has(`${from}→${to}`);
  // What was taken lies above what was not.
  const edges = [...graph.edges].sort((a, b) => isTaken(a) - isTaken(b));
  return s(
    'g',
    { transform: x || y ? `translate(${x} ${y})` : null },
    edges.map((edge) => edgeOf(edge, isTaken(edge))),
    graph.nodes.map((node) => nodeOf(node, byName, taken)),
  );
}

function edgeOf({ from, to, kind, points, errors }, isTaken) {
  const title = kind === 'catch' ? `${from} catches ${(errors ?? []).join(', ')}` : null;
  return s(
    'path',
    {
      class: `edge ${kind}${isTaken ? ' taken' : ''}`,
      d: curve(points),
      'marker-end': `url(#arrow${isTaken ? '-taken' : ''})`,
      'data-key': `${from}→${to}`,
    },
    title && s('title', {}, title),
  );
}

function curve(points) {
  return points
    .map(([x, y], index) => {
      if (index === 0) return `M${x} ${y}`;
      const [fromX, fromY] = points[index - 1];
      if (Math.abs(fromX - x) < 0.5) return `L${x} ${y}`;
      const half = (y - fromY) / 2;
      return `C${fromX} ${fromY + half} ${x} ${y - half} ${x} ${y}`;
    })
    .join(' ');
}

function nodeOf(node, byName, taken) {
  if (START.test(node.name)) {
    const radius = node.width / 2;
    return s('circle', { class: 'start', cx: node.x + radius, cy: node.y + radius, r: radius - 3 });
  }
  const state = byName.get(node.name);
  const isEnd = node.type === 'Succeed' || node.type === 'Fail';
  const status = state?.status ?? 'untouched';
  const classes = ['state', node.type.toLowerCase(), status, isEnd && state ? 'ended' : ''].filter(Boolean);
  const isRound = node.type === 'Choice' || isEnd;
  const isGroup = node.inner.length > 0;
  return s(
    'g',
    {
      class: classes.join(' '),
      transform: `translate(${node.x} ${node.y})`,
      'data-key': `state ${node.name}`,
      'data-state': node.name,
      'data-status': status,
    },
    s('title', {}, `${node.name} (${node.type})${node.comment ? `: ${node.comment}` : ''}`),
    s('rect', { width: node.width, height: node.height, rx: isRound ? 17 : 8 }),
    s('g', { class: 'mark', transform: isGroup ? 'translate(8 8)' : 'translate(10 10)' }, mark(status)),
    s('text', { x: isGroup ? 28 : 32, y: isGroup ? 20 : 22 }, node.name),
    state &&
      state.visits > 1 &&
      s('text', { class: 'visits', x: node.width - 8, y: isGroup ? 20 : 22 }, `×${state.visits}`),
    node.inner.map((inner) => level(inner, byName, taken, inner.x, inner.y)),
  );
}

const marks = {
  succeeded: 'M3 7.2 6 10l5-6',
  failed: 'M4 4l6 6M10 4l-6 6',
  caught: 'M7 3v5M7 10.6v.2',
  aborted: 'M4 7h6',
  'in-progress': 'M7 4v3.2l2 1.3',
};

function mark(status) {
  return [s('circle', { cx: 7, cy: 7, r: 6 }), marks[status] && s('path', { d: marks[status] })];
}
