import { App } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { parseManifest } from '../../pipeline/contracts/manifest/manifest-safety.ts';
import { JwksEndpoint } from '../../stacks/jwks-endpoint.ts';
import { ManifestStack } from '../../stacks/manifest-stack.ts';
import {
  ACCOUNT,
  DeployedTemplate,
  isAllowed,
  REGION,
  type ResourcePolicy,
  type Statement,
} from './deployed-template.ts';
import { readShownManifest } from './shown-manifest.ts';

const OTHER_ACCOUNT = '999999999999';
const everything = [
  {
    name: 'all',
    policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
  },
];

let template: DeployedTemplate;
let policies: ResourcePolicy[];
beforeAll(() => {
  const stack = new ManifestStack(new App(), 'Test', {
    manifest: parseManifest({ ...readShownManifest(), requesters: ['arn:aws:iam::123456789012:role/deployer'] }),
  });
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Key', 'shop/tokens');
  new JwksEndpoint(stack, 'PublicKeys', { secret });
  template = new DeployedTemplate(stack);
  policies = template.resourcePolicies();
});

const on = (arn: string): Statement[] =>
  policies.filter((policy) => policy.arn === arn).flatMap(({ statements }) => statements);
const functionOf = (description: RegExp) => template.arn('AWS::Lambda::Function', description);
const rule = (id: RegExp) => template.arn('AWS::Events::Rule', id);

test('no policy of a resource is of a kind that is not judged here', () => {
  const resources = ['Lambda::Permission', 'SNS::TopicPolicy', 'SQS::QueuePolicy', 'Events::EventBusPolicy'];
  const judged = ['AWS::IAM::Policy', ...resources.map((type) => `AWS::${type}`)];
  const others = template.types().filter((type) => /Policy$|Permission$/.test(type) && !judged.includes(type));
  expect(others).toEqual([]);
});

describe('the account from which a service acts', () => {
  /** A service that acts for another account, which names its own resources. */
  const elsewhere = {
    'aws:SourceAccount': OTHER_ACCOUNT,
    'aws:SourceArn': `arn:aws:states:${REGION}:${OTHER_ACCOUNT}:stateMachine:theirs`,
  };
  const servicesOf = ({ Principal }: Statement) =>
    [(Principal as { Service?: string | string[] }).Service ?? []].flat();

  test('is ours in every policy of a resource: no service is let in for another one, or for none', async () => {
    const asked = policies.flatMap(({ arn, statements }) =>
      statements.flatMap((statement) =>
        servicesOf(statement).map((principal) => ({ arn, principal, action: [statement.Action].flat()[0] as string })),
      ),
    );
    expect(new Set(asked.map(({ principal }) => principal))).toEqual(
      new Set(['secretsmanager.amazonaws.com', 'events.amazonaws.com', 'cloudwatch.amazonaws.com']),
    );
    const letIn: unknown[] = [];
    for (const { arn, principal, action } of asked)
      for (const context of [elsewhere, {}])
        if (await isAllowed({ principal, action, resource: arn, context }, { resource: on(arn) }))
          letIn.push({ arn, principal });
    expect(letIn).toEqual([]);
  });

  test('is ours in every role that a service assumes for somebody: a state machine, a schedule', async () => {
    const letIn: string[] = [];
    for (const { name, arn, trust } of template.roles())
      for (const principal of trust.flatMap(servicesOf)) {
        // Functions and rules have their role by the template alone: the service asks for nothing on behalf of others.
        if (['lambda.amazonaws.com', 'events.amazonaws.com'].includes(principal)) continue;
        for (const context of [elsewhere, {}]) {
          const asked = { principal, action: 'sts:AssumeRole', resource: arn, context };
          if (await isAllowed(asked, { resource: trust.map((one) => ({ ...one, Resource: arn })) })) letIn.push(name);
        }
      }
    expect(letIn).toEqual([]);
  });
});

describe('a role is assumed by one service, and by no person', () => {
  test.each([
    ['lambda.amazonaws.com', /rotates|reads|looks|checks/],
    ['states.amazonaws.com', /^PipelineWorkflow(PropagateSecret|RetireCredential|RotateSecret|RotateFleet)Role$/],
    ['scheduler.amazonaws.com', /Schedule/],
  ])('%s', async (service, names) => {
    const roles = template.roles().filter(({ trust }) => JSON.stringify(trust).includes(service));
    expect(roles.filter(({ name }) => names.test(name))).not.toEqual([]);
    const ours = {
      'aws:SourceAccount': ACCOUNT,
      'aws:SourceArn':
        service === 'states.amazonaws.com'
          ? `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:ours`
          : `arn:aws:scheduler:${REGION}:${ACCOUNT}:schedule-group/default`,
    };
    for (const { arn, trust } of roles) {
      const resource = trust.map((one) => ({ ...one, Resource: arn }));
      const ask = (principal: string) =>
        isAllowed({ principal, action: 'sts:AssumeRole', resource: arn, context: ours }, { resource });
      expect(await ask(service)).toBe(true);
      expect(await ask('ec2.amazonaws.com')).toBe(false);
      expect(await ask(`arn:aws:iam::${ACCOUNT}:user/anyone`)).toBe(false);
    }
  });
});

describe('who may', () => {
  const ofAccount = (account: string) => ({ 'aws:SourceAccount': account });
  const ofRule = (arn: string) => ({ 'aws:SourceArn': arn, 'aws:SourceAccount': ACCOUNT });
  const rotates = () => functionOf(/rotates postgres/);
  const projects = () => functionOf(/writes the events of the story/);
  const topic = () => template.arn('AWS::SNS::Topic', /./);
  const queue = () => template.arn('AWS::SQS::Queue', /./);
  const keys = () => functionOf(/public keys/);
  const plain = { 'aws:SecureTransport': 'false' };
  const user = `arn:aws:iam::${ACCOUNT}:user/administrator`;

  const [rotations, events, alarms] = ['secretsmanager', 'events', 'cloudwatch'].map(
    (name) => `${name}.amazonaws.com`,
  ) as [string, string, string];
  const verifier = `arn:aws:iam::${OTHER_ACCOUNT}:user/verifier`;
  const storyRule = () => ofRule(rule(/HistoryProjection/));
  const requestRule = () => ofRule(rule(/RotationRequested/));
  const byUrl = () => ({ 'lambda:FunctionUrlAuthType': 'NONE' });

  /** Of each thing: who, doing what, in which context, is allowed or refused. `*` after the name: by a policy of its own, all. */
  const table: [string, () => string, [boolean, string, string, () => Record<string, string>][]][] = [
    [
      'a rotation function',
      rotates,
      [
        [true, rotations, 'lambda:InvokeFunction', () => ofAccount(ACCOUNT)],
        [false, rotations, 'lambda:InvokeFunction', () => ofAccount(OTHER_ACCOUNT)],
        [false, rotations, 'lambda:InvokeFunction', () => ({})],
        [false, rotations, 'lambda:UpdateFunctionCode', () => ofAccount(ACCOUNT)],
        [false, events, 'lambda:InvokeFunction', () => ofAccount(ACCOUNT)],
        [false, user, 'lambda:InvokeFunction', () => ({})],
      ],
    ],
    [
      'the function that writes the history',
      projects,
      [
        [true, events, 'lambda:InvokeFunction', storyRule],
        [false, events, 'lambda:InvokeFunction', requestRule],
        [false, events, 'lambda:InvokeFunction', () => ofAccount(ACCOUNT)],
        [false, rotations, 'lambda:InvokeFunction', () => ofAccount(ACCOUNT)],
      ],
    ],
    [
      'the topic of the alarms',
      topic,
      [
        [true, alarms, 'sns:Publish', () => ofAccount(ACCOUNT)],
        [false, alarms, 'sns:Publish', () => ofAccount(OTHER_ACCOUNT)],
        [false, alarms, 'sns:Publish', () => ({ ...ofAccount(ACCOUNT), ...plain })],
        [false, alarms, 'sns:Subscribe', () => ofAccount(ACCOUNT)],
        [true, `${user}*`, 'sns:Publish', () => ({})],
        [false, `${user}*`, 'sns:Publish', () => plain],
        [false, user, 'sns:Publish', () => ({})],
      ],
    ],
    [
      'the queue of dead letters',
      queue,
      [
        [true, events, 'sqs:SendMessage', requestRule],
        [false, events, 'sqs:SendMessage', () => ofRule(`arn:aws:events:${REGION}:${ACCOUNT}:rule/theirs`)],
        [false, events, 'sqs:SendMessage', () => ({ ...requestRule(), ...plain })],
        [false, events, 'sqs:ReceiveMessage', requestRule],
        [true, `${user}*`, 'sqs:ReceiveMessage', () => ({})],
        [false, `${user}*`, 'sqs:ReceiveMessage', () => plain],
        [false, user, 'sqs:ReceiveMessage', () => ({})],
      ],
    ],
    [
      'the public keys',
      keys,
      [
        [true, `${verifier}*`, 'lambda:InvokeFunctionUrl', byUrl],
        [false, `${verifier}*`, 'lambda:InvokeFunctionUrl', () => ({ 'lambda:FunctionUrlAuthType': 'AWS_IAM' })],
        [false, `${verifier}*`, 'lambda:InvokeFunction', () => ({})],
        [false, `${verifier}*`, 'lambda:GetFunction', () => ({})],
      ],
    ],
  ];
  const rows = table.flatMap(([thing, arn, cases]) =>
    cases.map(([allowed, who, action, context]) => ({ thing, arn, allowed, who, action, context })),
  );
  test.each(rows)('$thing, $action, $who: $allowed', async ({ arn, allowed, who, action, context }) => {
    const principal = who.replace(/\*$/, '');
    const identity = who.endsWith('*') ? everything : [];
    const asked = { principal, action, resource: arn(), context: context() };
    expect(await isAllowed(asked, { identity, resource: on(arn()) })).toBe(allowed);
  });
});

describe('who may put events on the pipeline’s own bus', () => {
  const bus = `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/keyturn`;
  const REQUESTER = 'arn:aws:iam::123456789012:role/deployer';
  const roleOf = (name: RegExp) => {
    const role = template.roles().find((one) => name.test(one.name));
    if (!role) throw new Error(`Expected a role that fits ${name}.`);
    return { arn: role.arn, identity: role.policies };
  };
  const mighty = (arn: string) => () => ({ arn, identity: everything });
  const story = { 'events:source': 'keyturn', 'events:detail-type': 'Secret Rotated' };
  const request = { 'events:source': 'theirs', 'events:detail-type': 'Rotation Requested' };

  test.each([
    ['the report', 'the story', () => roleOf(/^puts the story/), story, true],
    ['a rotation function', 'the story', () => roleOf(/^rotates postgres/), story, true],
    ['the audit', 'the story', () => roleOf(/^looks for/), story, true],
    ['the report', 'what is of another source', () => roleOf(/^puts the story/), request, false],
    ['the dashboard’s button', 'the story', () => roleOf(/^the dashboard's buttons/), story, false],
    ['a requester', 'a request', mighty(REQUESTER), request, true],
    ['a requester', 'the story', mighty(REQUESTER), story, false],
    ['an administrator', 'the story', mighty(`arn:aws:iam::${ACCOUNT}:role/administrator`), story, false],
    ['an administrator', 'a request', mighty(`arn:aws:iam::${ACCOUNT}:role/administrator`), request, false],
    ['another account', 'a request', mighty(`arn:aws:iam::${OTHER_ACCOUNT}:role/deployer`), request, false],
  ])('%s, %s', async (_who, _what, principal, event, allowed) => {
    const { arn, identity } = principal();
    const context = { ...event, 'aws:PrincipalArn': arn };
    const asked = { principal: arn, action: 'events:PutEvents', resource: bus, context };
    expect(await isAllowed(asked, { identity, resource: on(bus) })).toBe(allowed);
  });
});

test('each rule that starts a function, and each dead letter of a rule, is let in by its own ARN', async () => {
  const lacking: string[] = [];
  for (const [id, { Targets }] of template.of('AWS::Events::Rule'))
    for (const { Arn, RoleArn, DeadLetterConfig } of Targets) {
      const context = { 'aws:SourceArn': rule(new RegExp(`^${id}$`)), 'aws:SourceAccount': ACCOUNT };
      const ask = (action: string, arn: string) =>
        isAllowed({ principal: events(), action, resource: arn, context }, { resource: on(arn) });
      if (Arn.includes(':function:') && !(await ask('lambda:InvokeFunction', Arn))) lacking.push(`${id} → ${Arn}`);
      if (!Arn.includes(':function:') && !RoleArn) lacking.push(`${id} has no role for ${Arn}`);
      if (!DeadLetterConfig || !(await ask('sqs:SendMessage', DeadLetterConfig.Arn)))
        lacking.push(`${id} → dead letters`);
    }
  expect(lacking).toEqual([]);
});

function events(): string {
  return 'events.amazonaws.com';
}
