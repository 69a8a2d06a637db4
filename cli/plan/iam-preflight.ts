import { SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { GetFunctionConfigurationCommand, GetPolicyCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { settingsParameterName } from '../../pipeline/contracts/settings/settings-parameter.ts';
import { isNamed } from '../../pipeline/errors.ts';
import type { DeployedPipeline } from '../aws/deployed-pipeline.ts';
import { arnOfSecret } from './look-at-secret.ts';
import { found, type Preflight, type PreflightCheck, type Subject } from './preflight.ts';

/** What a role needs on one resource. */
export interface Need {
  readonly actions: readonly string[];
  readonly resource: string;
}

/**
 * What the rotation function does, asked of IAM without doing it, and whether Secrets Manager may call it.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export const iamPreflight: PreflightCheck = async (subject) => {
  const { facts, entry, clients, pipeline } = subject;
  if (entry.kind === 'watched') return [];
  if (!pipeline || !facts.rotationFunctionArn) {
    return [found('iam', 'unknown', 'NotDeployed', 'The roles are made by the stack: ask again when it is deployed.')];
  }
  const lambda = await clients.lambda();
  const { Role: roleArn = '' } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: facts.rotationFunctionArn }),
  );
  const denied: string[] = [];
  for (const need of await needs(subject, pipeline)) denied.push(...(await deniedOf(subject, roleArn, need)));
  const invocation = await judgeInvocation(lambda, facts.rotationFunctionArn);
  return [...judgeDenied(roleArn, denied), ...invocation];
};

async function needs({ facts, entry, clients }: Subject, pipeline: DeployedPipeline): Promise<Need[]> {
  const secretsManager = (...operations: string[]) => operations.map((operation) => `secretsmanager:${operation}`);
  const arn = facts.arn ?? '';
  const parameter = settingsParameterName(pipeline.settingsPrefix, facts.name);
  const [, partition, , region, account] = arn.split(':');
  const found: Need[] = [
    {
      actions: secretsManager('DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'),
      resource: arn,
    },
    { actions: ['ssm:GetParameter'], resource: `arn:${partition}:ssm:${region}:${account}:parameter${parameter}` },
    { actions: ['states:StartExecution'], resource: pipeline.description.rotateSecretArn },
  ];
  if (facts.kmsKeyId?.startsWith('arn:')) {
    found.push({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resource: facts.kmsKeyId });
  }
  if (entry.kind !== 'postgres') return found;
  const client = await clients.secretsManager();
  if (entry.superuserSecret) {
    found.push({
      actions: secretsManager('GetSecretValue'),
      resource: await arnOfSecret(client, entry.superuserSecret),
    });
  }
  for (const login of Object.values(entry.proxy?.loginSecrets ?? {})) {
    found.push({ actions: secretsManager('PutSecretValue'), resource: await arnOfSecret(client, login) });
  }
  return found;
}

/** `secretsmanager:PutSecretValue on arn:…`, for each that is not allowed. */
async function deniedOf({ clients }: Subject, roleArn: string, need: Need): Promise<string[]> {
  const iam = await clients.iam();
  const region = need.resource.split(':')[3] ?? '';
  const answer = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: roleArn,
      ActionNames: [...need.actions],
      ResourceArns: [need.resource],
      ContextEntries: [
        {
          ContextKeyName: 'kms:ViaService',
          ContextKeyType: 'string',
          ContextKeyValues: [`secretsmanager.${region}.amazonaws.com`],
        },
      ],
    }),
  );
  return (answer.EvaluationResults ?? [])
    .filter(({ EvalDecision }) => EvalDecision !== 'allowed')
    .map(({ EvalActionName }) => `${EvalActionName} on ${need.resource}`);
}

/** Pure. */
export function judgeDenied(roleArn: string, denied: readonly string[]): Preflight[] {
  if (denied.length === 0) return [found('iam', 'ok', 'Allowed', `${roleArn} may do what a rotation does.`)];
  const text = `${roleArn} may not: ${denied.join(', ')}.`;
  return [
    found(
      'iam',
      'blocks',
      'Denied',
      text,
      'Deploy the stack again; if it is denied still, a boundary or a service control policy denies it.',
    ),
  ];
}

async function judgeInvocation(lambda: Pick<LambdaClient, 'send'>, functionArn: string): Promise<Preflight[]> {
  let policy = '';
  try {
    policy = (await lambda.send(new GetPolicyCommand({ FunctionName: functionArn }))).Policy ?? '';
  } catch (error) {
    // A function without any permission has no policy.
    if (!isNamed(error, 'ResourceNotFoundException')) throw error;
  }
  if (policy.includes('secretsmanager.amazonaws.com')) return [];
  return [
    found(
      'iam',
      'blocks',
      'InvocationNotAllowed',
      `Secrets Manager may not invoke ${functionArn}.`,
      'Deploy the stack again: it gives that permission.',
    ),
  ];
}
