import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Settings } from '../../packages/laptop/cloud.ts';
import { createCloud } from '../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import { bundleHandler } from '../../tools/bundle.ts';
import { asPerson, settled, zip } from '../packages/laptop/services/lambda/laptop.ts';

export interface Grant {
  readonly actions: string[];
  readonly resources: string[];
}

/** Functions from their real bundles on a laptop's cloud, each under a role with the grants that a test names and no other. */
export class Deployed {
  readonly cloud: RunningCloud;
  readonly secretsManager: SecretsManagerClient;
  readonly lambda: LambdaClient;

  private constructor(cloud: RunningCloud) {
    this.cloud = cloud;
    const options = {
      region: cloud.region,
      endpoint: cloud.endpointUrl,
      credentials: cloud.administrator,
      maxAttempts: 1,
    };
    this.secretsManager = new SecretsManagerClient(options);
    this.lambda = new LambdaClient(options);
  }

  static async start(settings: Partial<Settings> = {}): Promise<Deployed> {
    return new Deployed(
      await createCloud({ log: () => undefined, settings: { eventsDuplicatedRate: 0, ...settings } }),
    );
  }

  call(service: string, operation: string, input: unknown): Promise<any> {
    return asPerson(this.cloud, service, operation, input);
  }

  /** The bundle of a file in handlers/, as it is deployed. */
  async deployHandler(handler: string, grants: Grant[], environment: Record<string, string> = {}): Promise<string> {
    return this.deployCode(handler, bundle(handler), grants, environment);
  }

  async deployCode(
    name: string,
    code: string,
    grants: Grant[] = [],
    environment: Record<string, string> = {},
  ): Promise<string> {
    const RoleName = `role-${name}`;
    const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
    await this.call('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: policy([trust]) });
    const logs = { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' };
    const statements = grants.map(({ actions, resources }) => ({
      Effect: 'Allow',
      Action: actions,
      Resource: resources,
    }));
    await this.call('iam', 'PutRolePolicy', {
      RoleName,
      PolicyName: 'p',
      PolicyDocument: policy([logs, ...statements]),
    });
    const created = await this.call('lambda', 'CreateFunction', {
      FunctionName: name,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: `arn:aws:iam::000000000000:role/${RoleName}`,
      Timeout: 60,
      MemorySize: 256,
      Environment: { Variables: environment },
      Code: { ZipFile: zip({ 'index.js': code }) },
    });
    await settled(this.cloud, name);
    return created.FunctionArn;
  }

  /** Invokes, and answers the payload; a function that fails is thrown in Lambda's words. */
  async invoke(name: string, event: unknown): Promise<any> {
    const answer = await this.call('lambda', 'Invoke', {
      FunctionName: name,
      Payload: Buffer.from(JSON.stringify(event)),
    });
    const payload = JSON.parse(Buffer.from(answer.Payload).toString('utf8'));
    if (answer.FunctionError) throw Object.assign(new Error(payload.errorMessage), { name: payload.errorType });
    return payload;
  }

  /** What a function has logged. */
  async log(name: string): Promise<string> {
    const { events = [] } = await this.call('logs', 'FilterLogEvents', { logGroupName: `/aws/lambda/${name}` });
    return events.map(({ message }: { message: string }) => message).join('\n');
  }

  async close(): Promise<void> {
    this.secretsManager.destroy();
    this.lambda.destroy();
    await this.cloud.close();
  }
}

/** As it is deployed. */
function bundle(handler: string): string {
  return readFileSync(join(bundleHandler(handler), 'index.js'), 'utf8');
}

const policy = (Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
