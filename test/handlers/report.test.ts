import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SnsService } from '../../packages/laptop/services/sns/service.ts';
import { consumerStateOf } from '../../pipeline/history/consumer-state.ts';
import { describeConsumerState } from '../../pipeline/history/consumer-words.ts';
import { readStory, type StoryRow } from '../../pipeline/history/story-rows.ts';
import { eventually } from '../eventually.ts';
import { Deployed } from './deployed.ts';

/**
 * What a Report state sets going, with the functions, rules, table, alarms and topic as they are deployed: from the payload
 * that a machine sends to what stands in the history, rings, and is read on a phone.
 */
const ACCOUNT = '000000000000';
const secretArn = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:app/db-AbCdEf`;
const execution = {
  executionArn: `arn:aws:states:us-east-1:${ACCOUNT}:execution:keyturn-propagate-secret:e1`,
  startedAt: '2026-05-01T00:00:00.000Z',
};
let deployed: Deployed;
let dynamodb: DynamoDBClient;

beforeAll(async () => {
  deployed = await Deployed.start();
  dynamodb = new DynamoDBClient({
    endpoint: deployed.cloud.endpointUrl,
    region: 'us-east-1',
    credentials: deployed.cloud.administrator,
  });
  await deployed.call('dynamodb', 'CreateTable', {
    TableName: 'history',
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
  });
  await deployed.call('events', 'CreateEventBus', { Name: 'keyturn' });
  const table = `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/history`;
  const bus = `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/keyturn`;
  const { TopicArn } = await deployed.call('sns', 'CreateTopic', { Name: 'notices' });
  const mayPublish = { actions: ['events:PutEvents'], resources: [bus] };
  await deployed.deployHandler('report', [mayPublish, { actions: ['dynamodb:Query'], resources: [table] }], {
    EVENT_BUS_NAME: 'keyturn',
    KEYTURN_HISTORY_TABLE: 'history',
  });
  await onEveryEvent('project-history', [{ actions: ['dynamodb:PutItem'], resources: [table] }], {
    KEYTURN_HISTORY_TABLE: 'history',
  });
  await onEveryEvent('notify-person', [{ actions: ['sns:Publish'], resources: [TopicArn] }], {
    KEYTURN_NOTICE_TOPIC_ARN: TopicArn,
  });
  for (const MetricName of ['ConsumerLagging', 'CheckInconclusive']) await newAlarm(MetricName);
}, 120_000);
afterAll(async () => {
  dynamodb.destroy();
  await deployed.close();
});

async function onEveryEvent(
  handler: string,
  grants: { actions: string[]; resources: string[] }[],
  environment: object,
) {
  const Arn = await deployed.deployHandler(handler, grants, environment as Record<string, string>);
  const rule = { Name: handler, EventBusName: 'keyturn' };
  await deployed.call('events', 'PutRule', { ...rule, EventPattern: JSON.stringify({ source: ['keyturn'] }) });
  await deployed.call('events', 'PutTargets', {
    Rule: handler,
    EventBusName: 'keyturn',
    Targets: [{ Id: 'function', Arn }],
  });
  await deployed.call('lambda', 'AddPermission', {
    FunctionName: handler,
    StatementId: 'events',
    Action: 'lambda:InvokeFunction',
    Principal: 'events.amazonaws.com',
  });
}

async function newAlarm(MetricName: string): Promise<void> {
  await deployed.call('monitoring', 'PutMetricAlarm', {
    AlarmName: MetricName,
    Namespace: 'Keyturn',
    MetricName,
    Dimensions: [{ Name: 'service', Value: 'keyturn' }],
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
  });
}

const rings = (AlarmName: string) =>
  eventually(`the alarm ${AlarmName}`, async () => {
    const { MetricAlarms } = await deployed.call('monitoring', 'DescribeAlarms', { AlarmNames: [AlarmName] });
    return MetricAlarms[0].StateValue === 'ALARM' ? true : undefined;
  });
const notices = () => deployed.cloud.service<SnsService>('sns').outbox();
const notice = (words: string) =>
  eventually(`a notice of "${words}"`, () => notices().find((one) => JSON.stringify(one).includes(words)));
const rows = () => readStory(dynamodb, { table: 'history', secretArn, limit: 100 });
const row = (what: string, isIt: (row: StoryRow) => boolean) => eventually(what, async () => (await rows()).find(isIt));

const later = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
const change = (versionId: string) => ({ secretArn, secretName: 'app/db', versionId, promotedAt: later(0) });
const stateOf = async (consumer: string, versionId: string) =>
  describeConsumerState(consumerStateOf(consumer, await rows(), { versionId, now: new Date() }));

test('a notify consumer whose function cannot start lags from the second of the promotion, with its reason: history, alarm, notice', async () => {
  // 300 seconds of cache, 30 of invocation.
  const expectedAt = later(330);
  const cause = JSON.stringify({
    errorType: 'Runtime.ImportModuleError',
    errorMessage: "Error: Cannot find module 'pg'",
    trace: ['at secret place'],
  });
  const consumers = [
    {
      state: 'lagging',
      consumer: 'shop',
      freshness: 'notify',
      reason: `Runtime.ImportModuleError: ${cause}`,
      expectedAt,
    },
    { state: 'converging', consumer: 'mail', freshness: 'notify', expectedAt },
  ];
  const propagated = { report: 'propagated', ...execution, change: change('v1'), consumers, mirrors: [] };
  await deployed.invoke('report', propagated);
  await row('both rows', ({ type }) => type === 'Consumer Lagging');
  await row('both rows', ({ type }) => type === 'Consumer Converging');
  expect(await stateOf('shop', 'v1')).toMatch(
    /^lagging since .* because Runtime\.ImportModuleError: Error: Cannot find module 'pg'$/,
  );
  expect(await stateOf('mail', 'v1')).toMatch(/^converging until /);
  await rings('ConsumerLagging');
  expect(JSON.stringify(await notice('shop is lagging'))).toContain(`It converges by its bound at ${expectedAt}.`);
  expect(JSON.stringify([notices(), await rows()])).not.toContain('secret place');

  // The execution is retried: the same event once more, and no second notice.
  const sent = notices().length;
  await deployed.invoke('report', propagated);
  await row('the lag, known', ({ type, detail }) => type === 'Consumer Lagging' && 'isKnown' in detail);
  await deployed.invoke('report', { ...propagated, consumers: [{ ...consumers[0], consumer: 'other' }] });
  await notice('other is lagging');
  expect(notices()).toHaveLength(sent + 1);
}, 120_000);

test('after its bound the consumer that lagged has converged, by the bound', async () => {
  const promoted = change('v2');
  const lag = { consumer: 'shop', freshness: 'notify', reason: 'Runtime.ImportModuleError', expectedAt: later(1) };
  await deployed.invoke('report', { report: 'lagging', ...execution, change: promoted, consumers: [lag] });
  const convergedAt = later(0);
  const evidence = { consumer: 'shop', freshness: 'notify', evidence: 'bound', convergedAt };
  await deployed.invoke('report', { report: 'converged', ...execution, change: promoted, consumers: [evidence] });
  await row('evidence', ({ type, detail }) => type === 'Consumer Converged' && detail.versionId === 'v2');
  expect(await stateOf('shop', 'v2')).toBe(`converged at ${convergedAt.replace(/\.\d+Z/, 'Z')} by bound`);
  const log = await deployed.log('report');
  expect(log.split('"ConvergenceDuration":').length - 1).toBe(1);
}, 60_000);

test('a check without a verdict: an event, an alarm, and a notice that says that nothing was rolled back', async () => {
  const plan = { path: 'requested', secretArn, secretName: 'app/db', versionId: 'v2' };
  const check = {
    name: 'database',
    type: 'database',
    outcome: 'inconclusive',
    code: 'TargetUnavailable',
    cause: 'read-only',
  };
  await deployed.invoke('report', { report: 'checks', ...execution, plan, checks: [check] });
  await row('the row', ({ type }) => type === 'Check Inconclusive');
  await rings('CheckInconclusive');
  const message = JSON.stringify(await notice('check database reached no verdict (TargetUnavailable)'));
  expect(message).toContain('Nothing was rolled back. Retirement asks the check again');
}, 60_000);

const failed = (versionId: string) => ({
  report: 'failed',
  ...execution,
  plan: {
    path: 'requested',
    secretArn,
    secretName: 'app/db',
    kind: 'postgres',
    startedBy: 'schedule',
    versionId,
    previousVersionId: 'v2',
    gracePeriodSeconds: 60,
    convergenceBoundSeconds: 60,
  },
  input: {},
  failure: { code: 'PromotionOverdue', cause: 'The candidate was not promoted within 900 seconds.' },
});

test('a rotation that ends without a promotion names the step that failed, and its code', async () => {
  const detail = {
    schemaVersion: 1,
    id: 'step-1',
    secretArn,
    secretName: 'app/db',
    versionId: 'v3',
    step: 'setSecret',
    code: 'TargetUnavailable',
    message: 'the server is read-only',
    retryable: true,
  };
  const event = { EventBusName: 'keyturn', Source: 'keyturn', DetailType: 'Rotation Step Failed' };
  await deployed.call('events', 'PutEvents', { Entries: [{ ...event, Detail: JSON.stringify(detail) }] });
  // At once: the row is on its way.
  expect(await deployed.invoke('report', failed('v3'))).toEqual({
    code: 'PromotionOverdue',
    message:
      'app/db: The candidate was not promoted within 900 seconds. The last step that failed is setSecret: TargetUnavailable: the server is read-only.',
  });
}, 60_000);

test('a history that cannot be read takes the wording, never the report', async () => {
  await deployed.call('dynamodb', 'DeleteTable', { TableName: 'history' });
  expect(await deployed.invoke('report', failed('v3'))).toEqual({
    code: 'PromotionOverdue',
    message: 'app/db: The candidate was not promoted within 900 seconds.',
  });
  await notice('rotation failed');
  expect(await deployed.log('report')).toContain('The history could not be read');
}, 60_000);
