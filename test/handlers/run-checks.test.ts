import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { SnsService } from '../../packages/laptop/services/sns/service.ts';
import type { CheckCode } from '../../pipeline/contracts/check.ts';
import { eventually } from '../eventually.ts';
import { Deployed } from './deployed.ts';

/**
 * The states from RunChecks to ReportChecks of rotate-secret as they are deployed, with the functions, the alarm, the rule and the
 * topic that hear of them: from a fault of the target to what a person reads.
 */
const ACCOUNT = '000000000000';
let deployed: Deployed;
let server: Server;
let url: string;
let stateMachineArn: string;
let checkArn: string;
let secret: { secretArn: string; secretName: string; versionId: string };
const statuses: number[] = [];

beforeAll(async () => {
  deployed = await Deployed.start({ stateMachineTimeScale: 0.005 });
  server = createServer((_request, response) => {
    response.writeHead(statuses.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/health`;

  const { ARN, VersionId } = await deployed.call('secretsmanager', 'CreateSecret', {
    Name: 'app/vendor',
    SecretString: 'the-key-1',
  });
  secret = { secretArn: ARN, secretName: 'app/vendor', versionId: VersionId };
  checkArn = await deployed.deployHandler('check', [{ actions: ['secretsmanager:GetSecretValue'], resources: [ARN] }]);
  const bus = `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/keyturn`;
  await deployed.call('events', 'CreateEventBus', { Name: 'keyturn' });
  const grants = [{ actions: ['events:PutEvents'], resources: [bus] }];
  const reportArn = await deployed.deployHandler('report', grants, {
    EVENT_BUS_NAME: 'keyturn',
    KEYTURN_HISTORY_TABLE: 'history',
  });
  stateMachineArn = await newMachine(reportArn);
  await newAlarmAndNotices();
}, 60_000);
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await deployed.close();
});

async function newMachine(reportArn: string): Promise<string> {
  const text = readFileSync(new URL('../../statemachines/rotate-secret.asl.json', import.meta.url), 'utf8');
  const { RunChecks, ChooseLonger, RunChecksLonger, ReportChecks } = JSON.parse(
    text.replaceAll('${ReportFunctionArn}', reportArn),
  ).States;
  const Begin = {
    Type: 'Pass',
    Assign: { plan: '{% $states.input.plan %}', checkedVersionId: '{% $states.input.plan.versionId %}', checks: [] },
    Next: 'RunChecks',
  };
  const End = { Type: 'Succeed', Output: '{% $checks %}' };
  const definition = {
    QueryLanguage: 'JSONata',
    StartAt: 'Begin',
    States: {
      Begin,
      RunChecks,
      ChooseLonger,
      RunChecksLonger,
      ReportChecks: { ...ReportChecks, Next: 'End', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End' }] },
      End,
    },
  };
  const trust = { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const invoke = { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: [checkArn, reportArn] };
  const document = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
  await deployed.call('iam', 'CreateRole', { RoleName: 'machine', AssumeRolePolicyDocument: document(trust) });
  await deployed.call('iam', 'PutRolePolicy', {
    RoleName: 'machine',
    PolicyName: 'p',
    PolicyDocument: document(invoke),
  });
  const created = await deployed.call('states', 'CreateStateMachine', {
    name: 'checks',
    definition: JSON.stringify(definition),
    roleArn: `arn:aws:iam::${ACCOUNT}:role/machine`,
  });
  return created.stateMachineArn;
}

async function newAlarmAndNotices(): Promise<void> {
  const { TopicArn } = await deployed.call('sns', 'CreateTopic', { Name: 'notices' });
  await deployed.call('monitoring', 'PutMetricAlarm', {
    AlarmName: 'CheckFailed',
    Namespace: 'Keyturn',
    MetricName: 'CheckFailed',
    Dimensions: [{ Name: 'service', Value: 'keyturn' }],
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
  });
  const grants = [{ actions: ['sns:Publish'], resources: [TopicArn] }];
  const notify = await deployed.deployHandler('notify-person', grants, { KEYTURN_NOTICE_TOPIC_ARN: TopicArn });
  await deployed.call('events', 'PutRule', {
    Name: 'notices',
    EventBusName: 'keyturn',
    EventPattern: JSON.stringify({ source: ['keyturn'] }),
  });
  await deployed.call('events', 'PutTargets', {
    Rule: 'notices',
    EventBusName: 'keyturn',
    Targets: [{ Id: 'notify', Arn: notify }],
  });
  await deployed.call('lambda', 'AddPermission', {
    FunctionName: 'notify-person',
    StatementId: 'events',
    Action: 'lambda:InvokeFunction',
    Principal: 'events.amazonaws.com',
  });
}

/** Runs checks of one vendor to their end, and answers what came of them. */
async function runChecks(...parameters: object[]): Promise<{ outcome: string; code?: CheckCode; cause?: string }[]> {
  const checks = parameters.map((one, index) => ({
    name: `vendor-${index}`,
    type: 'http',
    functionArn: checkArn,
    parameters: { url, allowLoopbackHttp: true, ...one },
  }));
  const plan = {
    ...secret,
    path: 'checks-only',
    kind: 'api-key',
    startedBy: 'schedule',
    previousVersionId: null,
    gracePeriodSeconds: 60,
    convergenceBoundSeconds: 60,
    checks,
  };
  const { executionArn } = await deployed.call('states', 'StartExecution', {
    stateMachineArn,
    input: JSON.stringify({ plan }),
  });
  return eventually('the end of the checks', async () => {
    const { status, output, cause } = await deployed.call('states', 'DescribeExecution', { executionArn });
    if (status === 'RUNNING') return undefined;
    if (status !== 'SUCCEEDED') throw new Error(`${status}: ${cause}`);
    return JSON.parse(output);
  });
}

const alarm = async () => {
  const { MetricAlarms } = await deployed.call('monitoring', 'DescribeAlarms', { AlarmNames: ['CheckFailed'] });
  return MetricAlarms[0].StateValue;
};
const notices = () => deployed.cloud.service<SnsService>('sns').outbox();
const failedCount = async () => (await deployed.log('report')).split('"CheckFailed":').length - 1;

test('faults that a retry cures are heard of by nobody: no metric, no alarm, no notice', async () => {
  statuses.push(503, 429, 500);
  const results = await runChecks({}, { key: {} });
  expect(results.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
  expect(statuses).toEqual([]);
  expect(await deployed.log('report')).toContain('CheckPassed');
  expect(await failedCount()).toBe(0);
  expect(await alarm()).not.toBe('ALARM');
  expect(notices()).toEqual([]);
});

test('a verdict is not tried again: its code, its words, its metric by type, the alarm, and a notice to read on a phone', async () => {
  statuses.push(403);
  const results = await runChecks({ key: {} });
  expect(results).toMatchObject([
    { outcome: 'failed', code: 'KeyRefused', cause: expect.stringContaining('the rotated key is refused (403)') },
  ]);
  await eventually('the alarm', async () => ((await alarm()) === 'ALARM' ? true : undefined));
  const notice = await eventually('a notice', () => {
    const [message] = notices();
    return message && JSON.stringify(message);
  });
  expect(notice).toContain('Keyturn: app/vendor: check vendor-0 failed (KeyRefused)');
  expect(notice).toContain('Next: keyturn check app/vendor');
  expect(notice).toContain('Runbook: docs/operating.md#checkfailed');
  expect(await deployed.log('report')).toContain('"checkType":"http"');
});

test('a fault that does not pass is no verdict: what the last try found, without a stack trace, and nothing rolled back', async () => {
  // Five times at once, so that a check that fails is not kept waiting; then 41 times, for a quarter of an hour.
  statuses.push(...Array.from({ length: 5 + 41 }, () => 503));
  const failures = await failedCount();
  const results = await runChecks({});
  expect(results).toMatchObject([{ outcome: 'inconclusive', code: 'Unavailable' }]);
  expect(statuses).toEqual([]);
  const notice = await eventually('a second notice', () => notices()[1] && JSON.stringify(notices()[1]));
  expect(notice).toMatch(
    /check vendor-0 reached no verdict \(Unavailable\).*answers 503, expected a status from 200 to 299/,
  );
  expect(notice).toContain('Nothing was changed.');
  expect(notice).not.toMatch(/errorType|index\.js/);
  expect(await failedCount()).toBe(failures);
  expect(await deployed.log('report')).toContain('"CheckInconclusive":');
}, 120_000);

test('the key is in nothing that was told', async () => {
  const everything = JSON.stringify(notices()) + (await deployed.log('report')) + (await deployed.log('check'));
  expect(everything).not.toContain('the-key-1');
});
