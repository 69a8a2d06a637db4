import { LambdaClient } from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import type { Principal } from '../../../../../packages/laptop/cloud.ts';
import { type CloudOptions, createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createLambdaService, { type LambdaService } from '../../../../../packages/laptop/services/lambda/service.ts';
import createLogsService, { type LogsService } from '../../../../../packages/laptop/services/logs/service.ts';

export const roleArn = 'arn:aws:iam::000000000000:role/consumer';
const quick = { functionUpdateMilliseconds: { least: 50, most: 80 } };

/** A cloud with Lambda, Logs and a role that Lambda may assume and that may write logs. */
export async function startLaptop(options: CloudOptions = {}): Promise<RunningCloud> {
  const cloud = await createCloud({
    log: () => {},
    services: [createLogsService, createLambdaService],
    ...options,
    settings: { ...quick, ...options.settings },
  });
  const trust = {
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', ...trust });
  await asPerson(cloud, 'iam', 'CreateRole', { RoleName: 'consumer', AssumeRolePolicyDocument });
  await allow(cloud, ['logs:*'], '*', 'logs');
  return cloud;
}

/** Adds an inline policy to the role of the functions. */
export function allow(cloud: RunningCloud, actions: string[], resource: string, name: string) {
  const Statement = [{ Effect: 'Allow', Action: actions, Resource: resource }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  return asPerson(cloud, 'iam', 'PutRolePolicy', { RoleName: 'consumer', PolicyName: name, PolicyDocument });
}

export const person: Principal = {
  kind: 'administrator',
  arn: 'arn:aws:iam::000000000000:user/administrator',
  identityArn: 'arn:aws:iam::000000000000:user/administrator',
};

export const asPerson = (cloud: RunningCloud, service: string, operation: string, input: unknown): Promise<any> =>
  cloud.call({ service, operation, input, principal: person });

export const clientOf = (cloud: RunningCloud) =>
  new LambdaClient({
    region: 'us-east-1',
    endpoint: cloud.endpointUrl,
    credentials: cloud.administrator,
    maxAttempts: 1,
  });

export const lambdaOf = (cloud: RunningCloud) => cloud.service<LambdaService>('lambda');
export const logsOf = (cloud: RunningCloud) => cloud.service<LogsService>('logs');

export const zip = (files: Record<string, string>) =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])));

export interface NewFunction {
  name?: string;
  files?: Record<string, string>;
  [member: string]: unknown;
}

/** Makes a function of `code` and waits until it is Active. */
export async function make(cloud: RunningCloud, code: string, more: NewFunction = {}): Promise<void> {
  const { name = 'f', files, ...members } = more;
  await asPerson(cloud, 'lambda', 'CreateFunction', {
    FunctionName: name,
    Runtime: 'nodejs22.x',
    Handler: 'index.handler',
    Role: roleArn,
    Code: { ZipFile: zip(files ?? { 'index.js': code }) },
    ...members,
  });
  await settled(cloud, name);
}

/** Waits until a function is Active and its last update is Successful. */
export async function settled(cloud: RunningCloud, name = 'f'): Promise<any> {
  for (;;) {
    const found = await asPerson(cloud, 'lambda', 'GetFunctionConfiguration', { FunctionName: name });
    if (found.State === 'Active' && found.LastUpdateStatus === 'Successful') return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Invokes, and answers the payload parsed beside what Lambda said. */
export async function invoke(cloud: RunningCloud, event: unknown = {}, more: NewFunction = {}): Promise<any> {
  const { name = 'f', ...members } = more;
  const answer = await asPerson(cloud, 'lambda', 'Invoke', {
    FunctionName: name,
    Payload: Buffer.from(JSON.stringify(event)),
    ...members,
  });
  const payload = answer.Payload ? JSON.parse(Buffer.from(answer.Payload).toString('utf8')) : undefined;
  return { ...answer, payload };
}

/** Waits for a condition that comes true by itself. */
export async function until<T>(condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const found = await condition();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('The condition did not come true within five seconds.');
}
