import type { Right } from './statements.ts';

/** Why rights with a wildcard are as they are. A right that fits no row is refused, and so is a row that nothing fits. */
export interface Reason {
  readonly holder: RegExp;
  readonly actions: readonly string[];
  readonly resource: RegExp;
  readonly because: string;
}

/** A name as the reader of manifests takes it: no wildcard is hidden in one. */
const name = '[A-Za-z0-9/_+=.@!-]+';
const place = String.raw`(?:<AWS::Region>|[a-z]{2}-[a-z]+-\d):(?:<AWS::AccountId>|\d{12})`;
const arn = (rest: string) => new RegExp(`^arn:(?:<AWS::Partition>|aws):${rest}$`);
const secretByName = arn(`secretsmanager:${place}:secret:${name}-\\?\\?\\?\\?\\?\\?`);
const withoutEnd =
  'A secret that is known by its name: its ARN ends with six characters of Secrets Manager’s own, and these are any six. ' +
  'No longer name fits.';

const byName = (holder: RegExp, ...actions: string[]): Reason => ({
  holder,
  actions: actions.map((action) => `secretsmanager:${action}`),
  resource: secretByName,
  because: withoutEnd,
});

/** Of what a manifest makes. */
export const pipelineReasons: readonly Reason[] = [
  byName(/PrepareRoleDefaultPolicy$/, 'DescribeSecret'),
  byName(/WidgetRoleDefaultPolicy$/, 'DescribeSecret'),
  byName(/AuditRoleDefaultPolicy$/, 'DescribeSecret', 'ListSecretVersionIds'),
  byName(/RotateSecretRoleDefaultPolicy$/, 'DescribeSecret', 'RotateSecret'),
  byName(
    /Rotate(postgres|jwt|apikey)StepsRoleDefaultPolicy$/,
    ...['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'],
  ),
  byName(/ChecksCheck(Database)?RoleDefaultPolicy$/, 'DescribeSecret', 'GetSecretValue'),
  byName(/ServeJwksRoleDefaultPolicy$/, 'GetSecretValue'),
  byName(/(MirrorSecret|CompareMirror)RoleDefaultPolicy$/, 'DescribeSecret', 'GetSecretValue'),
  byName(/Verify(postgres|jwt|apikey)RoleDefaultPolicy$/, 'DescribeSecret', 'GetSecretValue'),
  byName(/WorkflowAwaitConvergenceRoleDefaultPolicy$/, 'DescribeSecret'),
  {
    holder: /SelectSecretsRoleDefaultPolicy$/,
    actions: ['secretsmanager:ListSecrets'],
    resource: /^\*$/,
    because: 'ListSecrets knows no resources. It answers names and tags, never values.',
  },
  {
    holder: /Workflow(PropagateSecret|AwaitConvergence|RetireCredential|RotateSecret|RotateFleet)RoleDefaultPolicy$/,
    actions: ['PutTraceSegments', 'PutTelemetryRecords', 'GetSamplingRules', 'GetSamplingTargets'].map(
      (action) => `xray:${action}`,
    ),
    resource: /^\*$/,
    because: 'X-Ray knows no resources.',
  },
  {
    holder: /Workflow(PropagateSecret|AwaitConvergence|RetireCredential|RotateSecret|RotateFleet)RoleDefaultPolicy$/,
    actions: [
      ...['CreateLogDelivery', 'GetLogDelivery', 'UpdateLogDelivery', 'DeleteLogDelivery', 'ListLogDeliveries'],
      ...['PutResourcePolicy', 'DescribeResourcePolicies', 'DescribeLogGroups'],
    ].map((action) => `logs:${action}`),
    resource: /^\*$/,
    because: 'Delivery of logs knows no resources: docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html.',
  },
  {
    holder: /Workflow(RetireCredential|RotateSecret|RotateFleet)RoleDefaultPolicy$/,
    actions: ['states:DescribeExecution', 'states:StopExecution'],
    resource: arn(`states:${place}:execution:[a-z0-9-]+-(propagate-secret|retire-credential|rotate-secret):\\*`),
    because: 'Names of executions are not known before they are started; the machine is.',
  },
  {
    holder: /ReportRoleDefaultPolicy$/,
    actions: ['states:DescribeExecution'],
    resource: arn(`states:${place}:execution:[a-z0-9-]+-(await-convergence|retire-credential|rotate-secret):\\*`),
    because: 'Any execution of these machines may fail, under a name that is not known before it is started.',
  },
  {
    holder: /RecycleConsumerRoleDefaultPolicy$/,
    actions: [
      ...['GetFunction', 'UpdateFunctionConfiguration', 'GetAlias', 'UpdateAlias', 'PublishVersion'],
      ...['GetProvisionedConcurrencyConfig', 'DeleteFunction'],
    ].map((action) => `lambda:${action}`),
    resource: arn(`lambda:${place}:function:[A-Za-z0-9_-]+:\\*`),
    because: 'Versions of one consumer that has an alias: their numbers are not known before.',
  },
  {
    holder: /ChecksCheckDatabaseRoleDefaultPolicy$/,
    actions: ['rds:DescribeDBProxyTargets'],
    resource: arn(`rds:${place}:(db-proxy|target-group):\\*`),
    because: 'ARNs of proxies and target groups hold ids that are not known before they are made. Descriptions only.',
  },
  {
    holder: /ChecksCheckDatabaseRoleDefaultPolicy$/,
    actions: ['rds:DescribeDBInstances', 'rds:DescribeDBClusters'],
    resource: arn(`rds:${place}:(db|cluster):\\*`),
    because: 'A check without "databaseIdentifier": the secret’s host names the database. Descriptions only.',
  },
  {
    holder: /ChecksCheckRoleDefaultPolicy$/,
    actions: ['bedrock:InvokeModel'],
    resource: arn(
      String.raw`bedrock:\*:(:foundation-model|(<AWS::AccountId>|\d{12}):inference-profile)/[A-Za-z0-9:.-]+`,
    ),
    because: 'One model: its fallback and its inference profile call it in other regions.',
  },
  {
    holder: /SyncParameterRoleDefaultPolicy$/,
    actions: ['ssm:GetParameters'],
    resource: arn(String.raw`ssm:${place}:parameter/keyturn/[a-z0-9-]+/\.parameter/\*`),
    because: 'It looks for the settings of a parameter under its name and those of the paths that it is under.',
  },
  {
    holder: /(SyncParameter|LookAtParameter)RoleDefaultPolicy$/,
    actions: ['ssm:GetParameter'],
    resource: arn(String.raw`ssm:${place}:parameter/[\w./-]+/\*`),
    because: 'Everything under a watched path.',
  },
  {
    holder: /ServeJwksPublicInvoke(Url|ThroughUrl)$|PublicInvoke(Url|ThroughUrl)$/,
    actions: ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'],
    resource: /^<\w+ServeJwksFunction\w+\.Arn>$/,
    because: 'Verifiers without credentials ask for public keys. The second right is through the URL only.',
  },
  {
    holder: /(AlarmTopic|DeadLetters)Policy$/,
    actions: ['sns:Publish', 'sqs:*'],
    resource: /^<\w+>$|^<\w+\.Arn>$/,
    because: 'A refusal, of whatever comes without TLS.',
  },
];

const example: readonly Reason[] = [
  {
    holder: /^SecretsKey$/,
    actions: [
      ...['kms:*', 'kms:Decrypt', 'kms:Encrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:CreateGrant'],
      'kms:DescribeKey',
    ],
    resource: /^\*$/,
    because:
      'The policy of a key stands on that key, which "*" means there; the account itself may manage it: ' +
      'docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html.',
  },
  {
    holder: /^KeysBedrockUserDefaultPolicy$/,
    actions: ['bedrock:InvokeModel'],
    resource: arn(String.raw`bedrock:\*::foundation-model/amazon\.nova-micro-v1:0`),
    because: 'One model, in every region of its inference profile.',
  },
  {
    holder: /^KeysBedrockUserDefaultPolicy$/,
    actions: ['bedrock:CallWithBearerToken'],
    resource: /^\*$/,
    because: 'To call with a key knows no resources.',
  },
];

/** Thousands of secrets that one stack makes for a measurement on a laptop. */
const fleet: readonly Reason[] = [
  {
    holder:
      /(Prepare|Audit|Widget|RotateapikeySteps|Verifyapikey|WorkflowRotateSecret|WorkflowAwaitConvergence)RoleDefaultPolicy$/,
    actions: [
      ...['DescribeSecret', 'ListSecretVersionIds', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'],
      'RotateSecret',
    ].map((action) => `secretsmanager:${action}`),
    resource: arn(String.raw`secretsmanager:${place}:secret:fleet/\*`),
    because: 'A policy has no room for thousands of secrets.',
  },
  {
    holder: /(Prepare|Audit|RotateapikeySteps|Verifyapikey)RoleDefaultPolicy$/,
    actions: ['ssm:GetParameter', 'ssm:GetParameterHistory'],
    resource: arn(String.raw`ssm:${place}:parameter/keyturn/keyturn/fleet/\*`),
    because: 'Their settings, likewise.',
  },
];

/** Principals of the lab, to which the bus must say no. */
const lab: readonly Reason[] = [
  {
    holder: /^lab(requester|stranger)DefaultPolicy$/,
    actions: ['events:PutEvents'],
    resource: /^\*$/,
    because: 'Their own policies allow every bus, so that the policy of the bus alone decides what they may put.',
  },
];

export const reasons: readonly Reason[] = [...pipelineReasons, ...example, ...fleet, ...lab];

export function reasonFor(right: Right, among: readonly Reason[] = reasons): Reason | undefined {
  return among.find(
    ({ holder, actions, resource }) =>
      holder.test(right.holder) && actions.includes(right.action) && resource.test(right.resource),
  );
}
