import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { EventsLaptop } from './laptop.ts';

let laptop: EventsLaptop;
afterEach(() => laptop?.cloud.close());

const MINUTE = 60_000;

async function scheduled(ScheduleExpression: string, more: object = {}) {
  laptop = await EventsLaptop.start();
  const Arn = await laptop.queue('q');
  const { RuleArn } = await laptop.call('events', 'PutRule', { Name: 'tick', ScheduleExpression, ...more });
  await laptop.call('events', 'PutTargets', { Rule: 'tick', Targets: [{ Id: 'q', Arn }] });
  return RuleArn;
}

const deliveries = () => laptop.cloud.recorder.calls({ operation: 'SendMessage' }).length;

test('a rate counts from the rule’s creation', async () => {
  const RuleArn = await scheduled('rate(5 minutes)');
  await laptop.clock.advance(5 * MINUTE - 1);
  expect(await laptop.messages('q')).toEqual([]);
  await laptop.clock.advance(1);
  const [message] = await laptop.arrived('q');
  expect(JSON.parse(String(message?.Body))).toEqual({
    version: '0',
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    time: '2026-01-15T12:05:30Z',
    region: 'us-east-1',
    resources: [RuleArn],
    detail: {},
  });
  await laptop.clock.advance(10 * MINUTE);
  expect(await laptop.arrived('q', 3)).toHaveLength(3);
});

test('a cron expression is in UTC, to the minute', async () => {
  await scheduled('cron(5 12 ? * THU *)');
  await laptop.clock.advance(4 * MINUTE);
  expect(await laptop.messages('q')).toEqual([]);
  await laptop.clock.advance(MINUTE);
  const [message] = await laptop.arrived('q');
  expect(JSON.parse(String(message?.Body)).time).toBe('2026-01-15T12:05:00Z');
  await laptop.clock.advance(6 * 24 * 60 * MINUTE);
  expect(deliveries()).toBe(1);
  await laptop.clock.advance(24 * 60 * MINUTE);
  await eventually(() => deliveries() === 2);
});

test('a disabled rule waits; enabled, it goes on with its schedule', async () => {
  await scheduled('rate(1 hour)', { State: 'DISABLED' });
  await laptop.clock.advance(2 * 60 * MINUTE);
  expect(deliveries()).toBe(0);
  await laptop.call('events', 'EnableRule', { Name: 'tick' });
  await laptop.clock.advance(60 * MINUTE);
  expect(await laptop.arrived('q')).toHaveLength(1);
});

test('a rule put again goes by its new schedule alone', async () => {
  await scheduled('rate(1 minute)');
  await laptop.call('events', 'PutRule', { Name: 'tick', ScheduleExpression: 'rate(1 day)' });
  await laptop.clock.advance(60 * MINUTE);
  expect(deliveries()).toBe(0);
});

test('a rule that is deleted, or emptied away, is heard of no more', async () => {
  await scheduled('rate(1 minute)');
  await laptop.call('events', 'RemoveTargets', { Rule: 'tick', Ids: ['q'] });
  await laptop.call('events', 'DeleteRule', { Name: 'tick' });
  await laptop.call('events', 'PutRule', { Name: 'tock', ScheduleExpression: 'rate(1 minute)' });
  await laptop.cloud.reset();
  await laptop.clock.advance(60 * MINUTE);
  expect(deliveries()).toBe(0);
  expect(laptop.buses.scheduled()).toEqual([]);
});

test('a schedule beside a pattern: the rule does both', async () => {
  await scheduled('rate(1 minute)', { EventPattern: '{"source":["app"]}' });
  await laptop.put('app');
  await laptop.arrived('q');
  await laptop.clock.advance(MINUTE);
  const bodies = (await laptop.arrived('q', 2)).map(({ Body }) => JSON.parse(Body).source);
  expect(bodies.sort()).toEqual(['app', 'aws.events']);
});
