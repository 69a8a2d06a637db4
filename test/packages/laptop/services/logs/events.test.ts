import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TestMetricFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import { clientOptions } from '../../wire/probe.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const logGroupName = '/app';
let cloud: RunningCloud;
let clock: ManualClock;
let logs: CloudWatchLogsClient;
beforeEach(async () => {
  clock = new ManualClock(new Date(START));
  cloud = await createCloud({ clock, services: [createLogsService], log: () => {} });
  logs = new CloudWatchLogsClient(clientOptions(cloud));
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of ['one', 'two']) {
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  }
});
afterEach(() => cloud.close());

const put = (logStreamName: string, ...events: [offset: number, message: string][]) =>
  logs.send(
    new PutLogEventsCommand({
      logGroupName,
      logStreamName,
      logEvents: events.map(([offset, message]) => ({ timestamp: START + offset, message })),
    }),
  );
const get = (more: Partial<GetLogEventsCommandInput> = {}) =>
  logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: 'one', ...more }));
const messages = async (more: Partial<GetLogEventsCommandInput> = {}) =>
  (await get(more)).events?.map(({ message }) => message);
const filter = async (more: Partial<FilterLogEventsCommandInput> = {}) =>
  (await logs.send(new FilterLogEventsCommand({ logGroupName, ...more }))).events?.map(({ message }) => message);

describe('writing', () => {
  test('takes lines in order and puts late ones in their place', async () => {
    await put('one', [-3000, 'a'], [-1000, 'c']);
    await put('one', [-2000, 'b']);
    expect(await messages({ startFromHead: true })).toEqual(['a', 'b', 'c']);
    const { events } = await get();
    expect(events?.[0]).toEqual({ timestamp: START - 3000, message: 'a', ingestionTime: START });
  });

  test('refuses lines out of order, of more than a day, or none', async () => {
    await expect(put('one', [0, 'b'], [-1, 'a'])).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Log events in a single PutLogEvents request must be in chronological order.',
    });
    await expect(put('one', [-DAY - 1, 'a'], [0, 'b'])).rejects.toMatchObject({
      message: 'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    });
    await expect(put('one')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('refuses a megabyte, 26 bytes counted for each line', async () => {
    const limit = 1_048_576;
    await put('one', [0, 'x'.repeat(limit - 26)]);
    await expect(put('one', [0, 'x'.repeat(limit - 25)])).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: `Upload too large: ${limit + 1} bytes exceeds limit of ${limit}`,
    });
  });

  test('passes over what is too old, expired or too new, and says so', async () => {
    expect((await put('one', [-14 * DAY - 1, 'old'], [-14 * DAY, 'kept'])).rejectedLogEventsInfo).toEqual({
      tooOldLogEventEndIndex: 1,
    });
    expect((await put('one', [0, 'kept'], [2 * HOUR, 'kept'], [2 * HOUR + 1, 'new'])).rejectedLogEventsInfo).toEqual({
      tooNewLogEventStartIndex: 2,
    });
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 3 }));
    expect((await put('one', [-3 * DAY - 1, 'gone'], [-3 * DAY, 'last'])).rejectedLogEventsInfo).toEqual({
      expiredLogEventEndIndex: 1,
    });
    expect(await messages({ startFromHead: true })).toEqual(['last', 'kept', 'kept']);
  });

  test('needs group and stream', async () => {
    await expect(put('three', [0, 'x'])).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The specified log stream does not exist.',
    });
  });

  test('of lines that are kept for a day shows them for a day', async () => {
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
    await put('one', [0, 'early'], [HOUR, 'late']);
    await clock.advance(DAY + 1);
    expect(await messages()).toEqual(['late']);
    expect(await filter()).toEqual(['late']);
  });
});

describe('reading a stream', () => {
  beforeEach(() => put('one', [0, 'a'], [1, 'b'], [2, 'c'], [3, 'd'], [4, 'e']));

  test('begins at the end, or at the head if it is asked to', async () => {
    expect(await messages({ limit: 2 })).toEqual(['d', 'e']);
    expect(await messages({ limit: 2, startFromHead: true })).toEqual(['a', 'b']);
  });

  test('goes backwards and forwards by tokens, which repeat themselves at the ends', async () => {
    const newest = await get({ limit: 2 });
    const older = await get({ limit: 2, nextToken: newest.nextBackwardToken });
    expect(older.events?.map(({ message }) => message)).toEqual(['b', 'c']);
    expect(await messages({ limit: 9, nextToken: older.nextBackwardToken })).toEqual(['a']);
    const ended = await get({ nextToken: newest.nextForwardToken });
    expect(ended.events).toEqual([]);
    expect(ended.nextForwardToken).toBe(newest.nextForwardToken);
    await put('one', [5, 'f']);
    expect(await messages({ nextToken: newest.nextForwardToken })).toEqual(['f']);
  });

  test('includes its start and not its end', async () => {
    expect(await messages({ startTime: START + 1, endTime: START + 3 })).toEqual(['b', 'c']);
  });

  test('refuses a token that it did not give, and a page that is too long', async () => {
    await expect(get({ nextToken: 'x' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The specified nextToken is invalid.',
    });
    await expect(get({ limit: 10_001 })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('takes the group’s ARN', async () => {
    const logGroupIdentifier = `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}`;
    const { events } = await logs.send(new GetLogEventsCommand({ logGroupIdentifier, logStreamName: 'one' }));
    expect(events).toHaveLength(5);
  });
});

describe('searching a group', () => {
  test('mixes streams by time, takes some of them, and both ends of the time', async () => {
    await put('one', [0, 'a'], [2, 'c']);
    await put('two', [1, 'b'], [3, 'd']);
    expect(await filter()).toEqual(['a', 'b', 'c', 'd']);
    expect(await filter({ logStreamNames: ['two'] })).toEqual(['b', 'd']);
    expect(await filter({ logStreamNamePrefix: 'on' })).toEqual(['a', 'c']);
    expect(await filter({ startTime: START + 1, endTime: START + 2 })).toEqual(['b', 'c']);
    await expect(filter({ logStreamNames: ['one'], logStreamNamePrefix: 't' })).rejects.toMatchObject({
      message: 'logStreamNames and logStreamNamePrefix are mutually exclusive parameters.',
    });
  });

  test('comes in pages', async () => {
    await put('one', [0, 'a'], [0, 'b'], [1, 'c']);
    const first = await logs.send(new FilterLogEventsCommand({ logGroupName, limit: 2 }));
    expect(first.events).toMatchObject([
      { logStreamName: 'one', timestamp: START, message: 'a', eventId: expect.stringMatching(/^\d{56}$/) },
      { message: 'b' },
    ]);
    expect(await filter({ nextToken: first.nextToken })).toEqual(['c']);
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
  const lines = [
    '[ERROR 400] BAD REQUEST',
    '[ERROR 401] UNAUTHORIZED REQUEST',
    '[ERROR 419] MISSING ARGUMENTS',
    '[ERROR 420] INVALID ARGUMENTS',
  ];
  const json = [
    '{"level":"ERROR","code":500,"user":{"id":1,"name":"John Stiles"},"tags":["a","b"],"last":null,"ok":true}',
    '{"level":"WARN","code":404,"user":{"id":2,"name":"Anna"},"tags":[],"ok":false}',
  ];
  test.each<[string, string[]]>([
    ['', [...lines, ...json]],
    ['ERROR', [...lines, String(json[0])]],
    ['error', []],
    ['ERROR ARGUMENTS', lines.slice(2)],
    ['?REQUEST ?MISSING', lines.slice(0, 3)],
    ['ERROR -ARGUMENTS -level', lines.slice(0, 2)],
    ['"INVALID ARGUMENTS"', lines.slice(3)],
    ['%4[12]0%', lines.slice(3)],
    ['{ $.level = "ERROR" }', json.slice(0, 1)],
    ['{$.level = "E*"}', json.slice(0, 1)],
    ['{ $.level != "ERROR" }', json.slice(1)],
    ['{ $.code >= 404 }', json],
    ['{ $.code < 500 && $.user.id = 2 }', json.slice(1)],
    ['{ ($.user.id = 1 || $.user.id = 2) && $.ok IS TRUE }', json.slice(0, 1)],
    ['{ $.tags[0] = "a" }', json.slice(0, 1)],
    ['{ $.last IS NULL }', json.slice(0, 1)],
    ['{ $.last NOT EXISTS }', json.slice(1)],
    ['{ $.user.name = %^J% }', json.slice(0, 1)],
  ])('%s finds what AWS’s documentation says', async (filterPattern, found) => {
    await put('one', ...[...lines, ...json].map((line, at) => [at, line] as [number, string]));
    expect(await filter({ filterPattern })).toEqual(found);
  });

  test.each([
    '{ $.level = }',
    '{ level = "x" }',
    '{ $.a = "x" &&',
    '%[%',
    '[ip, user]',
  ])('%s is refused', async (pattern) => {
    await expect(filter({ filterPattern: pattern })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('a pattern is tried on lines of one’s own, with what it picks out', async () => {
    const { matches } = await logs.send(
      new TestMetricFilterCommand({
        filterPattern: '{$.code > 400 && $.user.name = *}',
        logEventMessages: ['no JSON', ...json],
      }),
    );
    expect(matches).toEqual([
      { eventNumber: 2, eventMessage: json[0], extractedValues: { '$.code': '500', '$.user.name': 'John Stiles' } },
      { eventNumber: 3, eventMessage: json[1], extractedValues: { '$.code': '404', '$.user.name': 'Anna' } },
    ]);
  });
});

test('a stream keeps its newest twenty thousand lines', async () => {
  const batch = (from: number) =>
    put('one', ...Array.from({ length: 5000 }, (_, at) => [from + at, `${from + at}`] as [number, string]));
  for (const from of [0, 5000, 10_000, 15_000, 20_000]) await batch(from);
  const oldest = await messages({ startFromHead: true, limit: 1 });
  expect(Number(oldest?.[0])).toBeGreaterThan(0);
  expect(await messages({ limit: 1 })).toEqual(['24999']);
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
  expect(logStreams?.[0]?.lastEventTimestamp).toBe(START + 24_999);
});
