import { describe, expect, test } from '@jest/globals';
import { embeddedMetrics } from '../../../../../packages/laptop/services/cloudwatch/embedded-metrics.ts';

const directive = {
  Namespace: 'app',
  Dimensions: [['service'], ['service', 'kind']],
  Metrics: [{ Name: 'failures', Unit: 'Count' }],
};
const line = (more: object = {}, directives: unknown = [directive]) =>
  JSON.stringify({
    _aws: { Timestamp: 1_767_225_600_000, CloudWatchMetrics: directives },
    service: 'chat',
    kind: 'db',
    failures: 2,
    ...more,
  });

test('a line gives one metric for each set of dimensions', () => {
  const common = {
    namespace: 'app',
    metricName: 'failures',
    values: [2],
    unit: 'Count',
    timestamp: 1_767_225_600_000,
  };
  expect(embeddedMetrics(line())).toEqual([
    { ...common, dimensions: { service: 'chat' } },
    { ...common, dimensions: { service: 'chat', kind: 'db' } },
  ]);
});

test('the prefix of a function’s console is passed over, another text is not', () => {
  const prefix = '2026-01-01T00:00:00.000Z\t11111111-2222-4333-8444-555555555555\tINFO\t';
  expect(embeddedMetrics(`${prefix}${line()}\n`)).toEqual(embeddedMetrics(line()));
  expect(embeddedMetrics(`metrics: ${line()}`)).toEqual([]);
});

test('several values are several data; without a unit it is None; an empty set has no dimensions', () => {
  const bare = [{ ...directive, Dimensions: [[]], Metrics: [{ Name: 'failures' }] }];
  expect(embeddedMetrics(line({ failures: [1, 2, 3] }, bare))).toEqual([
    expect.objectContaining({ values: [1, 2, 3], unit: 'None', dimensions: {} }),
  ]);
});

describe('left out is', () => {
  test('a set of dimensions that the line lacks a member of', () => {
    const found = embeddedMetrics(line({ kind: undefined }));
    expect(found.map(({ dimensions }) => dimensions)).toEqual([{ service: 'chat' }]);
  });

  test('a metric without a number', () => {
    expect(embeddedMetrics(line({ failures: 'many' }))).toEqual([]);
    expect(embeddedMetrics(line({ failures: undefined }))).toEqual([]);
  });

  test.each([
    ['plain text', 'failures: 2'],
    ['text with the mark', 'see "_aws" above'],
    ['JSON without the mark', '{"failures":2}'],
    ['a mark that is none', '{"_aws":true}'],
    ['no timestamp', JSON.stringify({ _aws: { CloudWatchMetrics: [directive] }, service: 'chat', failures: 1 })],
    ['no namespace', line({}, [{ ...directive, Namespace: undefined }])],
    ['dimensions that are no lists', line({}, [{ ...directive, Dimensions: ['service'] }])],
    ['31 dimensions', line({}, [{ ...directive, Dimensions: [Array.from({ length: 31 }, (_, at) => `d${at}`)] }])],
  ])('a line of %s', (_case, text) => {
    expect(embeddedMetrics(text)).toEqual([]);
  });
});
