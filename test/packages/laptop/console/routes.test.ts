import { request } from 'node:http';
import { CONTENT_SECURITY_POLICY } from '../../../../packages/laptop/console/assets.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { allow, make, startLaptop } from '../services/lambda/laptop.ts';

let cloud: RunningCloud;
beforeEach(async () => {
  cloud = await createCloud({ log: () => {}, services: [] });
});
afterEach(() => cloud.close());

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

const token = () => ({ 'x-laptop-token': cloud.pageToken });

/** As `fetch` cannot: any path, any host, any origin. */
function ask(
  path: string,
  more: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port: cloud.port,
        host: '127.0.0.1',
        path,
        method: more.method ?? 'GET',
        headers: { ...token(), ...more.headers },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      },
    );
    sent.on('error', reject);
    sent.end(more.body);
  });
}

const page = '/_local/console/';

test('the page comes with a policy that lets in nothing from elsewhere', async () => {
  const answer = await ask(page);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer.headers['content-security-policy']).toBe(CONTENT_SECURITY_POLICY);
  expect(CONTENT_SECURITY_POLICY).toMatch(/^default-src 'none';/);
  expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|https?:|\*/);
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.text).not.toMatch(/https?:\/\/|<style|style="| on\w+="|<script(?! type="module" src="main.js">)/);
});

test('every file that the page and its modules name is there', async () => {
  const seen = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    if (seen.has(name)) return;
    seen.add(name);
    const answer = await ask(page + name);
    expect([name, answer.status]).toEqual([name, 200]);
    const named = [
      ...answer.text.matchAll(/(?:src|href)="([\w-]+\.\w+)"|from '\.\/([\w-]+\.js)'|href: '([\w-]+\.css)'/g),
    ];
    for (const [, one, two, three] of named) await visit((one ?? two ?? three) as string);
  };
  await visit('');
  expect(seen.size).toBeGreaterThan(20);
});

test.each([
  '../routes.ts',
  '%2e%2e/routes.ts',
  'assets/../../routes.ts',
  '..%2froutes.ts',
  'nothing.js',
  'package.json',
])('there is nothing at %s', async (path) => {
  const answer = await ask(page + path);
  expect(answer.status).toBe(404);
  expect(answer.text).not.toContain('import');
});

test('without the slash the page is one step away; it is read, never written', async () => {
  expect(await ask('/_local/console')).toMatchObject({ status: 308, headers: { location: page } });
  expect((await ask(page, { method: 'POST' })).status).toBe(405);
  expect((await ask(`${page}data/overview`, { method: 'DELETE' })).status).toBe(405);
});

test('a name that was made to point here, and a page of another origin, see nothing', async () => {
  expect((await ask(`${page}data/overview`, { headers: { host: 'rebound.example.com' } })).status).toBe(403);
  expect((await ask(`${page}data/overview`, { headers: { origin: 'https://example.com' } })).status).toBe(403);
});

test('what the page reads needs the token of the run; its files need none', async () => {
  for (const what of ['overview', 'machines', 'messages', 'wait?after=0']) {
    expect((await ask(`${page}data/${what}`, { headers: { 'x-laptop-token': '' } })).status).toBe(401);
  }
  const file = await ask(page, { headers: { 'x-laptop-token': '' } });
  expect(file.status).toBe(200);
  expect(file.text).not.toContain(cloud.pageToken);
});

test('without services there is nothing to show, and no error', async () => {
  for (const what of ['overview', 'machines', 'functions', 'alarms', 'messages']) {
    expect([what, (await ask(`${page}data/${what}`)).status]).toEqual([what, 200]);
  }
  expect((await ask(`${page}data/dashboard?name=ops`)).status).toBe(404);
  expect((await ask(`${page}data/execution?arn=x`)).status).toBe(404);
});

test('whoever waits hears as soon as something has happened', async () => {
  const { revision } = JSON.parse((await ask(`${page}data/overview`)).text);
  let isAnswered = false;
  const waiting = ask(`${page}data/wait?after=${revision}`).then((answer) => {
    isAnswered = true;
    return JSON.parse(answer.text);
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(isAnswered).toBe(false);
  await cloud.call({
    service: 'sts',
    operation: 'GetCallerIdentity',
    input: {},
    principal: {
      kind: 'administrator',
      arn: 'arn:aws:iam::000000000000:root',
      identityArn: 'arn:aws:iam::000000000000:root',
    },
  });
  expect((await waiting).revision).toBeGreaterThan(revision);
});

describe('a press of a button', () => {
  const endpoint = 'arn:aws:lambda:us-east-1:000000000000:function:f';
  const body = JSON.stringify({ endpoint, parameters: { a: 1 }, widgetContext: { dashboardName: 'ops' } });
  const own = () => ({
    origin: cloud.endpointUrl,
    'content-type': 'application/json',
    host: `127.0.0.1:${cloud.port}`,
  });
  const press = (headers: Record<string, string>, text = body) =>
    ask(`${page}widget-call`, { method: 'POST', headers, body: text });

  beforeEach(async () => {
    await cloud.close();
    cloud = await startLaptop();
    await allow(cloud, ['lambda:InvokeFunction'], '*', 'invoke');
    await make(
      cloud,
      'exports.handler = async (event) => event.fail ? Promise.reject(new TypeError("no")) : JSON.stringify(event)',
    );
  });

  test('invokes the function with the parameters and the context', async () => {
    const answer = await press(own());
    expect(answer.status).toBe(200);
    const { kind, html } = JSON.parse(answer.text);
    expect([kind, JSON.parse(html)]).toEqual([
      'html',
      { a: 1, widgetContext: { dashboardName: 'ops', accountId: '000000000000' } },
    ]);
  });

  test.each([
    ['of another page on this machine', { origin: 'http://127.0.0.1:1' }, 403],
    ['of another name for this machine', { origin: 'http://localhost:1' }, 403],
    ['without the token of the page', { 'x-laptop-token': '' }, 401],
    ['with the token of another run', { 'x-laptop-token': 'A'.repeat(32) }, 401],
    ['sent as a form', { 'content-type': 'text/plain' }, 415],
  ])('%s is refused, and nothing is invoked', async (_name, headers, status) => {
    expect((await press({ ...own(), ...headers } as Record<string, string>)).status).toBe(status);
    expect(cloud.recorder.calls({ operation: 'Invoke' })).toEqual([]);
  });

  test.each([
    ['no JSON', '{'],
    [
      'another service',
      JSON.stringify({
        endpoint: 'arn:aws:states:us-east-1:000000000000:stateMachine:m',
        parameters: {},
        widgetContext: {},
      }),
    ],
    ['no function', JSON.stringify({ parameters: {}, widgetContext: {} })],
  ])('that names %s is refused', async (_name, text) => {
    expect((await press(own(), text)).status).toBe(400);
  });

  test('tells what went wrong in the function, and that there is none', async () => {
    const failing = await press(own(), JSON.stringify({ endpoint, parameters: { fail: true }, widgetContext: {} }));
    expect(JSON.parse(failing.text)).toEqual({ kind: 'error', message: 'TypeError: no' });
    const gone = await press(
      own(),
      JSON.stringify({ endpoint: `${endpoint}-gone`, parameters: {}, widgetContext: {} }),
    );
    expect(JSON.parse(gone.text)).toMatchObject({
      kind: 'error',
      message: expect.stringMatching(/^ResourceNotFoundException: /),
    });
  });
});
