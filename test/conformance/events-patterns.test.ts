import { readFileSync } from 'node:fs';
import { EventBridgeClient, TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Endpoint, openEndpoint, refusal } from './endpoint.ts';

interface Case {
  /** A text where it matters how it is written. */
  readonly pattern: object | string;
  readonly detail?: object | string;
  readonly matches?: boolean;
  readonly fault?: string;
}

const cases = JSON.parse(readFileSync(new URL('vectors/event-patterns.json', import.meta.url), 'utf8')) as [
  string,
  Case,
][];
const written = (value: object | string) => (typeof value === 'string' ? value : JSON.stringify(value));
const envelope = {
  id: '1',
  source: 'conformance',
  'detail-type': 'Case',
  account: '123456789012',
  region: 'us-east-1',
  time: '2026-01-01T00:00:00Z',
  resources: [],
};
const eventWith = (detail: object | string) => `${JSON.stringify(envelope).slice(0, -1)},"detail":${written(detail)}}`;

let endpoint: Endpoint;
let events: EventBridgeClient;
beforeAll(async () => {
  endpoint = await openEndpoint();
  events = endpoint.client(EventBridgeClient);
});
afterAll(() => endpoint.close());

const ask = (EventPattern: string, Event: string) => events.send(new TestEventPatternCommand({ EventPattern, Event }));

describe('event patterns', () => {
  test.each(cases.filter(([, { fault }]) => fault === undefined))('%s', async (_, { pattern, detail, matches }) => {
    expect((await ask(written(pattern), eventWith(detail ?? {}))).Result).toBe(matches);
  });

  test.each(cases.filter(([, { fault }]) => fault !== undefined))('refused: %s', async (_, { pattern, fault }) => {
    expect(await refusal(ask(written(pattern), eventWith({})))).toEqual({
      code: 'InvalidEventPatternException',
      message: `Event pattern is not valid. Reason: ${fault}`,
      status: 400,
    });
  });

  test.each(['a text', '[1]', JSON.stringify({ detail: {} })])('%s is no event', async (event) => {
    expect(await refusal(ask('{"source":["x"]}', event))).toEqual({
      code: 'ValidationException',
      message: 'Parameter Event is not valid.',
      status: 400,
    });
  });
});
