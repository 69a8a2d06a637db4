import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import {
  CONSUMER_CLIENT_CONTEXT,
  ConsumerAnswer,
  ConsumerEvent,
} from '../../../packages/consumer/contracts/consumer-events.ts';
import * as consumer from '../../../packages/consumer/index.ts';
import * as jwt from '../../../packages/consumer/jwt.ts';
import * as parameters from '../../../packages/consumer/parameters.ts';
import * as pool from '../../../packages/consumer/pool.ts';
import { RECYCLE_VARIABLE } from '../../../pipeline/propagation/recycle-mark.ts';

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), 'utf8');
const text = read('consumers.md');

test.each([
  ['consumer-event.schema.json', ConsumerEvent],
  ['consumer-answer.schema.json', ConsumerAnswer],
])('%s is the schema that the code parses with', (name, schema) => {
  expect(JSON.parse(read(name))).toEqual(JSON.parse(JSON.stringify(toJsonSchema(schema))));
});

test('the events that the page shows are valid, and so are its answers', () => {
  const shown = [...text.matchAll(/^\{"keyturn": .*\}$/gm)].map(([json]) => JSON.parse(json));
  expect(shown).toHaveLength(2);
  expect([v.is(ConsumerEvent, shown[0]), v.is(ConsumerAnswer, shown[1])]).toEqual([true, true]);
  expect(text).toContain('{"custom": {"keyturn": "consumer-event"}}');
  expect(CONSUMER_CLIENT_CONTEXT).toEqual({ custom: { keyturn: 'consumer-event' } });
  expect(text).toContain(RECYCLE_VARIABLE);
});

test('whatever can be imported is on the page', () => {
  const names = [consumer, jwt, parameters, pool].flatMap((entry) => Object.keys(entry));
  const unusual = ['defaultProvider', 'setDefaultProvider'];
  const missing = names.filter((name) => !text.includes(name) && !unusual.includes(name));
  expect(missing).toEqual([]);
});

test('every error’s code is on the page', () => {
  const codes = Object.keys(consumer).filter((name) => name.endsWith('Error'));
  expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});
