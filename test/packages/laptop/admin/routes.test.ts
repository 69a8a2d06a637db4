import { request } from 'node:http';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { askLocal } from '../../../laptop-requests.ts';
import { clientOptions, probe } from '../wire/probe.ts';

let cloud: RunningCloud;
beforeAll(async () => {
  const secrets = probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), {
    GetSecretValue: {
      access: (input) => [{ action: 'secretsmanager:GetSecretValue', resource: `arn:aws:x:${input.SecretId}` }],
      handle: () => ({ SecretString: 'hunter2' }),
    },
  });
  cloud = await createCloud({ services: [secrets], log: () => {} });
});
afterAll(() => cloud.close());
beforeEach(() => cloud.reset());

async function ask(method: string, path: string, body?: unknown) {
  const init =
    body === undefined ? { method } : { method, body: typeof body === 'string' ? body : JSON.stringify(body) };
  const answer = await askLocal(cloud, path, init);
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}
const read = (SecretId: string) =>
  new SecretsManagerClient(clientOptions(cloud)).send(new GetSecretValueCommand({ SecretId }));

test('health names the services', async () => {
  expect(await ask('GET', '/_local/health')).toEqual({
    status: 200,
    body: { status: 'ok', region: 'us-east-1', services: ['iam', 'kms', 'secretsmanager', 'sts'] },
  });
});

test('faults are added, listed, replaced and taken away', async () => {
  const rule = { id: 'mine', kind: 'throttle', service: 'secretsmanager' };
  expect(await ask('POST', '/_local/faults', rule)).toMatchObject({ status: 201, body: { faults: [rule] } });
  await ask('POST', '/_local/faults', [{ ...rule, times: 2 }, { kind: 'reset' }]);
  expect((await ask('GET', '/_local/faults')).body.faults).toHaveLength(2);
  expect((await ask('DELETE', '/_local/faults/mine')).status).toBe(204);
  expect((await ask('DELETE', '/_local/faults/mine')).status).toBe(404);
  expect((await ask('DELETE', '/_local/faults')).status).toBe(204);
  expect((await ask('GET', '/_local/faults')).body).toEqual({ faults: [] });
});

test.each([
  ['no JSON', '{'],
  ['an unknown kind', { kind: 'explode' }],
  ['an unknown member', { kind: 'reset', servce: 'sqs' }],
  ['an empty list', []],
])('a rule that is %s is refused and explained', async (_name, body) => {
  const answer = await ask('POST', '/_local/faults', body);
  expect(answer.status).toBe(400);
  expect(answer.body.error).not.toBe('');
  expect(cloud.faults.list()).toEqual([]);
});

test('calls tell who did what, with what end, and no values', async () => {
  await read('a');
  await cloud.faults.add({ kind: 'throttle' });
  await expect(read('b')).rejects.toThrow();
  const { calls } = (await ask('GET', '/_local/calls?service=secretsmanager')).body;
  expect(calls).toMatchObject([
    {
      service: 'secretsmanager',
      operation: 'GetSecretValue',
      resources: ['arn:aws:x:a'],
      outcome: 'ok',
      principalKind: 'administrator',
      source: 'wire',
    },
    { outcome: 'ThrottlingException', fault: expect.any(String) },
  ]);
  expect(calls[1].sequence).toBe(calls[0].sequence + 1);
  expect(JSON.stringify(calls)).not.toContain('hunter2');
  const later = await ask('GET', `/_local/calls?afterSequence=${calls[0].sequence}&limit=1`);
  expect(later.body.calls).toEqual([calls[1]]);
  expect((await ask('GET', '/_local/accesses')).body.accesses).toMatchObject([
    { action: 'secretsmanager:GetSecretValue', resource: 'arn:aws:x:a', count: 1, allowed: true },
  ]);
});

test('settings are changed one by one, within their bounds', async () => {
  expect((await ask('PATCH', '/_local/settings', { eventsDuplicatedRate: 0 })).body.eventsDuplicatedRate).toBe(0);
  expect(cloud.settings.eventsDuplicatedRate).toBe(0);
  expect((await ask('PATCH', '/_local/settings', { eventsLostRate: 2 })).status).toBe(400);
  expect((await ask('PATCH', '/_local/settings', { nothing: 2 })).status).toBe(400);
});

test('reset empties, and withdraws what was issued', async () => {
  await read('a');
  cloud.faults.add({ kind: 'reset' });
  expect(await ask('POST', '/_local/reset')).toEqual({ status: 200, body: { status: 'empty' } });
  expect(cloud.recorder.calls()).toEqual([]);
  expect(cloud.faults.list()).toEqual([]);
  expect((await ask('GET', '/_local/reset')).status).toBe(405);
  expect((await ask('GET', '/_local/nothing')).status).toBe(404);
});

test.each([
  ['a page of another origin', { origin: 'https://example.com' }],
  ['a name that was made to point here', { host: 'rebound.example.com' }],
])('%s cannot reset the cloud', async (_name, headers) => {
  await read('a');
  const status = await new Promise((resolve) => {
    const sent = request(`${cloud.endpointUrl}/_local/reset`, { method: 'POST', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.end();
  });
  expect(status).toBe(403);
  expect(cloud.recorder.calls()).toHaveLength(1);
});
