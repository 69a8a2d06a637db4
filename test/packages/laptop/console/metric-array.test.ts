import { readMetricArrays } from '../../../../packages/laptop/console/metric-array.ts';

const read = (metrics: unknown[][]) =>
  readMetricArrays(metrics).map(({ namespace, metricName, dimensions }) => [namespace, metricName, dimensions]);

test('namespace, name, dimensions, options', () => {
  const metrics = [['AWS/Lambda', 'Errors', 'FunctionName', 'f', { label: 'errors', stat: 'Sum' }]];
  expect(readMetricArrays(metrics)).toEqual([
    {
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensions: { FunctionName: 'f' },
      options: { label: 'errors', stat: 'Sum' },
    },
  ]);
});

test('a dot repeats what stood there, three dots as much as leaves room for the rest', () => {
  const metrics = [
    ['AWS/EC2', 'CPUUtilization', 'InstanceId', 'i-1'],
    ['.', 'DiskReadOps', '.', '.'],
    ['...', 'i-2'],
    ['AWS/EC2', '...', { color: '#ff0000' }],
  ];
  expect(read(metrics)).toEqual([
    ['AWS/EC2', 'CPUUtilization', { InstanceId: 'i-1' }],
    ['AWS/EC2', 'DiskReadOps', { InstanceId: 'i-1' }],
    ['AWS/EC2', 'DiskReadOps', { InstanceId: 'i-2' }],
    ['AWS/EC2', 'DiskReadOps', { InstanceId: 'i-2' }],
  ]);
});

test('an expression stands between metrics without taking part in the dots', () => {
  const metrics = [['A', 'B', 'C', 'd'], [{ expression: 'm1 * 2', label: 'twice' }], ['.', 'E', '.', '.']];
  expect(read(metrics)[2]).toEqual(['A', 'E', { C: 'd' }]);
  expect(readMetricArrays(metrics)[1]?.options.expression).toBe('m1 * 2');
});
