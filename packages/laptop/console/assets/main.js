import { NotThere, read, TokenRefused } from './data.js';
import { h, morphChildren } from './dom.js';
import { relativeText } from './format.js';
import { takeToken } from './token.js';
import { alarmsView } from './view-alarms.js';
import { dashboardView } from './view-dashboard.js';
import { executionView } from './view-execution.js';
import { functionsView } from './view-functions.js';
import { machinesView } from './view-machines.js';
import { messagesView } from './view-messages.js';

/** How often the page reads at the most; what happens in between is shown together. */
const SHORTEST_PAUSE_MILLISECONDS = 250;
const RECONNECT_MILLISECONDS = 1_500;

const main = document.getElementById('main');
const connection = document.getElementById('connection');
let view;
let overview;

/** `#/executions/arn…` → the view of that name; the rest of the address is its subject. */
function viewOf(hash) {
  const [, kind = '', subject = ''] = /^#\/([a-z]+)(?:\/(.*))?$/.exec(hash) ?? [];
  const name = decodeURIComponent(subject);
  if (kind === 'dashboards' && name) return dashboardView(name);
  if (kind === 'executions') return name ? executionView(name) : machinesView();
  if (kind === 'functions') return functionsView();
  if (kind === 'alarms') return alarmsView();
  if (kind === 'messages') return messagesView();
  const first = overview.dashboards[0];
  return first === undefined ? machinesView() : dashboardView(first);
}

async function show() {
  view?.close?.();
  view = viewOf(location.hash);
  main.replaceChildren();
  await refresh();
  // A person who follows a link by keyboard or ear goes on at the heading of the new page.
  if (location.hash !== '') main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

async function refresh() {
  const shown = view;
  const fresh = h('div');
  try {
    const content = await shown.render();
    if (shown !== view) return;
    fresh.append(...[content].flat(9).filter(Boolean));
  } catch (error) {
    if (!(error instanceof NotThere)) throw error;
    fresh.append(h('div', { class: 'empty' }, h('h1', {}, 'Not here'), h('p', {}, error.message)));
  }
  morphChildren(main, fresh);
  document.title = `${main.querySelector('h1')?.textContent ?? 'Console'} · AWS on this laptop`;
  shown.after?.(main);
  showNavigation();
}

function showNavigation() {
  const items = [
    ...overview.dashboards.map((name) => [`#/dashboards/${encodeURIComponent(name)}`, name]),
    ['#/executions', 'Executions'],
    ['#/functions', 'Functions'],
    ['#/alarms', 'Alarms', overview.ringing],
    ['#/messages', 'Messages'],
  ];
  const here = location.hash === '' ? items[0][0] : location.hash;
  const list = h(
    'ul',
    {},
    items.map(([href, label, ringing]) => {
      const isHere = here === href || here.startsWith(`${href}/`);
      const badge = ringing ? h('span', { class: 'count bad' }, `${ringing} ringing`) : null;
      return h('li', {}, h('a', { href, 'aria-current': isHere ? 'page' : null }, label, badge && ' ', badge));
    }),
  );
  morphChildren(document.getElementById('navigation'), list);
  document.getElementById('region').textContent = `${overview.region} · ${overview.accountId}`;
}

function showConnection(text, isConnected) {
  if (connection.textContent !== text) connection.textContent = text;
  connection.classList.toggle('is-connected', isConnected);
}

/** Nothing is read without the token, so nothing more is asked for. */
function showLocked() {
  showConnection('Not connected', false);
  const heading = h('h1', {}, 'This page needs its whole address');
  const text = 'Open the address that the terminal printed when this run began: it ends with #token= and a token.';
  morphChildren(main, h('div', {}, h('div', { class: 'empty' }, heading, h('p', {}, text))));
}

/** Waits until something has happened, reads, shows, and so on. */
async function live() {
  let revision = 0;
  for (;;) {
    try {
      const next = await read('wait', { after: revision });
      revision = next.revision;
      overview = await read('overview');
      if (view) await refresh();
      else await show();
      showConnection('Live', true);
      await pause(document.hidden ? 2_000 : SHORTEST_PAUSE_MILLISECONDS);
    } catch (error) {
      if (error instanceof TokenRefused) return showLocked();
      console.error(error);
      showConnection('Not connected', false);
      revision = 0;
      await pause(RECONNECT_MILLISECONDS);
    }
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

addEventListener('hashchange', () => {
  // A new address of another run, put into a page that is open.
  if (takeToken()) return location.reload();
  if (overview) show().catch(console.error);
});
addEventListener('refresh-now', () => {
  if (overview) refresh().catch(console.error);
});
setInterval(() => {
  for (const time of document.querySelectorAll('time[data-relative]')) {
    const text = relativeText(time.dateTime);
    if (time.textContent !== text) time.textContent = text;
  }
}, 1_000);
takeToken();
live();
