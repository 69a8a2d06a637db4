import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { noticedEvents } from '../../pipeline/contracts/events.ts';
import { RotationPipeline } from '../../stacks/rotation-pipeline.ts';

const stack = new Stack(new App(), 'Stack');
new RotationPipeline(stack, 'Keyturn');
const template = Template.fromStack(stack);
const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

test('what a person must look at rings: at the first of it, for a minute, on the topic', () => {
  for (const MetricName of [
    'CheckFailed',
    'CheckInconclusive',
    'ConsumerLagging',
    'ExecutionFailed',
    'RetirementBlocked',
    'RotationFailed',
    'RotationRolledBack',
  ]) {
    expect(alarms.find((alarm) => alarm.MetricName === MetricName)).toMatchObject({
      Namespace: 'Keyturn',
      Dimensions: [{ Name: 'service', Value: 'keyturn' }],
      Statistic: 'Sum',
      Period: 60,
      Threshold: 1,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: [{ Ref: expect.stringContaining('AlarmTopic') }],
    });
  }
});

test('each alarm names a section of the runbook that is there', () => {
  const runbook = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const sections = alarms.map(({ AlarmDescription }) => /section (\w+)\.$/.exec(AlarmDescription)?.[1]);
  expect(sections.length).toBeGreaterThan(8);
  expect(sections.filter((section) => !runbook.includes(`\n## ${section}\n`))).toEqual([]);
});

test('the rule of the notices brings every event that has one', () => {
  const rules = Object.values(template.findResources('AWS::Events::Rule')).map(({ Properties }) => Properties);
  const notices = rules.find(({ Description }) => /a person should hear of/.test(Description));
  expect(notices?.EventPattern['detail-type']).toEqual(noticedEvents);
});

test('the function that reports reads the history and writes nothing in it', () => {
  const statements = Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([logicalId]) => logicalId.startsWith('KeyturnReport'))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  const table = statements.filter(({ Action }) => [Action].flat().some((action) => action.startsWith('dynamodb:')));
  expect(table).toMatchObject([
    { Action: 'dynamodb:Query', Resource: { 'Fn::GetAtt': [expect.stringContaining('History'), 'Arn'] } },
  ]);
});
