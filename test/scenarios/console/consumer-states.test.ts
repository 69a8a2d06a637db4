import type { Browser, Page } from 'playwright-core';
import type { RdsService } from '../../../packages/laptop/services/rds/service.ts';
import { openBrowser } from '../../browser.ts';
import { type Ended, keyturn } from '../../cli/desk.ts';
import { eventually } from '../../eventually.ts';
import { SECRET, Shop } from './shop.ts';

/**
 * The three states of a consumer as a person on call sees them: on the page, in `status` and in `doctor`. The reports are
 * those that the state machines send; everything behind them is deployed.
 */
let shop: Shop;
let browser: Browser;
let page: Page;
let change: { secretArn: string; secretName: string; versionId: string; promotedAt: string };
const execution = {
  executionArn: 'arn:aws:states:us-east-1:000000000000:execution:shop-propagate-secret:e1',
  startedAt: new Date().toISOString(),
};
const catalogue = { consumer: 'catalogue', freshness: 'recycle' };
const REASON = "Runtime.ImportModuleError: Error: Cannot find module 'pg'";

beforeAll(async () => {
  [shop, browser] = await Promise.all([Shop.open(), openBrowser()]);
  page = await browser.newPage({ viewport: { width: 1_440, height: 1_000 } });
  page.setDefaultTimeout(60_000);
  const { AWSCURRENT = '' } = await shop.labels();
  change = {
    secretArn: await shop.arn(),
    secretName: SECRET,
    versionId: AWSCURRENT,
    promotedAt: new Date().toISOString(),
  };
}, 400_000);

afterAll(async () => {
  await browser?.close();
  await shop?.close();
}, 60_000);

const command = (...words: string[]): Promise<Ended> =>
  keyturn([...words, '--pipeline', 'shop', '--laptop', '--endpoint', shop.cloud.endpointUrl], {
    PGSSLROOTCERT: shop.cloud.service<RdsService>('rds').caBundlePath,
  });
const row = () => page.getByRole('region', { name: 'Secrets' }).getByRole('row').filter({ hasText: SECRET });
const seconds = (iso: string) => iso.replace(/\.\d+Z$/, 'Z');

/** The page is opened anew until it shows the words: an event takes a moment to the table. */
async function pageShows(words: RegExp): Promise<string> {
  return eventually(`${words} on the page`, async () => {
    await page.goto('about:blank');
    await page.goto(`${shop.consoleUrl}/dashboards/shop`);
    await row().waitFor();
    const text = await row().innerText();
    return words.test(text) ? text : undefined;
  });
}

async function statusLine(): Promise<string> {
  const { code, stdout } = await command('status');
  expect(code).toBe(0);
  return stdout.split('\n').find((line) => line.startsWith(SECRET)) ?? '';
}

async function doctorFinds(): Promise<{ code: string; message: string }[]> {
  const { stdout } = await command('doctor', SECRET, '--json');
  return JSON.parse(stdout).findings;
}

/** A promotion of the version from now on: the promotion before does not count any more. */
async function promote(expectedAt: string): Promise<void> {
  change = { ...change, promotedAt: new Date().toISOString() };
  const consumers = [{ ...catalogue, state: 'converging', expectedAt }];
  await shop.report({ report: 'propagated', ...execution, change, consumers, mirrors: [] });
}

test('01 converging until a moment, and the evidence is overdue once that has passed', async () => {
  const later = new Date(Date.now() + 3_600_000).toISOString();
  await promote(later);
  await pageShows(new RegExp(`0 of 1[^]*catalogue converging until ${seconds(later)}`));
  await page.getByRole('region', { name: 'Secrets' }).getByText('all well').waitFor();
  expect(await statusLine()).toContain(`0 of 1 converged; catalogue converging until ${seconds(later)}`);

  const soon = new Date(Date.now() + 1_000).toISOString();
  await promote(soon);
  await pageShows(new RegExp(`catalogue evidence overdue since ${seconds(soon)}`));
  expect(Date.now()).toBeGreaterThan(Date.parse(soon));
  expect(await statusLine()).toContain(`0 of 1 converged; catalogue evidence overdue since ${seconds(soon)}`);
}, 180_000);

test('02 lagging since a moment, because of a reason: to look at, and found by doctor', async () => {
  const consumers = [{ ...catalogue, reason: REASON, expectedAt: new Date(Date.now() + 3_600_000).toISOString() }];
  await shop.report({ report: 'lagging', ...execution, change, consumers });
  const lagging = /catalogue lagging since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ because Runtime\.ImportModuleError/;
  await pageShows(lagging);
  await page.getByRole('region', { name: 'Secrets' }).getByText('1 to look at').waitFor();
  expect(await statusLine()).toMatch(lagging);
  expect(await doctorFinds()).toContainEqual(
    expect.objectContaining({
      code: 'ConsumerLagging',
      message: expect.stringMatching(/consumer catalogue is lagging since/),
    }),
  );
  expect((await command('doctor', SECRET)).code).toBe(1);
}, 180_000);

test('03 converged at a moment, by its evidence, and doctor finds it no more', async () => {
  const convergedAt = new Date().toISOString();
  const consumers = [{ ...catalogue, evidence: 'recycled', convergedAt }];
  await shop.report({ report: 'converged', ...execution, change, consumers });
  await pageShows(/1 of 1/);
  const badge = row().locator('.kt-badge').filter({ hasText: '1 of 1' }).first();
  expect(await badge.getAttribute('title')).toBe(`catalogue: converged at ${seconds(convergedAt)} by recycle`);
  expect(await statusLine()).toMatch(/ 1 of 1 converged( |$)/);
  const { stdout } = await command('status', '--json');
  expect(JSON.parse(stdout).secrets[0].consumers).toMatchObject([
    { name: 'catalogue', state: 'converged', convergedAt, evidence: 'recycled' },
  ]);
  expect((await doctorFinds()).map(({ code }) => code)).not.toContain('ConsumerLagging');
  const story = await command('history', SECRET);
  for (const words of [
    'catalogue converging until',
    'catalogue lagging since',
    `catalogue converged at ${seconds(convergedAt)} by recycle`,
  ]) {
    expect(story.stdout).toContain(words);
  }
}, 180_000);
