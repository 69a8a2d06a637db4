import { SFNClient } from '@aws-sdk/client-sfn';
import { type Repairer, repairDrift } from '../../pipeline/audit/repair-drift.ts';
import type { AuditAnswer, Finding } from '../../pipeline/contracts/audit.ts';
import { busStatements } from '../../pipeline/contracts/bus-policy.ts';
import { secretKinds, verifyFunctionVariable } from '../../pipeline/contracts/secret-kinds.ts';
import type { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import { eventually } from '../eventually.ts';
import { settingsWith } from '../pipeline/audit/seen.ts';
import { Deployed } from './deployed.ts';

const ACCOUNT = '000000000000';
const PREFIX = '/keyturn/keyturn';
export const TABLE = 'history';
const machine = (name: string) => `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:keyturn-${name}`;
export const machines = {
  rotateSecretArn: machine('rotate-secret'),
  retireCredentialArn: machine('retire-credential'),
  propagateSecretArn: machine('propagate-secret'),
};
const secrets = `arn:aws:secretsmanager:*:${ACCOUNT}:secret:app/*`;

/** Who may put events on the bus of this lab. */
export const parties = {
  busArn: `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/keyturn`,
  publishers: [`arn:aws:iam::${ACCOUNT}:role/role-audit`],
  requesters: [],
};

let deployed: Deployed;
let rotationFunctionArn: string;
let verifyFunctionArn: string;
export const settings = new Map<string, SecretSettings>();

/** Machines that only wait: what an audit sees of them is that they run. A repair ends at once. */
const waiting = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Choose',
  States: {
    Choose: {
      Type: 'Choice',
      Choices: [{ Condition: "{% $states.input.operation = 'repair' %}", Next: 'End' }],
      Default: 'Wait',
    },
    Wait: { Type: 'Wait', Seconds: 3_600, Next: 'End' },
    End: { Type: 'Succeed' },
  },
});

/** A verification function whose target accepts every credential but those that are named otherwise. */
const verifyFunction = `
exports.handler = async (request) => {
  if (request.secretArn.includes('app/unreachable')) throw Object.assign(new Error('no route to the database'), { name: 'TargetUnavailable' });
  if (request.operation === 'Verify') {
    const refused = request.secretArn.includes('app/refused');
    const blockers = request.promotedAt && ['reports from 10.0.0.7'];
    return { supported: true, current: refused ? { works: false, reason: 'the login was refused' } : { works: true }, findings: [], repairable: ['CurrentRefused'], blockers };
  }
  throw new Error('The audit asks for ' + request.operation);
};`;

/** The audit, the functions that it asks, a history and machines, on a laptop of its own. */
export async function openAuditLab(): Promise<Deployed> {
  deployed = await Deployed.start();
  const call = deployed.call.bind(deployed);
  await call('dynamodb', 'CreateTable', {
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
  const trust = { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await call('iam', 'CreateRole', {
    RoleName: 'machines',
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
  });
  for (const name of ['rotate-secret', 'retire-credential', 'propagate-secret']) {
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/machines`;
    await call('states', 'CreateStateMachine', { name: `keyturn-${name}`, definition: waiting, roleArn });
  }
  rotationFunctionArn = await deployed.deployCode('rotate', 'exports.handler = async () => undefined;');
  verifyFunctionArn = await deployed.deployCode('verify', verifyFunction);
  await call('lambda', 'AddPermission', {
    FunctionName: 'rotate',
    StatementId: 'secretsmanager',
    Action: 'lambda:InvokeFunction',
    Principal: 'secretsmanager.amazonaws.com',
    SourceAccount: ACCOUNT,
  });
  const compareMirrorFunctionArn = await deployed.deployHandler('compare-mirror', [
    { actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], resources: [secrets] },
    {
      actions: ['ssm:GetParameter'],
      resources: [`arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/app/*`],
    },
  ]);
  const history = [
    { actions: ['dynamodb:PutItem'], resources: [`arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${TABLE}`] },
  ];
  const project = await deployed.deployHandler('project-history', history, { KEYTURN_HISTORY_TABLE: TABLE });
  const bus = { EventBusName: 'keyturn' };
  await call('events', 'CreateEventBus', { Name: 'keyturn' });
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: busStatements(parties) });
  await call('events', 'PutPermission', { ...bus, Policy });
  await call('events', 'PutRule', { Name: 'history', ...bus, EventPattern: JSON.stringify({ source: ['keyturn'] }) });
  await call('events', 'PutTargets', { Rule: 'history', ...bus, Targets: [{ Id: 'project', Arn: project }] });
  await call('lambda', 'AddPermission', {
    FunctionName: 'project-history',
    StatementId: 'events',
    Action: 'lambda:InvokeFunction',
    Principal: 'events.amazonaws.com',
  });
  await deployed.deployHandler('audit', auditGrants(compareMirrorFunctionArn), {
    KEYTURN_SETTINGS_PREFIX: PREFIX,
    KEYTURN_HISTORY_TABLE: TABLE,
    KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: machines.rotateSecretArn,
    KEYTURN_RETIRE_CREDENTIAL_STATE_MACHINE_ARN: machines.retireCredentialArn,
    KEYTURN_COMPARE_MIRROR_FUNCTION_ARN: compareMirrorFunctionArn,
    EVENT_BUS_NAME: 'keyturn',
    KEYTURN_BUS_PARTIES: JSON.stringify(parties),
    ...Object.fromEntries(secretKinds.map((kind) => [verifyFunctionVariable(kind), verifyFunctionArn])),
  });
  return deployed;
}

/** Exactly what the audit needs: descriptions, dates and its own settings; no value, no write but its events. */
function auditGrants(compareMirrorFunctionArn: string) {
  return [
    { actions: ['secretsmanager:DescribeSecret', 'secretsmanager:ListSecretVersionIds'], resources: [secrets] },
    {
      actions: ['ssm:GetParametersByPath', 'ssm:GetParameterHistory'],
      resources: [
        `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter${PREFIX}`,
        `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter${PREFIX}/*`,
      ],
    },
    { actions: ['dynamodb:Query'], resources: [`arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${TABLE}`] },
    { actions: ['states:ListExecutions'], resources: [machines.rotateSecretArn, machines.retireCredentialArn] },
    { actions: ['lambda:InvokeFunction'], resources: [verifyFunctionArn, compareMirrorFunctionArn] },
    { actions: ['events:PutEvents'], resources: [`arn:aws:events:us-east-1:${ACCOUNT}:event-bus/keyturn`] },
    { actions: ['events:DescribeEventBus'], resources: [`arn:aws:events:us-east-1:${ACCOUNT}:event-bus/keyturn`] },
  ];
}

/** A secret in the pipeline's care, with rotation on. */
export async function manage(
  name: string,
  more: Partial<SecretSettings> = {},
): Promise<{ arn: string; versionId: string }> {
  const { ARN, VersionId } = await deployed.call('secretsmanager', 'CreateSecret', {
    Name: name,
    SecretString: `first of ${name}`,
  });
  await deployed.call('secretsmanager', 'RotateSecret', {
    SecretId: ARN,
    RotationLambdaARN: rotationFunctionArn,
    RotationRules: { AutomaticallyAfterDays: 90 },
    RotateImmediately: false,
  });
  await eventually(`the end of the trial of ${name}`, async () => ((await labels(ARN)).AWSPENDING ? undefined : true));
  const own = settingsWith({ name, gracePeriodSeconds: 60, ...more });
  settings.set(name, own);
  await deployed.call('ssm', 'PutParameter', { Name: `${PREFIX}/${name}`, Type: 'String', Value: JSON.stringify(own) });
  return { arn: ARN, versionId: VersionId };
}

export async function labels(SecretId: string): Promise<Record<string, string>> {
  const { VersionIdsToStages } = await deployed.call('secretsmanager', 'DescribeSecret', { SecretId });
  return Object.fromEntries(
    Object.entries(VersionIdsToStages as Record<string, string[]>).flatMap(([id, stages]) =>
      stages.map((stage) => [stage, id]),
    ),
  );
}

export const put = (SecretId: string, VersionStages: string[]) =>
  deployed.call('secretsmanager', 'PutSecretValue', { SecretId, SecretString: 'another', VersionStages });

/** Moves the clock's words back: what the audit judges by dates has to be old. */
export async function age(name: string, hours: number): Promise<void> {
  const { state } = deployed.cloud.service('secretsmanager') as never as {
    state: { byName(region: string, name: string): any };
  };
  const secret = state.byName('us-east-1', name);
  const earlier = (date: Date | undefined) => date && new Date(date.getTime() - hours * 3_600_000);
  secret.lastChangedAt = earlier(secret.lastChangedAt);
  secret.lastRotatedAt = earlier(secret.lastRotatedAt);
  for (const version of secret.versions.values()) version.createdAt = earlier(version.createdAt);
}

export const doctor = async (secretId: string): Promise<Finding[]> =>
  ((await deployed.invoke('audit', { secretId, publish: false })) as AuditAnswer).findings;

export function repair(finding: Finding) {
  const options = {
    region: 'us-east-1',
    endpoint: deployed.cloud.endpointUrl,
    credentials: deployed.cloud.administrator,
  };
  const { secretsManager } = deployed;
  const repairer: Repairer = {
    secretsManager,
    states: new SFNClient(options),
    machines,
    now: () => new Date(),
  };
  return repairDrift(repairer, finding, settings.get(finding.secretName)!);
}

export const inputOf = async (executionArn: string | undefined) =>
  JSON.parse((await deployed.call('states', 'DescribeExecution', { executionArn })).input);
