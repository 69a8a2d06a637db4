import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { probe } from './probe.ts';

let cloud: RunningCloud;
const printed: string[] = [];
beforeAll(async () => {
  const answer = { handle: () => ({}) };
  cloud = await createCloud({
    log: (line) => printed.push(line),
    services: [
      probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), { CreateSecret: answer }),
      probe('lambda', () => import('@aws-sdk/client-lambda'), { CreateFunction: answer, Invoke: answer }),
      probe('sns', () => import('@aws-sdk/client-sns'), { Publish: answer }),
    ],
  });
});
afterAll(() => cloud.close());

function send(path: string, headers: Record<string, string>, body: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: cloud.port, method: 'POST', path, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const scope = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;
const signed = (service: string) => ({ authorization: scope(service), 'x-amz-date': '20260101T000000Z' });
const anything = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .record({ Name: fc.jsonValue(), Tags: fc.jsonValue(), SecretBinary: fc.jsonValue() })
    .map((value) => Buffer.from(JSON.stringify(value))),
  fc.webQueryParameters().map((text) => Buffer.from(`Action=Publish&Version=2010-03-31&${text}`)),
);

test.each([
  [
    'JSON',
    '/',
    {
      ...signed('secretsmanager'),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.CreateSecret',
    },
  ],
  ['REST', '/2015-03-31/functions', signed('lambda')],
  ['query', '/', { ...signed('sns'), 'content-type': 'application/x-www-form-urlencoded' }],
])('whatever bytes come over %s, the answer is AWS’s and the endpoint lives', async (_name, path, headers) => {
  printed.length = 0;
  await fc.assert(
    fc.asyncProperty(anything, async (body) => {
      const status = await send(path, headers as Record<string, string>, body);
      expect(status).toBeGreaterThanOrEqual(200);
      expect(status).toBeLessThan(500);
    }),
    { numRuns: 150 },
  );
  expect(printed.filter((line) => !line.includes('not supported'))).toEqual([]);
});

test('whatever path or credential comes, likewise', async () => {
  const text = fc.string({ unit: fc.constantFrom(...'aZ09/%{}+:._-=,~'), maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(text, text, async (path, credential) => {
      const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=${credential}`;
      expect(await send(`/2015-03-31/functions/${path}`, signed('lambda'), new Uint8Array())).toBeLessThan(500);
      expect(await send(`/${path}`, { authorization }, new Uint8Array())).toBeLessThan(500);
    }),
    { numRuns: 150 },
  );
});
