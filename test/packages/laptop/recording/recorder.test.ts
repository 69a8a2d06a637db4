import { expect, test } from '@jest/globals';
import { type RecordedCall, Recorder } from '../../../../packages/laptop/recording/recorder.ts';

const call = (operation: string, more: Partial<RecordedCall> = {}): Omit<RecordedCall, 'sequence'> => ({
  time: '2026-01-01T00:00:00.000Z',
  requestId: 'r',
  source: 'wire',
  principal: 'arn:aws:sts::000000000000:assumed-role/reader/s',
  principalKind: 'role',
  service: 'secretsmanager',
  operation,
  region: 'us-east-1',
  resources: [],
  outcome: 'ok',
  durationMilliseconds: 1,
  ...more,
});

test('keeps the last calls within its bound, and never counts a number twice', () => {
  const recorder = new Recorder(10);
  for (let count = 1; count <= 1_000; count++) recorder.add(call(`Operation${count}`));
  const kept = recorder.calls();
  expect(kept.length).toBeLessThanOrEqual(10);
  expect(kept.length).toBeGreaterThanOrEqual(9);
  expect(kept.at(-1)).toMatchObject({ sequence: 1_000, operation: 'Operation1000' });
  recorder.clear();
  expect(recorder.add(call('After')).sequence).toBe(1_001);
});

test('filters by every member it offers', () => {
  const recorder = new Recorder();
  recorder.add(call('GetSecretValue', { resources: ['arn:secret:app/db-AbCdEf'], outcome: 'AccessDeniedException' }));
  recorder.add(call('PutSecretValue', { service: 'ssm', principal: 'arn:aws:iam::000000000000:user/robot' }));
  const found = (filter: Parameters<Recorder['calls']>[0]) => recorder.calls(filter).map(({ operation }) => operation);
  expect(found({ resource: 'app/db' })).toEqual(['GetSecretValue']);
  expect(found({ outcome: 'AccessDeniedException' })).toEqual(['GetSecretValue']);
  expect(found({ service: 'ssm' })).toEqual(['PutSecretValue']);
  expect(found({ principal: 'user/robot' })).toEqual(['PutSecretValue']);
  expect(found({ operation: 'PutSecretValue' })).toEqual(['PutSecretValue']);
  expect(found({ afterSequence: 1 })).toEqual(['PutSecretValue']);
  expect(found({})).toEqual(['GetSecretValue', 'PutSecretValue']);
});

test('tells subscribers of each call, until they leave', () => {
  const recorder = new Recorder();
  const heard: string[] = [];
  const leave = recorder.subscribe(({ operation }) => heard.push(operation));
  recorder.add(call('First'));
  leave();
  recorder.add(call('Second'));
  expect(heard).toEqual(['First']);
});
