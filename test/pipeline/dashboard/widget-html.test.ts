import type { SecretStatus } from '../../../pipeline/dashboard/secret-status.ts';
import {
  executionUrl,
  renderPressed,
  renderWidget,
  shortVersion,
  type WidgetFrame,
} from '../../../pipeline/dashboard/widget-html.ts';

const hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>\'`';
const now = new Date('2026-05-01T12:00:00Z');
let presses = 0;
const frame: WidgetFrame = {
  now,
  region: 'us-east-1',
  theme: 'light',
  width: 1_200,
  widgetFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:widget',
  buttonFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:button',
  newPress: () => `press-${++presses}`,
};
const status: SecretStatus = {
  name: 'app/db',
  arn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
  kind: 'postgres, alternating-users',
  standing: { tone: 'good', word: 'Rotated', since: new Date('2026-05-01T10:00:00Z') },
  versionId: `keyturn-1a2b3c4d${'0'.repeat(32)}`,
  previousVersionId: `keyturn-9e8d7c6b${'0'.repeat(32)}`,
  ageSeconds: 7_200,
  next: { at: new Date('2026-05-31T00:00:00Z'), isOverdue: false },
  schedule: 'rate(30 days)',
  consumers: [
    {
      name: 'shop',
      tone: 'good',
      word: 'converged at T by bound',
      state: 'converged',
      convergedAt: now,
      evidence: 'bound',
    },
  ],
  checks: [{ name: 'database', tone: 'calm', word: 'has not run yet' }],
  offers: [
    { operation: 'rotate' },
    { operation: 'check' },
    { operation: 'roll-back', refusal: 'It has been retired.' },
  ],
};
const render = (statuses: SecretStatus[], more: Partial<WidgetFrame> = {}) =>
  renderWidget({ statuses, unread: [], nextToken: undefined }, { ...frame, ...more });

/** The actions of a widget with what stands before each. */
function actions(text: string) {
  const found = text.matchAll(/<button ([^>]*)>([^<]*)<\/button>(?:<cwdb-action ([^>]*)>(.*?)<\/cwdb-action>)?/gs);
  const read = (json: string | undefined) => json && JSON.parse(json.replaceAll('&quot;', '"'));
  return [...found].map(([, button, label, action, json]) => ({ label, button, action, parameters: read(json) }));
}

test('everything that a person on call asks is in the row', () => {
  const text = render([status]);
  for (const part of [
    'app/db',
    'postgres, alternating-users',
    'Rotated',
    '2 hours ago',
    '1a2b3c4d',
    '2 hours old',
    'rate(30 days)',
    '2026-05-31',
    'in 29 days',
    '1 of 1',
    '0 of 1',
    'has not run yet',
  ]) {
    expect(text).toContain(part);
  }
});

test('each button that can be pressed calls the button function after a confirmation that says what will happen', () => {
  presses = 0;
  const [rotate, check, rollBack] = actions(
    render([{ ...status, offers: [{ operation: 'rotate' }, { operation: 'check' }, { operation: 'roll-back' }] }]),
  );
  expect(rotate?.action).toContain(`endpoint="${frame.buttonFunctionArn}"`);
  expect(rotate?.action).toContain('action="call" display="popup"');
  expect(rotate?.action).toContain(
    'confirmation="Rotate app/db now? A new credential is made, 1 consumer brought along',
  );
  expect(rotate?.parameters).toEqual({
    operation: 'rotate',
    secretArn: status.arn,
    secretName: 'app/db',
    press: 'press-1',
  });
  expect(check?.action).toContain('confirmation="Run the checks of app/db');
  expect(check?.parameters).toMatchObject({ operation: 'check', press: 'press-2' });
  expect(rollBack?.action).toContain('confirmation="Roll app/db back from version 1a2b3c4d to 9e8d7c6b?');
});

test('a button that would be refused says why, and calls nothing', () => {
  const [, , rollBack] = actions(render([status]));
  expect(rollBack).toMatchObject({ label: 'Roll back', parameters: undefined });
  expect(rollBack?.button).toContain('disabled title="It has been retired."');
});

test('every button says for those who only hear it which secret it is about', () => {
  expect(actions(render([status])).map(({ button }) => /aria-label="([^"]*)"/.exec(button ?? '')?.[1])).toEqual([
    'Rotate now: app/db',
    'Run checks: app/db',
    'Roll back: app/db',
  ]);
});

test.each([1_200, 500])('nothing that comes from outside becomes HTML, at a width of %d', (width) => {
  const text = renderWidget(
    {
      statuses: [
        {
          ...status,
          name: hostile,
          kind: hostile,
          arn: hostile,
          versionId: hostile,
          schedule: hostile,
          standing: { tone: 'bad', word: hostile, explanation: hostile, executionArn: hostile },
          consumers: [{ name: hostile, tone: 'bad', word: hostile, state: 'lagging', since: now, reason: hostile }],
          checks: [{ name: hostile, tone: 'calm', word: hostile }],
          offers: [{ operation: 'rotate' }, { operation: 'roll-back', refusal: hostile }],
        },
      ],
      unread: [{ name: hostile, reason: hostile }],
      nextToken: hostile,
    },
    { ...frame, width },
  );
  expect(text.match(/<script|<img|onerror=alert\(2\)>/gi) ?? []).toEqual([]);
  expect(text).toContain('&lt;script&gt;');
});

test('where there is no room for a table each secret is a card', () => {
  expect(render([status], { width: 1_000 })).toContain('<table>');
  const narrow = render([status], { width: 500 });
  expect(narrow).not.toContain('<table>');
  expect(narrow).toContain('<dt>Next rotation</dt>');
});

test('the summary counts those to look at, those that could not be read too', () => {
  const text = renderWidget(
    {
      statuses: [status, { ...status, standing: { tone: 'bad', word: 'Failed' } }],
      unread: [{ name: 'app/gone', reason: 'ResourceNotFoundException: gone' }],
      nextToken: undefined,
    },
    frame,
  );
  expect(text).toContain('<b>3</b> secrets, <b class="kt-bad-text">2 to look at</b>');
  expect(text).toContain('<b>app/gone</b> could not be read. ResourceNotFoundException: gone');
});

test.each([
  ['a consumer that lags', { consumers: [{ ...status.consumers[0], tone: 'bad' }] }, '1 to look at'],
  [
    'a check that failed on a schedule',
    { checks: [{ name: 'database', tone: 'bad', word: 'failed' }] },
    '1 to look at',
  ],
  ['a consumer that is on its way', { consumers: [{ ...status.consumers[0], tone: 'busy' }] }, 'all well'],
])('%s: %s', (_, more, words) => {
  expect(render([{ ...status, ...more } as SecretStatus])).toContain(words);
});

test('the three states of consumers, each with its sign and its words', () => {
  const consumers: SecretStatus['consumers'] = [
    {
      name: 'shop',
      tone: 'good',
      word: 'converged at T by bound',
      state: 'converged',
      convergedAt: now,
      evidence: 'bound',
    },
    { name: 'mail', tone: 'busy', word: 'converging until T', state: 'converging', expectedAt: now, isOverdue: false },
    { name: 'old', tone: 'bad', word: 'lagging since T because no pg', state: 'lagging', since: now, reason: 'no pg' },
  ];
  const text = render([{ ...status, consumers }]);
  expect(text).toContain('<span class="kt-badge kt-bad"');
  expect(text).toContain('1 of 3');
  expect(text).toContain('<li><b>mail</b> converging until T</li><li><b>old</b> lagging since T because no pg</li>');
  expect(render([{ ...status, consumers: consumers.slice(0, 2) }])).toMatch(/kt-badge kt-busy"[^>]*>.*?↻.*?1 of 2/);
});

test('further pages are asked of the widget’s own function', () => {
  const text = renderWidget({ statuses: [status], unread: [], nextToken: 'abc' }, frame);
  const [first, next] = actions(text).slice(-2);
  expect([first?.parameters, next?.parameters]).toEqual([{}, { page: 'abc' }]);
  expect(next?.action).toContain(`endpoint="${frame.widgetFunctionArn}"`);
  expect(next?.action).not.toContain('popup');
});

test('without secrets it says what to do', () => {
  expect(render([])).toContain('Add one to the manifest and deploy.');
});

test('what was pressed is told with a way to its execution', () => {
  const arn = 'arn:aws:states:us-east-1:000000000000:execution:keyturn-rotate-secret:dashboard-1';
  const text = renderPressed({ title: 'Started', message: hostile, executionUrl: executionUrl(arn, 'us-east-1') });
  expect(text).toContain(`href="/states/home?region=us-east-1#/v2/executions/details/${encodeURIComponent(arn)}"`);
  expect(text).not.toContain('<script');
});

test('versions of the workflow are told apart by what comes after their beginning', () => {
  expect(shortVersion('keyturn-emergency-1a2b3c4d5e')).toBe('1a2b3c4d');
  expect(shortVersion('1a2b3c4d-0000')).toBe('1a2b3c4d');
});
