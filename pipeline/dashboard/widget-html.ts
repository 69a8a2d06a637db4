import { type Html, html } from './html.ts';
import type { StatusPage } from './read-statuses.ts';
import { inWords, type Offer, type Operation, type SecretStatus, type Sign, type Standing } from './secret-status.ts';
import { widgetStyle } from './widget-style.ts';

export interface WidgetFrame {
  readonly now: Date;
  readonly region: string;
  readonly theme: 'light' | 'dark';
  /** Of the widget, in pixels: a table needs room, else each secret is a card. */
  readonly width: number;
  readonly widgetFunctionArn: string;
  readonly buttonFunctionArn: string;
  /** A new one for each button. */
  newPress(): string;
}

const NARROW = 860;

/** The widget: every secret of the page with how it is and what can be done. Everything that comes from outside is escaped. */
export function renderWidget(page: StatusPage, frame: WidgetFrame): string {
  const body = page.statuses.length === 0 ? nothingYet(page) : secretList(page.statuses, frame);
  return html`<style>${widgetStyle()}</style>
<div class="kt kt-${frame.theme}">
${summaryLine(page)}
${body}
${page.unread.map(({ name, reason }) => html`<p class="kt-unread"><b>${name}</b> could not be read. ${reason}</p>`)}
${page.nextToken && furtherPages(page.nextToken, frame)}
</div>`.text;
}

/** What CloudWatch shows as the documentation of the widget. */
export const WIDGET_DOCUMENTATION = `### Keyturn secrets
Every secret that this pipeline manages: how it is, which version is current and since when, when Secrets Manager rotates it
next, whether its consumers have converged and its checks pass. The buttons start executions of \`rotate-secret\`; each asks
first. Every caller that may invoke the function behind the buttons may press them.

The widget takes no parameters.`;

function summaryLine({ statuses, unread, nextToken }: StatusPage): Html {
  const troubled = statuses.filter(isTroubled).length + unread.length;
  const busy = statuses.filter(({ standing }) => standing.tone === 'busy').length;
  const count = statuses.length + unread.length;
  return html`<p class="kt-summary"><b>${count}</b> ${count === 1 ? 'secret' : 'secrets'}${nextToken ? ' on this page' : ''}, ${
    troubled > 0 ? html`<b class="kt-bad-text">${troubled} to look at</b>` : 'all well'
  }${busy > 0 && html`, <b>${busy}</b> rotating`}</p>`;
}

/** All is well where nothing of a secret is not: a lagging consumer is to be looked at too. */
function isTroubled({ standing, consumers, checks }: SecretStatus): boolean {
  return [standing, ...consumers, ...checks].some(({ tone }) => tone === 'bad');
}

function nothingYet({ unread }: StatusPage): Html {
  if (unread.length > 0) return html``;
  return html`<p class="kt-note">No secret is managed yet. Add one to the manifest and deploy.</p>`;
}

function secretList(statuses: readonly SecretStatus[], frame: WidgetFrame): Html {
  if (frame.width < NARROW) return html`${statuses.map((status) => secretCard(status, frame))}`;
  const columns = ['Secret', 'Standing', 'Version', 'Next rotation', 'Consumers', 'Checks', 'Do'];
  return html`<table>
<caption class="kt-hidden">Managed secrets</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${statuses.map((status) => secretRow(status, frame))}</tbody>
</table>`;
}

function secretRow(status: SecretStatus, frame: WidgetFrame): Html {
  const cells = [
    standing(status.standing, frame),
    version(status),
    nextRotation(status, frame.now),
    signs(status.consumers, 'no consumer'),
    signs(status.checks, 'no check'),
    html`<div class="kt-buttons">${status.offers.map((offer) => button(offer, status, frame))}</div>`,
  ];
  return html`<tr><th scope="row">${nameOf(status)}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
}

function secretCard(status: SecretStatus, frame: WidgetFrame): Html {
  return html`<div class="kt-card">
<h3>${nameOf(status)}</h3>
${standing(status.standing, frame)}
<dl>
<dt>Version</dt><dd>${version(status)}</dd>
<dt>Next rotation</dt><dd>${nextRotation(status, frame.now)}</dd>
<dt>Consumers</dt><dd>${signs(status.consumers, 'no consumer')}</dd>
<dt>Checks</dt><dd>${signs(status.checks, 'no check')}</dd>
</dl>
<div class="kt-buttons">${status.offers.map((offer) => button(offer, status, frame))}</div>
</div>
`;
}

function nameOf({ name, kind }: SecretStatus): Html {
  return html`<span class="kt-name">${name}</span><span class="kt-note">${kind}</span>`;
}

/** A word and a sign: many people cannot read colour alone. */
const glyphs: Readonly<Record<Standing['tone'], string>> = { good: '✓', bad: '!', busy: '↻', calm: '–' };

function standing({ tone, word, since, explanation, executionArn }: Standing, frame: WidgetFrame): Html {
  const when = since && html`<span class="kt-note">${ago(since, frame.now)}</span>`;
  const link =
    executionArn && html`<a href="${executionUrl(executionArn, frame.region)}" target="_blank">execution</a>`;
  return html`<span class="kt-badge kt-${tone}"><span aria-hidden="true">${glyphs[tone]}</span> ${word}</span> ${when} ${link}${
    explanation && html`<p class="kt-explanation">${explanation}</p>`
  }`;
}

function version({ versionId, ageSeconds }: SecretStatus): Html {
  if (!versionId) return html`<span class="kt-note">none</span>`;
  return html`<code title="${versionId}">${shortVersion(versionId)}</code> ${
    ageSeconds !== undefined && html`<span class="kt-note kt-age">${inWords(ageSeconds)} old</span>`
  }`;
}

function nextRotation({ next, schedule }: SecretStatus, now: Date): Html {
  const planned = schedule && html`<code>${schedule}</code>`;
  if (!next) return html`${planned ?? html`<span class="kt-note">by hand only</span>`}`;
  const by = next.isOverdue
    ? html`<span class="kt-badge kt-bad"><span aria-hidden="true">!</span> overdue</span> since ${day(next.at)}`
    : html`${planned ? 'at the latest' : 'by'} ${day(next.at)}`;
  return html`${planned} <span class="kt-note" title="${next.at.toISOString()}">${by}${
    !next.isOverdue && html`, in ${inWords((next.at.getTime() - now.getTime()) / 1000)}`
  }</span>`;
}

/** `3 of 3`, and below it by name those that are not well, or not yet. */
function signs(all: readonly Sign[], none: string): Html {
  if (all.length === 0) return html`<span class="kt-note">${none}</span>`;
  const good = all.filter(({ tone }) => tone === 'good').length;
  const tone = (['bad', 'busy', 'calm'] as const).find((each) => all.some((sign) => sign.tone === each)) ?? 'good';
  const others = all.filter((sign) => sign.tone !== 'good');
  return html`<span class="kt-badge kt-${tone}" title="${all.map(({ name, word }) => `${name}: ${word}`).join('\n')}"><span aria-hidden="true">${glyphs[tone]}</span> ${good} of ${all.length}</span>${
    others.length > 0 && html`<ul>${others.map(({ name, word }) => html`<li><b>${name}</b> ${word}</li>`)}</ul>`
  }`;
}

const labels: Readonly<Record<Operation, string>> = {
  rotate: 'Rotate now',
  check: 'Run checks',
  'roll-back': 'Roll back',
};

/** The element before a `cwdb-action` carries it; the browser asks for confirmation before the call. */
function button({ operation, refusal }: Offer, status: SecretStatus, frame: WidgetFrame): Html {
  const label = labels[operation];
  const named = `${label}: ${status.name}`;
  if (refusal)
    return html`<button type="button" class="btn" disabled title="${refusal}" aria-label="${named}">${label}</button>`;
  const parameters = {
    operation,
    secretArn: status.arn,
    secretName: status.name,
    ...(operation === 'roll-back' && status.versionId && { versionId: status.versionId }),
    press: frame.newPress(),
  };
  const primary = operation === 'rotate' ? ' btn-primary' : '';
  return html`<button type="button" class="btn${primary}" aria-label="${named}">${label}</button><cwdb-action action="call" display="popup" endpoint="${
    frame.buttonFunctionArn
  }" confirmation="${confirmation(operation, status)}">${JSON.stringify(parameters)}</cwdb-action>`;
}

function confirmation(operation: Operation, status: SecretStatus): string {
  const { name, consumers } = status;
  const count = `${consumers.length} ${consumers.length === 1 ? 'consumer' : 'consumers'}`;
  switch (operation) {
    case 'rotate':
      return `Rotate ${name} now? A new credential is made, ${count} brought along, and the previous one kept until its grace period is over.`;
    case 'check':
      return `Run the checks of ${name} on the version that is current? Nothing is changed.`;
    case 'roll-back':
      return `Roll ${name} back from version ${shortVersion(status.versionId ?? '')} to ${shortVersion(status.previousVersionId ?? '')}? The current version is marked as failed and never used again.`;
  }
}

function furtherPages(token: string, frame: WidgetFrame): Html {
  return html`<p class="kt-pages"><button type="button" class="btn">First page</button><cwdb-action action="call" endpoint="${
    frame.widgetFunctionArn
  }">{}</cwdb-action> <button type="button" class="btn">Next page</button><cwdb-action action="call" endpoint="${
    frame.widgetFunctionArn
  }">${JSON.stringify({ page: token })}</cwdb-action></p>`;
}

/** What the popup says after a press. */
export function renderPressed(pressed: {
  readonly title: string;
  readonly message: string;
  readonly executionUrl?: string;
}): string {
  return html`<p><b>${pressed.title}</b></p><p>${pressed.message}</p>${
    pressed.executionUrl && html`<p><a href="${pressed.executionUrl}" target="_blank">Watch the execution</a></p>`
  }`.text;
}

/** The page of AWS's console that shows an execution, on whatever host the dashboard is open. */
export function executionUrl(executionArn: string, region: string): string {
  return `/states/home?region=${region}#/v2/executions/details/${encodeURIComponent(executionArn)}`;
}

/** The workflow's tokens begin alike: the difference comes after. */
export function shortVersion(versionId: string): string {
  return versionId.replace(/^keyturn-(emergency-)?/, '').slice(0, 8);
}

function ago(when: Date, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - when.getTime()) / 1000);
  return seconds < 1 ? 'just now' : `${inWords(seconds)} ago`;
}

function day(when: Date): string {
  return when.toISOString().slice(0, 10);
}
