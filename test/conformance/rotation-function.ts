import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { eventually, uniqueName } from './endpoint.ts';
import type { Secrets } from './secrets.ts';

/** What one invocation of the rotation function saw. */
export interface Seen {
  readonly step: string;
  readonly token: string;
  readonly rotationToken: string | undefined;
  /** Labels of the token's version. */
  readonly labels: string[];
  /** The value under AWSPENDING, or the error that reading it gave. */
  readonly pending: string;
}

export interface RotationFunction {
  readonly arn: string;
  /** Lets Secrets Manager in. */
  allow(): Promise<void>;
  /** What the invocations for one secret saw, in order. */
  seen(secretArn: string): Promise<Seen[]>;
  remove(): Promise<void>;
}

/**
 * A rotation function by AWS's contract that writes down what it sees, in a secret of its own, and fails in the step
 * that the current value names: `{"fail": "setSecret"}`.
 */
export async function makeRotationFunction(secrets: Secrets): Promise<RotationFunction> {
  const { endpoint } = secrets;
  const [iam, lambda] = [endpoint.client(IAMClient), endpoint.client(LambdaClient)];
  const trace = await secrets.make('trace', { SecretString: '[]' });
  const name = uniqueName('rotator').slice(0, 64);
  const roleArn = await makeRole(iam, name);
  const code = { ZipFile: zipSync({ 'index.js': await bundle() }) };
  const { FunctionArn: arn } = await eventually(async () => {
    try {
      return await lambda.send(
        new CreateFunctionCommand({
          FunctionName: name,
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Role: roleArn,
          Timeout: 30,
          Code: code,
          Environment: { Variables: { TRACE: trace.arn } },
        }),
      );
    } catch (error) {
      // AWS needs some seconds until a new role can be assumed.
      if (/cannot be assumed/.test((error as Error).message)) return undefined;
      throw error;
    }
  });
  await eventually(async () => {
    const { State } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return State === 'Active' ? true : undefined;
  });
  return {
    arn: arn!,
    async allow() {
      await lambda.send(
        new AddPermissionCommand({
          FunctionName: name,
          StatementId: 'secrets-manager',
          Action: 'lambda:InvokeFunction',
          Principal: 'secretsmanager.amazonaws.com',
          SourceAccount: arn!.split(':')[4],
        }),
      );
    },
    async seen(secretArn) {
      const all = JSON.parse((await secrets.read(trace.arn))!) as (Seen & { secret: string })[];
      return all.filter(({ secret }) => secret === secretArn);
    },
    async remove() {
      await lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
      await iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: 'secrets' }));
      await iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn: LOGS }));
      await iam.send(new DeleteRoleCommand({ RoleName: name }));
    },
  };
}

const LOGS = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

async function makeRole(iam: IAMClient, RoleName: string): Promise<string> {
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: LOGS }));
  const grant = {
    Effect: 'Allow',
    Action: [
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
      'secretsmanager:UpdateSecretVersionStage',
    ],
    Resource: 'arn:aws:secretsmanager:*:*:secret:keyturn-conformance-*',
  };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [grant] });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'secrets', PolicyDocument }));
  return Role!.Arn!;
}

const source = `
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
const client = new SecretsManager({});
const errorOf = (error) => error.name + ': ' + error.message;
export async function handler({ Step: step, SecretId, ClientRequestToken: token, RotationToken: rotationToken }) {
  const { VersionIdsToStages: labels } = await client.describeSecret({ SecretId });
  const pending = await client
    .getSecretValue({ SecretId, VersionId: token, VersionStage: 'AWSPENDING' })
    .then(({ SecretString }) => SecretString, errorOf);
  const { SecretString: trace } = await client.getSecretValue({ SecretId: process.env.TRACE });
  const seen = { secret: SecretId, step, token, rotationToken, labels: labels[token] ?? [], pending };
  await client.putSecretValue({
    SecretId: process.env.TRACE,
    SecretString: JSON.stringify([...JSON.parse(trace), seen]),
  });
  const { SecretString: current, VersionId } = await client.getSecretValue({ SecretId });
  if (JSON.parse(current).fail === step) throw new Error('asked to fail');
  if (step === 'createSecret') {
    const SecretString = JSON.stringify({ made: token });
    await client.putSecretValue({
      SecretId, SecretString, ClientRequestToken: token, RotationToken: rotationToken, VersionStages: ['AWSPENDING'],
    });
  }
  if (step === 'finishSecret') {
    const VersionStage = 'AWSCURRENT';
    await client.updateSecretVersionStage({
      SecretId, VersionStage, MoveToVersionId: token, RemoveFromVersionId: VersionId,
    });
  }
}
`;

async function bundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: true,
    write: false,
    logLevel: 'error',
  });
  return new TextEncoder().encode(outputFiles[0]!.text);
}
