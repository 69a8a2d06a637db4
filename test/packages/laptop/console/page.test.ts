import { jest } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import type { CloudwatchService } from '../../../../packages/laptop/services/cloudwatch/service.ts';
import createCloudwatchService from '../../../../packages/laptop/services/cloudwatch/service.ts';
import createLambdaService from '../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../packages/laptop/services/logs/service.ts';
import { openBrowser } from '../../../browser.ts';
import { eventually } from '../../../eventually.ts';
import { invoke, lambdaOf, make, startLaptop } from '../services/lambda/laptop.ts';
import { secretsWidget } from './secrets-widget.ts';

const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
/** In the page, whose types are not those of Node: the text of what has the focus, in shadow roots too. */
const FOCUSED_TEXT = `(() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element.textContent.trim();
})()`;
const WIDGET_TABLE_COLOR =
  "getComputedStyle(document.querySelector('[data-widget]').shadowRoot.querySelector('table')).color";
jest.setTimeout(120_000);

let browser: Browser;
let cloud: RunningCloud;
let page: Page;
/** What the page complained of: errors, and whatever its policy refused. */
let complaints: string[];

beforeAll(async () => {
  browser = await openBrowser();
}, 60_000);
afterAll(() => browser.close());
beforeEach(async () => {
  cloud = await startLaptop({ services: [createLogsService, createLambdaService, createCloudwatchService] });
  complaints = [];
});
afterEach(async () => {
  await page.context().close();
  await cloud.close();
});

/** A dashboard with one custom widget, whose function answers this. */
async function widget(code: string, more: object = {}): Promise<void> {
  await make(cloud, `exports.handler = async (event) => { ${code} }`, { name: 'list' });
  put([{ type: 'custom', width: 24, height: 6, properties: { endpoint: arn('list'), title: 'List', ...more } }]);
}

function put(widgets: object[]): void {
  const body = JSON.stringify({ widgets });
  cloud.service<CloudwatchService>('monitoring').dashboards.set('ops', { body, modifiedAt: new Date() });
}

async function open(hash = '', options: BrowserContextOptions = {}): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1_300, height: 900 }, ...options });
  page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(cloud.consoleUrl + hash.replace(/^#/, ''));
  await page.getByRole('status').getByText('Live').waitFor();
}

const invocations = () => cloud.recorder.calls({ operation: 'Invoke' }).length;

test('a widget is shown as its function says, under the policy of the page', async () => {
  await widget(
    'return `<style>.x{color:rgb(1, 2, 3)}</style><table class="x"><tr><th scope="row">theme</th><td>${event.widgetContext.theme} ${event.color}</td></tr></table>`',
    { params: { color: 'red' } },
  );
  await open('', { colorScheme: 'dark' });
  const table = page.getByRole('region', { name: 'List' }).getByRole('table');
  await table.getByText('dark red').waitFor();
  expect(await page.evaluate(WIDGET_TABLE_COLOR)).toBe('rgb(1, 2, 3)');
  expect(complaints).toEqual([]);
});

test('hostile HTML runs nothing, loads nothing, leads nowhere and reaches nothing outside its widget', async () => {
  const requests: string[] = [];
  await widget(
    `return ${JSON.stringify(`
    <p id="alive">alive</p>
    <script>window.hit = 1</script>
    <img src="x" onerror="window.hit = 1"><img src="https://evil.example/pixel">
    <svg onload="window.hit = 1"><script>window.hit = 1</script><use href="https://evil.example/#x"></use><foreignObject><iframe srcdoc="<script>parent.hit=1</script>"></iframe></foreignObject><a href="javascript:window.hit=1"><text>svg link</text></a></svg>
    <iframe src="https://evil.example/frame"></iframe><object data="https://evil.example/o"></object><embed src="https://evil.example/e">
    <link rel="stylesheet" href="https://evil.example/style.css"><meta http-equiv="refresh" content="0;url=https://evil.example/">
    <base href="https://evil.example/">
    <a id="script" href="javascript:window.hit=1">a link</a><a id="spaced" href=" java&#10;script:window.hit=1">another link</a>
    <a id="data" href="data:text/html,<script>1</script>">a third link</a>
    <form action="https://evil.example/post"><input name="q"><button id="send">Send</button></form>
    <div id="covering" style="position:fixed;inset:0;z-index:99999;background:url(https://evil.example/background)">cover</div>
    <style>@import url(https://evil.example/import.css); main { display: none } #alive { background: url(https://evil.example/css) }</style>
    <math><mtext><style><img src=x onerror="window.hit=1"></style></mtext></math>
    <template><img src=x onerror="window.hit=1"></template>
    <button id="bad" onclick="window.hit = 1">Bad</button>
  `)}`,
  );
  await open();
  page.on('request', (request) => requests.push(request.url()));
  await page.getByText('alive').waitFor();
  for (const id of ['script', 'spaced', 'data', 'bad', 'send']) {
    await page.locator(`#${id}`).dispatchEvent('click');
  }
  await page.getByRole('heading', { name: 'ops' }).waitFor();
  expect(await page.evaluate('window.hit')).toBeUndefined();
  expect(await page.locator('main').isVisible()).toBe(true);
  expect(page.url()).toContain(cloud.endpointUrl);
  expect(requests.filter((url) => !url.startsWith(cloud.endpointUrl))).toEqual([]);
  const left = page
    .getByRole('region', { name: 'List' })
    .locator(
      'script, iframe, object, embed, use, foreignObject, meta, base, template, link[href^=http], [onclick], [onerror], [onload]',
    );
  expect(await left.count()).toBe(0);
  for (const id of ['script', 'spaced', 'data']) expect(await page.locator(`#${id}`).getAttribute('href')).toBeNull();
  // What covers everything covers its own widget only: the navigation can still be pressed.
  await page.getByRole('link', { name: 'Functions' }).click();
  await page.getByRole('heading', { name: 'Functions' }).waitFor();
});

const askingButton = `
  return event.go
    ? '<p>It went: ' + event.go + ' ' + event.widgetContext.forms.all.reason + '</p>'
    : '<input name="reason" aria-label="Reason" value="none"><button class="btn">Go</button><cwdb-action action="call" display="popup" endpoint="${arn('list')}" confirmation="Really &amp;quot;go&amp;quot;?">{"go": "now"}</cwdb-action>'
`;

test('an action asks first; Cancel and Escape do nothing, Confirm calls the function with its parameters and the form', async () => {
  await widget(askingButton);
  await open();
  await page.getByLabel('Widgets refresh').selectOption('Off');
  await page.getByLabel('Reason').fill('because');
  // The last refresh may still be under way.
  await eventually('an end of refreshes', async () => {
    const count = invocations();
    await page.waitForTimeout(300);
    return invocations() === count || undefined;
  });
  const before = invocations();
  const go = page.getByRole('button', { name: 'Go' });
  await go.click();
  const dialog = page.getByRole('dialog', { name: 'List' });
  await dialog.getByText('Really').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await go.click();
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  expect(invocations()).toBe(before);
  await go.click();
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await dialog.getByText('It went: now because').waitFor();
  expect(complaints).toEqual([]);
});

test('by keyboard alone: the focus goes into the dialog, stays there, and comes back', async () => {
  await widget(askingButton.replace('<button class="btn">Go</button>', '<a class="btn">Go</a>'));
  await open();
  const go = page.getByRole('button', { name: 'Go' });
  await go.waitFor();
  const focused = () => page.evaluate<string>(FOCUSED_TEXT);
  for (let presses = 0; presses < 30 && (await focused()) !== 'Go'; presses++) await page.keyboard.press('Tab');
  expect(await focused()).toBe('Go');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  expect(await focused()).toBe('Cancel');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Confirm');
  await page.keyboard.press('Enter');
  await page.getByText('It went: now').waitFor();
  expect(await focused()).toBe('Close');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(await focused()).toBe('Go');
});

test('a refresh neither takes the focus away nor what somebody types', async () => {
  await widget(
    `return '<p>' + Date.now() + '</p><input name="q" aria-label="Search" value=""><button class="btn">Go</button>'`,
  );
  await open();
  const go = page.getByRole('button', { name: 'Go' });
  await go.focus();
  const text = () => page.getByRole('region', { name: 'List' }).locator('p').textContent();
  const first = await text();
  await eventually('another text', async () => ((await text()) === first ? undefined : true));
  expect(await page.evaluate<string>(FOCUSED_TEXT)).toBe('Go');
});

test('an action without a popup replaces the widget', async () => {
  await widget(
    `return event.page ? '<p>page ' + event.page + ' of ' + event.size + '</p>' : '<a class="btn">Next</a><cwdb-action action="call" endpoint="${arn('list')}">{"page": 2}</cwdb-action>'`,
    { params: { size: 10 } },
  );
  await open();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('page 2 of 10').waitFor();
});

test('HTML to show in a popup needs no function', async () => {
  await widget(
    `return '<a>More</a><cwdb-action display="popup"><h3>Big <b>title</b></h3><script>window.hit=1</script></cwdb-action>'`,
  );
  await open();
  await page.getByLabel('Widgets refresh').selectOption('Off');
  const more = page.getByRole('button', { name: 'More' });
  await more.waitFor();
  const before = invocations();
  await more.click();
  await page.getByRole('dialog').getByRole('heading', { name: 'Big title' }).waitFor();
  expect(invocations()).toBe(before);
  expect(await page.evaluate('window.hit')).toBeUndefined();
});

test('links into AWS’s console lead to this one, others open beside it', async () => {
  const execution = 'arn:aws:states:us-east-1:000000000000:execution:m:e';
  await widget(`return \`<a href="/states/home?region=us-east-1#/v2/executions/details/${encodeURIComponent(execution)}" target="_blank">one</a>
    <a href="https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/ops">two</a><a href="https://example.com/">three</a>\``);
  await open();
  const link = (name: string) => page.getByRole('link', { name, exact: true });
  expect(await link('one').getAttribute('href')).toBe(`#/executions/${encodeURIComponent(execution)}`);
  expect(await link('two').getAttribute('href')).toBe('#/dashboards/ops');
  expect([await link('three').getAttribute('target'), await link('three').getAttribute('rel')]).toEqual([
    '_blank',
    'noopener noreferrer',
  ]);
  await link('one').click();
  await page.getByText('There is no such execution here.').waitFor();
});

test('what a function answers otherwise is shown: JSON, Markdown, a failure', async () => {
  await make(cloud, 'exports.handler = async () => ({ answer: 42 })', { name: 'json' });
  await make(cloud, 'exports.handler = async () => ({ markdown: "# Hello **you**" })', { name: 'markdown' });
  await make(cloud, 'exports.handler = async () => { throw new RangeError("too <much>") }', { name: 'broken' });
  put(
    ['json', 'markdown', 'broken'].map((name, index) => ({
      type: 'custom',
      x: 0,
      y: index,
      width: 24,
      height: 1,
      properties: { endpoint: arn(name), title: name },
    })),
  );
  await open();
  await page.getByRole('region', { name: 'json' }).getByText('"answer": 42').waitFor();
  await page.getByRole('region', { name: 'markdown' }).getByRole('heading', { name: 'Hello you' }).waitFor();
  await page.getByRole('region', { name: 'broken' }).getByRole('alert').getByText('RangeError: too <much>').waitFor();
});

test('graphs say in words what they show, and have their numbers as a table', async () => {
  const cloudwatch = cloud.service<CloudwatchService>('monitoring');
  for (const value of [2, 3]) {
    cloudwatch.putServiceMetric({ namespace: 'App', metricName: 'Orders', dimensions: {}, value, unit: 'Count' });
  }
  put([
    {
      type: 'metric',
      width: 12,
      height: 6,
      properties: { title: 'Orders', metrics: [['App', 'Orders', { stat: 'Sum', label: 'orders' }]] },
    },
    {
      type: 'metric',
      x: 12,
      width: 12,
      height: 6,
      properties: { title: 'Now', view: 'singleValue', metrics: [['App', 'Orders', { stat: 'Maximum' }]] },
    },
    {
      type: 'text',
      y: 6,
      width: 24,
      height: 2,
      properties: {
        markdown: '# Runbook\n\nSee [the guide](https://example.com/guide) and `this`\n\n- one\n- **two**',
      },
    },
  ]);
  await open();
  await page.getByRole('img', { name: 'Orders: orders 5' }).waitFor();
  await page.getByText('Numbers').click();
  await page.getByRole('region', { name: 'Orders' }).getByRole('cell', { name: '5' }).waitFor();
  await page.getByRole('region', { name: 'Now' }).getByText('3', { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Runbook' }).waitFor();
  expect(await page.getByRole('listitem').filter({ hasText: 'two' }).locator('strong').count()).toBe(1);
  expect(complaints).toEqual([]);
});

test('an alarm that begins to ring shows without anybody asking', async () => {
  cloud.service<CloudwatchService>('monitoring').alarms.put(
    {
      AlarmName: 'loud',
      AlarmDescription: 'Orders failed',
      Namespace: 'App',
      MetricName: 'Failed',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    },
    'us-east-1',
  );
  await open('#/alarms');
  await page.locator('[data-alarm=loud]').getByText('OK', { exact: true }).first().waitFor();
  const principal = {
    kind: 'administrator',
    arn: 'arn:aws:iam::000000000000:root',
    identityArn: 'arn:aws:iam::000000000000:root',
  } as const;
  const input = { Namespace: 'App', MetricData: [{ MetricName: 'Failed', Value: 1 }] };
  await cloud.call({ service: 'monitoring', operation: 'PutMetricData', input, principal });
  await page.locator('[data-alarm=loud]').getByText('In alarm').first().waitFor();
  await page.getByRole('link', { name: 'Alarms 1 ringing' }).waitFor();
});

test('environments of a function are seen at work, at rest and ended', async () => {
  await make(cloud, 'exports.handler = (event) => new Promise((resolve) => setTimeout(resolve, event.wait ?? 0))', {
    name: 'worker',
  });
  await open('#/functions');
  const lane = page.locator('[data-function=worker]');
  await lane.getByText('No environment is alive').waitFor();
  const { environments, killEnvironment } = lambdaOf(cloud);
  const work = invoke(cloud, { wait: 2_900 }, { name: 'worker' });
  await lane.getByText('busy').waitFor();
  await work;
  await lane.getByText('idle').waitFor();
  killEnvironment(environments()[0]?.id as string);
  await lane.getByText('ended').waitFor();
});

test('a skip link, one heading of the first rank, named landmarks, and the page one is on', async () => {
  await widget('return "<p>hello</p>"');
  await open();
  await page.getByText('hello').waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate<string>(FOCUSED_TEXT)).toBe('Skip to content');
  expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['ops']);
  await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'ops' }).waitFor();
  expect(await page.getByRole('link', { name: 'ops' }).getAttribute('aria-current')).toBe('page');
  expect(await page.title()).toBe('ops · AWS on this laptop');
  for (const role of ['banner', 'navigation', 'main'] as const) expect(await page.getByRole(role).count()).toBe(1);
});

test('on a narrow screen nothing is wider than it', async () => {
  await widget('return "<table><tr><td>" + "wide ".repeat(10) + "</td></tr></table>"');
  await open('', { viewport: { width: 340, height: 700 } });
  await page.getByText('wide').waitFor();
  const pages = {
    '#/dashboards/ops': 'ops',
    '#/executions': 'Executions',
    '#/functions': 'Functions',
    '#/alarms': 'Alarms',
    '#/messages': 'Messages',
  };
  for (const [hash, heading] of Object.entries(pages)) {
    await page.evaluate(`location.hash = '${hash}'`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    expect([hash, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([hash, 340]);
  }
});

test('the name of a secret stands on one line in the table, and a long one is not wider than a narrow screen', async () => {
  const long = `example/${'database'.repeat(7)}`.slice(0, 60);
  await widget(
    `return event.widgetContext.width < 860 ? ${secretsWidget([long], 390)} : ${secretsWidget(['example/database'], 1_200)}`,
  );
  await open('', { viewport: { width: 1_440, height: 900 } });
  await page.getByRole('rowheader').getByText('example/database', { exact: true }).waitFor();
  // One rectangle for each line of text. In the page, whose types are not those of Node.
  const lines = `(() => {
    const text = document.createRange();
    text.selectNodeContents(document.querySelector('[data-widget]').shadowRoot.querySelector('.kt-name'));
    return text.getClientRects().length;
  })()`;
  expect(await page.evaluate(lines)).toBe(1);
  const widest = `Math.max(...[document.documentElement, document.querySelector('[data-widget]'), ...document.querySelector('[data-widget]').shadowRoot.querySelectorAll('.kt, .kt > *')]
    .map((element) => element.scrollWidth - element.clientWidth))`;
  expect(await page.evaluate(widest)).toBe(0);
  await page.context().close();
  await open('', { viewport: { width: 390, height: 900 } });
  await page.getByRole('heading', { name: long }).waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  expect(await page.evaluate(widest)).toBe(0);
});

test('a server that went away is told, and found again', async () => {
  await widget('return "<p>hello</p>"');
  await open();
  await page.context().setOffline(true);
  await page.getByRole('status').getByText('Not connected').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('status').getByText('Live').waitFor();
});
