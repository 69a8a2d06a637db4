import { App } from 'aws-cdk-lib';
import { parseManifest } from '../../pipeline/contracts/manifest/manifest-safety.ts';
import { ManifestStack } from '../../stacks/manifest-stack.ts';
import { ACCOUNT, DeployedTemplate, isAllowed, REGION, type Role, type Statement } from './deployed-template.ts';
import { readShownManifest } from './shown-manifest.ts';

let template: DeployedTemplate;
let roles: Role[];
beforeAll(() => {
  template = new DeployedTemplate(
    new ManifestStack(new App(), 'Test', { manifest: parseManifest(readShownManifest()) }),
  );
  roles = template.roles();
});

/** Each role by a short name. */
const names: Readonly<Record<string, RegExp>> = {
  prepare: /^reads labels and settings/,
  report: /^puts the story/,
  recycle: /^changes our one variable/,
  mirror: /^brings a parameter or a replica/,
  select: /^the secrets that a fleet/,
  history: /^writes the events of the story/,
  'check-database': /^checks a database login/,
  check: /^checks models/,
  button: /^the dashboard's buttons/,
  widget: /^the dashboard's list/,
  sync: /^brings a change of a watched parameter/,
  audit: /^looks for what is not/,
  notify: /^turns events into notices/,
  'rotate-postgres': /^rotates postgres/,
  'rotate-jwt': /^rotates jwt/,
  'rotate-api-key': /^rotates api-key/,
  'parameter-version': /^which version a watched parameter has/,
  'verify-api-key': /^asks the targets of api-key/,
  'verify-jwt': /^asks the targets of jwt/,
  'verify-postgres': /^asks the targets of postgres/,
  'compare-mirror': /^compares a parameter or a replica/,
  'machine await': /WorkflowAwaitConvergenceRole/,
  'machine propagate': /WorkflowPropagateSecretRole/,
  'machine retire': /WorkflowRetireCredentialRole/,
  'machine rotate': /WorkflowRotateSecretRole/,
  'machine fleet': /WorkflowRotateFleetRole/,
  'rules of events': /WorkflowRotateSecretEventsRole/,
  'schedule of the audit': /AuditScheduleRole/,
  schedules: /^SchedulerRoleForTarget/,
};
const shortName = ({ name }: Role) =>
  Object.keys(names).find((short) => names[short]?.test(name)) ?? `no name for ${name}`;

const secret = (name: string) => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-AbCdEf`;
const fn = (name: string) => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
const ours = (description: RegExp) => () => template.arn('AWS::Lambda::Function', description);
const machine = (id: RegExp) => () => template.arn('AWS::StepFunctions::StateMachine', id);
const bus = (name: string) => `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${name}`;
const execution = (of: string) => `arn:aws:states:${REGION}:${ACCOUNT}:execution:${of}:one`;
const user = (name: string) => `arn:aws:iam::${ACCOUNT}:user/${name}`;
const parameter = (name: string) => `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter${name}`;
const story = { 'events:source': 'keyturn' };

function mentions({ policies }: Role, action: string): boolean {
  const patterns = policies
    .flatMap(({ policy }) => (policy as { Statement: Statement[] }).Statement)
    .flatMap(({ Action }) => Action);
  return patterns.some((pattern) =>
    new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i').test(action),
  );
}

async function allowed(action: string, resource: string, context: Record<string, string> = {}): Promise<string[]> {
  const answers = await Promise.all(
    // A role none of whose statements fits the action is refused by any policy engine.
    roles
      .filter((role) => mentions(role, action))
      .map(async (role) => {
        const may = await isAllowed({ principal: role.arn, action, resource, context }, { identity: role.policies });
        return may ? shortName(role) : '';
      }),
  );
  return answers.filter(Boolean).sort();
}

test('every role has a name here, and every name a role', () => {
  expect(roles.map(shortName).sort()).toEqual(Object.keys(names).sort());
});

/** Nobody else is allowed it: each row asks every role. A row of nobody is refused to all. */
const nobody: string[] = [];
type Row = [
  action: string,
  what: string,
  arn: string | (() => string),
  who: string[],
  context?: Record<string, string>,
];

const rotationFunctions = ['rotate-api-key', 'rotate-jwt', 'rotate-postgres'];
const machines = ['machine await', 'machine fleet', 'machine propagate', 'machine retire', 'machine rotate'];
const table = (): string => template.arn('AWS::DynamoDB::Table', /./);

const secrets: Row[] = [
  [
    'secretsmanager:GetSecretValue',
    'a login',
    secret('shop/database'),
    ['check-database', 'rotate-postgres', 'verify-postgres'],
  ],
  [
    'secretsmanager:GetSecretValue',
    'the superuser',
    secret('shop/database-superuser'),
    ['rotate-postgres', 'verify-postgres'],
  ],
  ['secretsmanager:GetSecretValue', 'a key', secret('shop/model-key'), ['check', 'rotate-api-key', 'verify-api-key']],
  ['secretsmanager:GetSecretValue', 'a watched secret', secret('shop/payment-provider'), nobody],
  ['secretsmanager:GetSecretValue', 'another secret', secret('shop/other'), nobody],
  ['secretsmanager:PutSecretValue', 'a login', secret('shop/database'), ['rotate-postgres']],
  ['secretsmanager:PutSecretValue', 'the superuser', secret('shop/database-superuser'), nobody],
  ['secretsmanager:PutSecretValue', 'a watched secret', secret('shop/payment-provider'), nobody],
  ['secretsmanager:UpdateSecretVersionStage', 'a login', secret('shop/database'), ['rotate-postgres']],
  ['secretsmanager:UpdateSecretVersionStage', 'a key', secret('shop/model-key'), ['rotate-api-key']],
  ['secretsmanager:UpdateSecretVersionStage', 'a watched secret', secret('shop/payment-provider'), nobody],
  ['secretsmanager:RotateSecret', 'a login', secret('shop/database'), ['machine rotate']],
  ['secretsmanager:RotateSecret', 'a watched secret', secret('shop/payment-provider'), nobody],
  [
    'secretsmanager:DescribeSecret',
    'a login',
    secret('shop/database'),
    [
      'audit',
      'check-database',
      'machine await',
      'machine rotate',
      'prepare',
      'rotate-postgres',
      'verify-postgres',
      'widget',
    ],
  ],
  ['secretsmanager:DescribeSecret', 'another secret', secret('shop/other'), nobody],
  ['secretsmanager:DeleteSecret', 'a login', secret('shop/database'), nobody],
  ['secretsmanager:PutResourcePolicy', 'a login', secret('shop/database'), nobody],
  ['secretsmanager:CancelRotateSecret', 'a login', secret('shop/database'), nobody],
  ['kms:Decrypt', 'another key', `arn:aws:kms:${REGION}:${ACCOUNT}:key/theirs`, nobody],
];

const functions: Row[] = [
  ['lambda:InvokeFunction', 'a rotation function', ours(/rotates postgres/), ['machine retire', 'machine rotate']],
  ['lambda:InvokeFunction', 'what asks a target', ours(/targets of postgres/), ['audit']],
  ['lambda:InvokeFunction', 'what compares a mirror', ours(/compares a parameter/), ['audit']],
  ['lambda:InvokeFunction', 'a check', ours(/checks a database/), ['machine retire', 'machine rotate']],
  ['lambda:InvokeFunction', 'the report', ours(/puts the story/), machines],
  ['lambda:InvokeFunction', 'the recycling', ours(/changes our one variable/), ['machine await', 'machine propagate']],
  ['lambda:InvokeFunction', 'a consumer that is notified', fn('shop-items'), ['machine propagate']],
  ['lambda:InvokeFunction', 'a consumer that is checked', fn('shop-chat'), ['check', 'machine propagate']],
  ['lambda:InvokeFunction', 'a consumer that is recycled', fn('shop-orders'), nobody],
  ['lambda:InvokeFunction', 'another function', fn('theirs'), nobody],
  ['lambda:UpdateFunctionConfiguration', 'a consumer that is recycled', fn('shop-orders'), ['recycle']],
  ['lambda:UpdateFunctionConfiguration', 'a consumer that is notified', fn('shop-items'), nobody],
  ['lambda:UpdateFunctionConfiguration', 'another function', fn('theirs'), nobody],
  ['lambda:UpdateFunctionCode', 'a consumer that is recycled', fn('shop-orders'), nobody],
  ['lambda:UpdateAlias', 'a consumer that is recycled', `${fn('shop-orders')}:live`, ['recycle']],
  ['lambda:UpdateAlias', 'another function', `${fn('theirs')}:live`, nobody],
];

const workflow: Row[] = [
  [
    'states:StartExecution',
    'a rotation',
    machine(/RotateSecret/),
    ['button', 'machine fleet', 'machine retire', ...rotationFunctions, 'rules of events', 'schedules'],
  ],
  ['states:StartExecution', 'a propagation', machine(/PropagateSecret/), ['machine retire', 'machine rotate', 'sync']],
  ['states:StartExecution', 'a wait for convergence', machine(/AwaitConvergence/), ['machine propagate']],
  ['states:StartExecution', 'a retirement', machine(/RetireCredential/), ['machine rotate']],
  // Its children: a Distributed Map starts executions of its own machine.
  ['states:StartExecution', 'a fleet', machine(/RotateFleet/), ['machine fleet']],
  ['states:StartExecution', 'another machine', `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:theirs`, nobody],
  ['states:DescribeExecution', 'a rotation', execution('keyturn-rotate-secret'), ['machine fleet', 'report']],
  ['states:DescribeExecution', 'another machine’s', execution('theirs'), nobody],
  ['states:StopExecution', 'a rotation', `arn:aws:states:${REGION}:${ACCOUNT}:execution:theirs:one`, nobody],
  ['events:PutEvents', 'the story', bus('keyturn'), ['audit', 'report', ...rotationFunctions], story],
  ['events:PutEvents', 'an event of another source', bus('keyturn'), nobody, { 'events:source': 'theirs' }],
  ['events:PutEvents', 'an event of no source', bus('keyturn'), nobody],
  ['events:PutEvents', 'the default bus', bus('default'), nobody, story],
  ['events:PutPermission', 'the pipeline’s bus', bus('keyturn'), nobody],
  ['dynamodb:PutItem', 'the history', table, ['history']],
  ['dynamodb:Query', 'the history', table, ['audit', 'report', 'widget']],
  ['dynamodb:DeleteItem', 'the history', table, nobody],
  [
    'ssm:GetParameter',
    'the settings',
    parameter('/keyturn/keyturn/shop/database'),
    ['prepare', 'rotate-postgres', 'verify-postgres'],
  ],
  ['ssm:GetParameter', 'a watched parameter', parameter('/shop/features/one'), ['parameter-version', 'sync']],
  ['ssm:GetParameter', 'another parameter', parameter('/theirs'), nobody],
  ['ssm:PutParameter', 'the settings', parameter('/keyturn/keyturn/shop/database'), nobody],
  ['sns:Publish', 'the alarms', () => template.arn('AWS::SNS::Topic', /./), ['notify']],
  [
    'sqs:SendMessage',
    'dead letters',
    () => template.arn('AWS::SQS::Queue', /./),
    ['audit', 'history', 'notify', 'report', 'schedule of the audit', 'schedules', 'sync'],
  ],
];

const targets: Row[] = [
  ['iam:CreateServiceSpecificCredential', 'the key’s own user', user('shop-model'), ['rotate-api-key']],
  ['iam:CreateServiceSpecificCredential', 'another user', user('theirs'), nobody],
  ['iam:CreateAccessKey', 'the key’s own user', user('shop-model'), nobody],
  ['iam:PassRole', 'another role', `arn:aws:iam::${ACCOUNT}:role/theirs`, nobody],
  ['sts:AssumeRole', 'another role', `arn:aws:iam::${ACCOUNT}:role/theirs`, nobody],
  ['rds:ModifyDBInstance', 'a database', `arn:aws:rds:${REGION}:${ACCOUNT}:db:shop`, nobody],
  ['bedrock:InvokeModel', 'a model', `arn:aws:bedrock:${REGION}::foundation-model/amazon.nova-lite-v1:0`, nobody],
];

describe.each([
  ['secrets', secrets],
  ['functions', functions],
  ['workflow', workflow],
  ['targets', targets],
])('of %s', (_part, rows) => {
  const named = rows.map(([action, what, arn, who, context]) => ({ action, what, arn, who, context }));
  test.each(named)('$action on $what is allowed to $who, and to no other role', async ({
    action,
    arn,
    who,
    context,
  }) => {
    expect(await allowed(action, typeof arn === 'string' ? arn : arn(), context)).toEqual([...who].sort());
  });
});

test('no role is allowed every action of a service, or every resource but where AWS knows no resources', () => {
  const statements = roles.flatMap((role) =>
    role.policies.flatMap(({ policy }) =>
      (policy as { Statement: Statement[] }).Statement.map((one) => ({ role, one })),
    ),
  );
  const everyAction = statements.filter(({ one }) => [one.Action].flat().some((action) => action.includes('*')));
  expect(everyAction.map(({ role, one }) => `${shortName(role)}: ${one.Action}`)).toEqual([]);
  const everyResource = statements.filter(({ one }) => [one.Resource].flat().includes('*'));
  const found = everyResource.flatMap(({ one }) => [one.Action].flat());
  // Delivery of logs, traces and the list of secrets know no resources.
  // https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  const logs = ['Create', 'Delete', 'Get', 'Update'].map((verb) => `logs:${verb}LogDelivery`);
  const others = ['DescribeLogGroups', 'DescribeResourcePolicies', 'ListLogDeliveries', 'PutResourcePolicy'];
  const traces = ['GetSamplingRules', 'GetSamplingTargets', 'PutTelemetryRecords', 'PutTraceSegments'];
  expect([...new Set(found)].sort()).toEqual(
    [
      ...logs,
      ...others.map((action) => `logs:${action}`),
      ...traces.map((action) => `xray:${action}`),
      'secretsmanager:ListSecrets',
    ].sort(),
  );
});
