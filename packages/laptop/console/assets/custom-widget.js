import { callWidget } from './data.js';
import { confirmDialog, popupDialog } from './dialog.js';
import { h, morphChildren } from './dom.js';
import { markdown } from './markdown.js';
import { announce } from './parts.js';
import { sanitise } from './sanitise.js';

/**
 * The custom widgets of one dashboard: each a function's HTML in a shadow root, so that its styles stay inside and the
 * page's stay out. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_interactivity.html
 */
export class CustomWidgets {
  #dashboardName;
  #shown = new Map();
  range = { start: 0, end: 0 };

  constructor(dashboardName) {
    this.#dashboardName = dashboardName;
  }

  /** The place of a widget, filled by `show`. */
  host(widget) {
    const known = this.#shown.get(widget.id);
    if (known) known.widget = widget;
    else this.#shown.set(widget.id, { widget, parameters: widget.params, isBusy: false, shownAt: 0 });
    return h('div', { class: 'custom-host', 'data-widget': widget.id, 'data-keep': true });
  }

  /** Brings up the widgets that have a place on the page and were not shown yet. */
  show(main) {
    for (const host of main.querySelectorAll('[data-widget]')) {
      const shown = this.#shown.get(host.dataset.widget);
      if (!shown || host.shadowRoot) continue;
      shown.host = host;
      shown.root = host.attachShadow({ mode: 'open' });
      shown.root.append(h('p', {}, 'Asking its function …'));
      this.#listen(shown, shown.root);
      this.#call(shown);
    }
  }

  /** Called each second: calls again what has been shown for so long. Not while the person answers a dialog or types. */
  tick(refreshSeconds) {
    if (refreshSeconds === 0 || document.hidden || document.querySelector('dialog[open]')) return;
    for (const shown of this.#shown.values()) {
      const isTyping = shown.root?.activeElement?.matches('input, select, textarea');
      const isDue = Date.now() - shown.shownAt >= refreshSeconds * 1_000;
      if (shown.root && shown.widget.updateOnRefresh && isDue && !isTyping) this.#call(shown);
    }
  }

  async #call(shown) {
    if (shown.isBusy) return;
    shown.isBusy = true;
    try {
      const answer = await this.#invoke(shown, shown.widget.endpoint, shown.parameters);
      fillRoot(shown.root, answer);
      shown.shownAt = Date.now();
    } finally {
      shown.isBusy = false;
    }
  }

  #invoke(shown, endpoint, parameters) {
    const { timeZone, locale } = Intl.DateTimeFormat().resolvedOptions();
    const { width, height } = shown.host.getBoundingClientRect();
    const { start, end } = this.range;
    return callWidget({
      endpoint,
      parameters,
      widgetContext: {
        dashboardName: this.#dashboardName,
        widgetId: shown.widget.id,
        locale: locale.split('-')[0],
        timezone: { label: timeZone, offsetInMinutes: -new Date().getTimezoneOffset() },
        period: 300,
        isAutoPeriod: true,
        timeRange: { mode: 'relative', start, end, relativeStart: end - start },
        theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
        linkCharts: true,
        title: shown.widget.title,
        forms: { all: formValues(shown.root) },
        params: shown.widget.params,
        width: Math.round(width),
        height: Math.round(height),
      },
    });
  }

  /** Clicks and keys reach the element that carries an action, however often the content was replaced since. */
  #listen(shown, root) {
    const carrier = (event) => event.composedPath().find((node) => node.cwdbAction);
    const take = (event, element) => {
      event.preventDefault();
      this.#act(shown, element.cwdbAction).catch((error) => console.error(error));
    };
    for (const type of ['click', 'dblclick']) {
      root.addEventListener(type, (event) => {
        const element = carrier(event);
        if (element && element.cwdbAction.event === type) take(event, element);
      });
    }
    root.addEventListener('keydown', (event) => {
      const element = carrier(event);
      const isPlain = element && !['button', 'input', 'select', 'textarea'].includes(element.localName);
      if (isPlain && (event.key === 'Enter' || event.key === ' ')) take(event, element);
    });
    root.addEventListener('submit', (event) => event.preventDefault());
  }

  async #act(shown, action) {
    const title = shown.widget.title || 'Widget';
    if (action.confirmation && !(await confirmDialog(title, action.confirmation))) return;
    if (action.kind !== 'call') {
      this.#display(shown, action, { kind: 'html', html: action.content });
      return;
    }
    const parameters = { ...shown.widget.params, ...parsed(action.text) };
    announce('Working …');
    const answer = await this.#invoke(shown, action.endpoint, parameters);
    if (action.display !== 'popup' && action.endpoint === shown.widget.endpoint) shown.parameters = parameters;
    this.#display(shown, action, answer);
    announce('Done.');
    if (action.display === 'popup') await this.#call(shown);
  }

  #display(shown, action, answer) {
    if (action.display !== 'popup') {
      fillRoot(shown.root, answer);
      shown.shownAt = Date.now();
      return;
    }
    const host = h('div', { class: 'custom-host' });
    const root = host.attachShadow({ mode: 'open' });
    this.#listen(shown, root);
    fillRoot(root, answer);
    popupDialog(shown.widget.title || 'Widget', host);
  }
}

/** The parameters of a call are JSON. */
function parsed(text) {
  if (text.trim() === '') return {};
  return JSON.parse(text);
}

function fillRoot(root, answer) {
  const fresh = h('div', {});
  const { content, css } = contentOf(answer);
  fresh.append(h('link', { rel: 'stylesheet', href: 'widget.css', 'data-key': 'style' }), content);
  morphChildren(root, fresh);
  if (root.styleText === css) return;
  root.styleText = css;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
}

function contentOf(answer) {
  if (answer.kind === 'html') return sanitise(answer.html);
  const content = document.createDocumentFragment();
  if (answer.kind === 'markdown') content.append(...markdown(answer.markdown));
  else if (answer.kind === 'json') content.append(h('pre', {}, answer.json));
  else content.append(h('p', { class: 'error', role: 'alert' }, answer.message));
  return { content, css: '' };
}

/** As a browser would submit them: an unchecked box sends nothing. */
function formValues(root) {
  const values = {};
  for (const field of root?.querySelectorAll('input[name], select[name], textarea[name]') ?? []) {
    if (['checkbox', 'radio'].includes(field.type) && !field.checked) continue;
    values[field.name] = field.value;
  }
  return values;
}
