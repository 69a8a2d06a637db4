import type { Browser, Page } from 'playwright-core';
import type { SecretsManagerService } from '../../../packages/laptop/services/secretsmanager/service.ts';
import { openBrowser } from '../../browser.ts';
import { eventually } from '../../eventually.ts';
import { SECRET, Shop } from './shop.ts';

/** From the synthesized template to the browser: what a person on call does, in the order in which they would. */
let shop: Shop;
let browser: Browser;
let page: Page;
/** Everything that the page was sent, to look for what must never be in it. */
const received: string[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  [shop, browser] = await Promise.all([Shop.open({ stateMachineTimeScale: 0.2 }), openBrowser()]);
  page = await browser.newPage({ viewport: { width: 1_440, height: 1_000 } });
  page.setDefaultTimeout(60_000);
  page.on(
    'response',
    (response) =>
      void response.text().then(
        (text) => received.push(text),
        () => undefined,
      ),
  );
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
}, 400_000);

afterAll(async () => {
  await browser?.close();
  await shop?.close();
}, 60_000);

const secrets = () => page.getByRole('region', { name: 'Secrets' });
const row = () => secrets().getByRole('row').filter({ hasText: SECRET });
const button = (label: string) => secrets().getByRole('button', { name: `${label}: ${SECRET}` });
const badge = (word: string) => row().locator('.kt-badge').filter({ hasText: word });
const state = (name: string) => page.locator(`[data-state="${name}"]`);
const hasStatus = (name: string, status: string) =>
  page.locator(`[data-state="${name}"][data-status="${status}"]`).waitFor();

async function openDashboard(): Promise<void> {
  await page.goto(`${shop.consoleUrl}/dashboards/shop`);
  await row().waitFor();
}

/** Presses a button of the widget, says yes, and goes on to the execution that it started. */
async function press(label: string, question: RegExp): Promise<void> {
  await button(label).click();
  const dialog = page.getByRole('dialog', { name: 'Secrets' });
  await dialog.getByText(question).waitFor();
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await dialog.getByRole('link', { name: 'Watch the execution' }).click();
  await page.getByRole('heading', { level: 1, name: /^dashboard-/ }).waitFor();
}

const ends = (status: string) => page.locator('#execution-status').getByText(status).waitFor();

test('01 the dashboard of the template shows the secret as it is deployed', async () => {
  await openDashboard();
  expect(await row().innerText()).toMatch(/postgres, alternating-users[\s\S]*Not rotated yet/);
  expect(
    await page.getByRole('region', { name: 'Alarms' }).getByText('OK', { exact: true }).count(),
  ).toBeGreaterThanOrEqual(5);
  expect(await button('Rotate now').isEnabled()).toBe(true);
}, 120_000);

test('02 a rotation begins with a press of the button, and is watched to its end', async () => {
  await shop.visitCatalogue(3);
  const before = (await shop.labels()).AWSCURRENT as string;
  await openDashboard();
  await press('Rotate now', /Rotate shop\/database now\? A new credential is made, 1 consumer brought along/);
  const steps = page.getByRole('list', { name: /^Steps of the rotation/ });
  for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret']) {
    await steps.locator(`[data-step=${step}][data-outcome=succeeded]`).waitFor();
  }
  await hasStatus('JudgePromotion', 'succeeded');
  await hasStatus('Propagate', 'succeeded');
  await hasStatus('RunCheck', 'succeeded');
  await ends('Succeeded');
  await hasStatus('ReportSuccess', 'succeeded');
  expect(await state('RollBack').getAttribute('data-status')).toBe('untouched');
  const { AWSCURRENT, AWSPREVIOUS } = await shop.labels();
  expect(AWSCURRENT).toMatch(/^keyturn-/);
  expect(AWSPREVIOUS).toBe(before);
}, 180_000);

test('03 the environments of the consumer have turned: the old ones ended, new ones read the new version', async () => {
  const lane = page.locator('[data-function^=Shop-Catalogue]').first();
  await lane.getByText('ended').first().waitFor();
  expect(await lane.locator('[data-freshness=stale]').count()).toBe(3);
  await shop.visitCatalogue(2);
  const fresh = lane.locator('[data-freshness=fresh]');
  await fresh.nth(1).waitFor();
  expect(await fresh.first().innerText()).toContain('read the current version');
}, 120_000);

test('04 the dashboard tells how it ended, and what can be done next', async () => {
  await openDashboard();
  await badge('Rotated, in grace').waitFor();
  expect(await button('Rotate now').isDisabled()).toBe(true);
  expect(await button('Rotate now').getAttribute('title')).toContain('is kept for roll-back');
  expect(await button('Roll back').isEnabled()).toBe(true);
  await page.getByRole('img', { name: /^Rotations: succeeded 1/ }).waitFor();
}, 120_000);

test('05 the consumer has converged when its recycle has ended and its longest invocation is over', async () => {
  const title = await eventually('evidence on the page', async () => {
    await page.goto('about:blank');
    await openDashboard();
    const titles = await row().locator('.kt-badge[title^="catalogue: converged"]').all();
    return titles[0]?.getAttribute('title');
  });
  expect(title).toMatch(/^catalogue: converged at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ by recycle$/);
}, 180_000);

test('06 checks are run by a press of the button', async () => {
  await press('Run checks', /Run the checks of shop\/database/);
  await hasStatus('RunCheck', 'succeeded');
  await ends('Succeeded');
  expect(await state('RotateSecret').getAttribute('data-status')).toBe('untouched');
}, 120_000);

test('07 a roll-back is asked for by a press of the button', async () => {
  const { AWSCURRENT, AWSPREVIOUS } = await shop.labels();
  await openDashboard();
  await press('Roll back', /Roll shop\/database back from version/);
  await hasStatus('RollBack', 'succeeded');
  await ends('Succeeded');
  const labels = await shop.labels();
  expect(labels.AWSCURRENT).toBe(AWSPREVIOUS);
  expect(labels.KEYTURN_FAILED).toBe(AWSCURRENT);
  await openDashboard();
  await badge('Rolled back').waitFor();
}, 120_000);

test('08 a rotation whose check fails is seen to go back, rings, and is told', async () => {
  const before = (await shop.labels()).AWSCURRENT as string;
  await shop.closeGate(before);
  await openDashboard();
  await press('Rotate now', /Rotate shop\/database now/);
  await hasStatus('RunCheck', 'caught');
  await hasStatus('RollBack', 'succeeded');
  await ends('Failed');
  await page.getByRole('note').getByText('The gate is closed for this version.').waitFor();
  expect((await shop.labels()).AWSCURRENT).toBe(before);
  await openDashboard();
  await badge('Rolled back').waitFor();
  await row().getByText('The gate is closed for this version.').first().waitFor();
  await secrets().getByText('1 to look at').waitFor();
  await page.getByRole('link', { name: /^Alarms \d ringing$/ }).click();
  await page.locator('[data-alarm=shop-RotationRolledBack]').getByText('In alarm').first().waitFor();
  await page.getByRole('link', { name: 'Messages' }).click();
  await page.getByRole('article').filter({ hasText: SECRET }).first().waitFor();
}, 240_000);

test('09 no value of a secret was ever sent to the page, and the page had nothing to complain of', async () => {
  const values = shop.cloud.service<SecretsManagerService>('secretsmanager').values();
  const passwords = values.map((value) => JSON.parse(value).password as string);
  expect(passwords.length).toBeGreaterThan(3);
  const text = [...received, await page.content()].join('\n');
  expect(text.length).toBeGreaterThan(100_000);
  expect(passwords.filter((password) => text.includes(password))).toEqual([]);
  expect(complaints).toEqual([]);
});
