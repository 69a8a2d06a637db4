import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { openBrowser } from '../../../browser.ts';
import { askLocal } from '../../../laptop-requests.ts';
import { asPerson, zip } from '../services/lambda/laptop.ts';

jest.setTimeout(120_000);

let browser: Browser;
let cloud: RunningCloud;
let foreign: Server;
/** The port of the page that attacks; the name `evil.example` resolves to this machine, as after a rebinding. */
let port: number;

beforeAll(async () => {
  browser = await openBrowser('--host-resolver-rules=MAP evil.example 127.0.0.1');
  foreign = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>A page on the web</title><body></body>');
  });
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  port = (foreign.address() as AddressInfo).port;
});
afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => foreign.close(resolve));
});
beforeEach(async () => {
  // The worst case: nobody's key is checked, so that the door alone keeps the attack out.
  cloud = await createCloud({ log: () => {}, anyCredentials: true });
  await asPerson(cloud, 'secretsmanager', 'CreateSecret', { Name: 'app/db', SecretString: 'a-value-to-be-read' });
  cloud.recorder.clear();
});
afterEach(() => cloud.close());

const credentials = (service: string) =>
  new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `AKIAEVIL/20260101/us-east-1/${service}/aws4_request`,
    'X-Amz-Date': '20260101T000000Z',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': '00',
  });
const Statement = [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }];
const createRole = new URLSearchParams({
  ...{ Action: 'CreateRole', Version: '2010-05-08', RoleName: 'evil' },
  AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
}).toString();
const createFunction = JSON.stringify({
  ...{ FunctionName: 'evil', Runtime: 'nodejs22.x', Handler: 'i.h', Role: 'arn:aws:iam::000000000000:role/evil' },
  Code: { ZipFile: Buffer.from(zip({ 'i.js': 'exports.h = async () => process.env.HOME' })).toString('base64') },
});

/** Requests that a browser sends for any page without asking first: what once ran code as the developer. */
const requests = [
  { path: `/?${credentials('iam')}`, body: createRole, type: 'application/x-www-form-urlencoded' },
  { path: `/2015-03-31/functions?${credentials('lambda')}`, body: createFunction, type: 'text/plain' },
  { path: `/2015-03-31/functions/evil/invocations?${credentials('lambda')}`, body: '{}', type: 'text/plain' },
  { path: '/_local/faults', body: '{"kind":"reset","rate":1}', type: 'text/plain' },
  { path: '/_local/reset', body: '', type: 'text/plain' },
];

async function visit(host: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://${host}:${port}/`);
  return page;
}

/** Nothing was carried out, and what was there is there. */
async function expectUntouched(): Promise<void> {
  expect(cloud.recorder.calls()).toEqual([]);
  expect(cloud.faults.list()).toEqual([]);
  const { SecretString } = await asPerson(cloud, 'secretsmanager', 'GetSecretValue', { SecretId: 'app/db' });
  expect(SecretString).toBe('a-value-to-be-read');
  const { Roles } = await asPerson(cloud, 'iam', 'ListRoles', {});
  expect(Roles).toEqual([]);
  expect((await asPerson(cloud, 'lambda', 'ListFunctions', {})).Functions).toEqual([]);
}

test('the requests of the attack do what they say where a program of this machine sends them', async () => {
  for (const { path, body, type } of requests.slice(0, 2)) {
    const answer = await fetch(cloud.endpointUrl + path, { method: 'POST', headers: { 'content-type': type }, body });
    expect(answer.status).toBeLessThan(300);
  }
  expect((await asPerson(cloud, 'lambda', 'ListFunctions', {})).Functions).toHaveLength(1);
});

describe.each([
  ['another site', 'evil.example'],
  ['another port of this machine', '127.0.0.1'],
  ['another name of this machine', 'localhost'],
])('a page of %s', (_name, host) => {
  test.each([
    '127.0.0.1',
    'localhost',
    'evil.example',
  ])('changes nothing by fetch at %s, with and without CORS', async (name) => {
    const page = await visit(host);
    const target = `http://${name}:${cloud.port}`;
    const ended = await page.evaluate(
      `Promise.all(${JSON.stringify(requests)}.flatMap(({ path, body, type }) => ['no-cors', 'cors'].map((mode) =>
        fetch(${JSON.stringify(target)} + path, { method: 'POST', mode, headers: { 'content-type': type }, body })
          .then((answer) => mode + ' ' + answer.type + ' ' + answer.status, () => mode + ' refused'))))`,
    );
    // The page cannot even see that it was refused.
    expect(new Set(ended as string[])).toEqual(new Set(['no-cors opaque 0', 'cors refused']));
    await expectUntouched();
    await page.context().close();
  });

  test('changes nothing by a form, an image, a script, a beacon and a frame', async () => {
    const page = await visit(host);
    const target = `http://127.0.0.1:${cloud.port}`;
    const answers: number[] = [];
    page.on('response', (response) => {
      if (response.url().startsWith(target)) answers.push(response.status());
    });
    const read = `${target}/?${credentials('iam')}&${createRole}`;
    await page.evaluate(`(() => {
      for (const tag of ['img', 'script', 'iframe']) {
        const element = document.createElement(tag);
        element.src = ${JSON.stringify(read)};
        document.body.append(element);
      }
      navigator.sendBeacon(${JSON.stringify(`${target}${requests[0]?.path}`)}, new URLSearchParams(${JSON.stringify(createRole)}));
    })()`);
    // A navigation cancels what is still under way: the form waits for the image, the script, the frame and the beacon.
    while (answers.length < 4) await page.waitForEvent('response');
    const form = `<form method="post" action="${target}${requests[0]?.path.replaceAll('&', '&amp;')}"><input name="Action" value="CreateRole"></form>`;
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(form)})`);
    const [response] = await Promise.all([
      page.waitForResponse((one) => one.request().method() === 'POST' && one.request().isNavigationRequest()),
      page.evaluate("document.querySelector('form').submit()"),
    ]);
    expect(response.status()).toBe(403);
    expect(answers.every((status) => status === 403)).toBe(true);
    expect(answers.length).toBeGreaterThanOrEqual(5);
    await expectUntouched();
    await page.context().close();
  });

  test('opens no WebSocket', async () => {
    const page = await visit(host);
    const ended = await page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket('ws://127.0.0.1:${cloud.port}/_local/console/data/overview');
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('refused');
    })`);
    expect(ended).toBe('refused');
    await expectUntouched();
    await page.context().close();
  });
});

test('a name that was made to point here reads neither the page nor a secret', async () => {
  const page = await (await browser.newContext()).newPage();
  const answer = await page.goto(`http://evil.example:${cloud.port}/_local/console/`);
  expect(answer?.status()).toBe(403);
  // The page is of the same origin as what it asks for now: only the Host says where it comes from.
  const body = JSON.stringify({ SecretId: 'app/db' });
  const seen = await page.evaluate(
    `fetch(${JSON.stringify(`/?${credentials('secretsmanager')}`)}, { method: 'POST', body: ${JSON.stringify(body)},
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' } })
      .then(async (one) => one.status + ' ' + await one.text())`,
  );
  expect(seen).toMatch(/^403 The laptop answers to 127\.0\.0\.1 and localhost only/);
  await expectUntouched();
  await page.context().close();
});

describe('the page of the run', () => {
  test('works from the address that the terminal printed, and keeps the token out of the address', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(cloud.consoleUrl);
    await page.getByRole('status').getByText('Live').waitFor();
    expect(page.url()).not.toContain(cloud.pageToken);
    await page.reload();
    await page.getByRole('status').getByText('Live').waitFor();
    await page.context().close();
  });

  test('says what it needs where the token is missing, or is of another run', async () => {
    const page = await (await browser.newContext()).newPage();
    for (const hash of ['', '#token=of-another-run']) {
      await page.goto(`${cloud.endpointUrl}/_local/console/${hash}`);
      await page.getByRole('heading', { name: 'This page needs its whole address' }).waitFor();
    }
    await page.goto(cloud.consoleUrl);
    await page.getByRole('status').getByText('Live').waitFor();
    await page.context().close();
  });

  test('a link on another site leads to it', async () => {
    const page = await visit('evil.example');
    await page.evaluate(`location.href = ${JSON.stringify(cloud.consoleUrl)}`);
    await page.getByRole('status').getByText('Live').waitFor();
    expect((await askLocal(cloud, '/_local/health')).status).toBe(200);
    await page.context().close();
  });
});
