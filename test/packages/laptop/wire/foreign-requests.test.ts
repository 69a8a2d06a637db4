import { once } from 'node:events';
import { request } from 'node:http';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { signedHeaders } from '../../../laptop-requests.ts';
import { probe } from './probe.ts';

let cloud: RunningCloud;
let carriedOut: string[];
beforeAll(async () => {
  cloud = await createCloud({
    log: () => {},
    services: [
      probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), {
        GetSecretValue: {
          handle: ({ SecretId }) => {
            carriedOut.push(SecretId);
            return { Name: SecretId };
          },
        },
      }),
    ],
  });
  cloud.routes.add('/_functions/url/f/', 'public', ({ headers }) => ({ status: 200, body: headers.host ?? '' }));
});
beforeEach(() => {
  carriedOut = [];
});
afterAll(() => cloud.close());

const body = '{"SecretId":"a"}';
const json = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' };

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** As `fetch` cannot: with any host. What is signed is what is sent, so that only the door can refuse it. */
async function send(headers: Record<string, string>, path = '/', method = 'POST', to = cloud): Promise<Answer> {
  const named = path === '/' ? { ...json, ...headers } : headers;
  const carried = method === 'GET' || method === 'DELETE' ? {} : { body };
  const signed = await signedHeaders(to, 'secretsmanager', { method, path, headers: named, ...carried });
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: to.port, path, method, headers: signed }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    sent.on('error', reject);
    sent.end(carried.body);
  });
}

describe('foreign requests are refused, however well they are signed', () => {
  test.each([
    ['the name of another host', { host: 'evil.example' }],
    ['the name of another host with our port', { host: 'evil.example:4599' }],
    ['a name that begins like ours', { host: '127.0.0.1.evil.example' }],
    ['a name that ends like ours', { host: 'evil-localhost' }],
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page of another port of this machine', { origin: 'http://localhost:8888' }],
    ['a page without an origin of its own', { origin: 'null' }],
    ['a page of our name over TLS', { origin: 'https://127.0.0.1' }],
    ['what a browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['what a browser calls same-site', { 'sec-fetch-site': 'same-site' }],
    [
      'a navigation from another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
  ])('%s', async (_name, headers) => {
    for (const path of ['/', '/_local/health', '/_functions/code/0']) {
      const answer = await send(headers as Record<string, string>, path);
      expect(answer).toMatchObject({ status: 403, text: expect.stringMatching(/^The laptop answers /) });
      expect(answer.headers.date).toBeDefined();
    }
    expect(carriedOut).toEqual([]);
  });

  test('no host at all', async () => {
    const socket = connect(cloud.port, '127.0.0.1', () => socket.write('GET /_local/console/ HTTP/1.0\r\n\r\n'));
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 403 /);
    socket.destroy();
  });

  test('over HTTP/2 as well', async () => {
    const session = http2.connect(cloud.endpointUrl);
    const stream = session.request({ ':path': '/_local/health', ':authority': 'evil.example' });
    const [answer] = await once(stream, 'response');
    expect(answer[':status']).toBe(403);
    expect(answer.date).toBeDefined();
    session.destroy();
  });

  test('before the body is read: a hundred megabytes are not waited for', async () => {
    const sent = request({
      host: '127.0.0.1',
      port: cloud.port,
      method: 'POST',
      headers: { host: 'evil.example', 'content-length': String(100 * 2 ** 20) },
    });
    sent.on('error', () => undefined);
    sent.write('a');
    const [answer] = await once(sent, 'response');
    expect(answer.statusCode).toBe(403);
    sent.destroy();
  });

  test('a WebSocket of another origin is not opened', async () => {
    const sent = request({
      host: '127.0.0.1',
      port: cloud.port,
      headers: {
        origin: 'http://localhost:8888',
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      },
    });
    sent.end();
    const [answer] = await once(sent, 'response');
    expect(answer.statusCode).toBe(403);
    answer.resume();
  });

  test('the refusal does not repeat control characters and markup of what it refuses', async () => {
    const { text } = await send({ origin: `http://<script>\u0085${'a'.repeat(500)}` });
    expect(text).not.toMatch(/[^\x20-\x7e\n]/);
    expect(text.length).toBeLessThan(300);
  });
});

test.each(['127.0.0.1', 'localhost', '[::1]'])('programs and pages of %s are let in', async (name) => {
  const host = `${name}:${cloud.port}`;
  const own = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
  for (const headers of [{ host }, own, { host, 'sec-fetch-site': 'none' }]) {
    expect(await send(headers as Record<string, string>)).toMatchObject({ status: 200 });
  }
});

test('function URLs and HTTP APIs decide for themselves which origins they answer, under their own host', async () => {
  const foreign = { origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' };
  expect(await send(foreign, '/_functions/url/f/')).toMatchObject({ status: 200, text: `127.0.0.1:${cloud.port}` });
  expect(await send({ host: 'evil.example' }, '/_functions/url/f/')).toMatchObject({ status: 403 });
});

test('a person who follows a link gets the page, whose files hold nothing of the run', async () => {
  const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  expect(await send(visit, '/_local/console/', 'GET')).toMatchObject({ status: 200 });
  expect(await send({ 'sec-fetch-site': 'cross-site' }, '/_local/console/', 'GET')).toMatchObject({ status: 403 });
  expect(await send(visit, '/_local/console/data/overview', 'GET')).toMatchObject({ status: 403 });
});

describe('paths below /_local/', () => {
  const ask = (headers: Record<string, string>) => fetch(`${cloud.endpointUrl}/_local/health`, { headers });
  test('take the token of the page, or a signature of the administrator', async () => {
    expect((await ask({ 'x-laptop-token': cloud.pageToken })).status).toBe(200);
    const signed = await signedHeaders(cloud, 'laptop', { method: 'GET', path: '/_local/health' });
    expect((await ask(signed)).status).toBe(200);
  });

  test('refuse what has neither, another token, another secret, and a role', async () => {
    expect((await ask({})).status).toBe(401);
    expect((await ask({ 'x-laptop-token': 'a'.repeat(32) })).status).toBe(401);
    const credentials = { ...cloud.administrator, secretAccessKey: 'other' };
    const forged = await signedHeaders(cloud, 'laptop', { method: 'GET', path: '/_local/health', credentials });
    expect((await ask(forged)).status).toBe(403);
    const arn = 'arn:aws:sts::000000000000:assumed-role/r/s';
    const role = cloud.sessions.issue({ kind: 'role', arn, identityArn: 'arn:aws:iam::000000000000:role/r' });
    const byRole = await signedHeaders(cloud, 'laptop', { method: 'GET', path: '/_local/health', credentials: role });
    expect((await ask(byRole)).status).toBe(401);
  });
});

test('every answer has a Date, that to bytes that are no HTTP too', async () => {
  expect((await send({})).headers.date).toBeDefined();
  const socket = connect(cloud.port, '127.0.0.1', () => socket.write('GET / HTTP/9.9\r\n\r\n'));
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nDate: \w{3}, \d\d /);
  socket.destroy();
});

describe('names that every object answers to, and bytes that are no percent-encoding', () => {
  const names = ['__proto__', 'constructor', 'toString', '%ff', '%'];

  test.each(names)('%s as a service, a target, an action, a version, a region', async (name) => {
    const scope = `${cloud.administrator.accessKeyId}/20260101/us-east-1/${name}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;${name}, Signature=00`;
    const date = { 'x-amz-date': '20260101T000000Z' };
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const requests: [Record<string, string>, string][] = [
      [{ ...json, ...date, authorization }, body],
      [{ ...json, ...date, authorization: authorization.replace(`/${name}/`, '/secretsmanager/') }, body],
      [{ ...json, 'x-amz-target': `${name}.${name}` }, body],
      [form, `Action=${encodeURIComponent(name)}&Version=${encodeURIComponent(name)}&${name}.${name}.1=a`],
      [{ authorization: `Bearer ${name}` }, body],
    ];
    for (const [headers, text] of requests) {
      const answer = await fetch(cloud.endpointUrl, { method: 'POST', headers, body: text });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
    const target = { 'x-amz-target': `${name}.${name}` };
    expect((await send(target)).status).toBeLessThan(500);
  });

  let full: RunningCloud;
  beforeAll(async () => {
    full = await createCloud({ log: () => {} });
  });
  afterAll(() => full.close());

  test.each(names)('%s in every path that the laptop serves', async (name) => {
    const paths = [
      '/_local/console/data/',
      '/_local/console/',
      '/_local/faults/',
      '/_local/schedules/',
      '/_local/bedrock/models/',
      '/_local/',
      '/_api/',
      '/_functions/url/',
      '/_functions/code/',
      '/_region/',
      '/2015-03-31/functions/',
      '/',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        for (const end of ['', `/${name}`, '/fire']) {
          const sent = { 'x-laptop-token': full.pageToken };
          const { status } = await send(sent, `${path}${name}${end}`, method, full);
          expect({ path, method, end, isAnswer: status >= 400 && status < 500 }).toEqual({
            path,
            method,
            end,
            isAnswer: true,
          });
        }
      }
    }
  });
});
