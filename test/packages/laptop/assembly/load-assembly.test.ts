import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { administratorOf } from '../../../../packages/laptop/assembly/administrator.ts';
import { loadAssembly } from '../../../../packages/laptop/assembly/load-assembly.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import createLambdaService from '../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../packages/laptop/services/logs/service.ts';
import createSecretsManagerService from '../../../../packages/laptop/services/secretsmanager/service.ts';
import createSqsService from '../../../../packages/laptop/services/sqs/service.ts';
import createSsmService from '../../../../packages/laptop/services/ssm/service.ts';

let directory: string;
let cloud: RunningCloud;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'assembly-'));
  cloud = await createCloud({
    services: [createSqsService, createSsmService, createSecretsManagerService, createLogsService, createLambdaService],
    log: () => {},
  });
});
afterEach(async () => {
  await cloud.close();
  rmSync(directory, { recursive: true, force: true });
});

interface StackFiles {
  template: object;
  dependencies?: string[];
  assets?: object;
}

/** Writes what `cdk synth` writes: a manifest, and for each stack its template and its assets. */
function synthesize(stacks: Record<string, StackFiles>): void {
  const artifacts = Object.entries(stacks).map(([id, { dependencies = [] }]) => [
    id,
    { type: 'aws:cloudformation:stack', properties: { templateFile: `${id}.template.json` }, dependencies },
  ]);
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ artifacts: Object.fromEntries(artifacts) }));
  for (const [id, { template, assets = {} }] of Object.entries(stacks)) {
    writeFileSync(join(directory, `${id}.template.json`), JSON.stringify(template));
    writeFileSync(join(directory, `${id}.assets.json`), JSON.stringify({ files: assets }));
  }
}

const load = (parameters?: Record<string, string>) => loadAssembly(directory, cloud, parameters ? { parameters } : {});
const ask = (service: string, operation: string, input: object): Promise<any> =>
  cloud.call({ service, operation, input, principal: administratorOf(cloud) });
const parameterValue = async (Name: string) => (await ask('ssm', 'GetParameter', { Name })).Parameter.Value;
const parameter = (Name: string, Value: unknown) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: { Type: 'String', Name, Value },
});

describe('an assembly', () => {
  test('becomes resources, each after those it needs, with their names and attributes filled in', async () => {
    synthesize({
      app: {
        template: {
          Resources: {
            Place: parameter('/place', { 'Fn::Join': [' ', [{ Ref: 'Queue' }, { 'Fn::GetAtt': ['Queue', 'Arn'] }]] }),
            Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'q' } },
          },
          Outputs: { Url: { Value: { Ref: 'Queue' } } },
        },
      },
    });
    const [stack] = await load();
    const url = `${cloud.endpointUrl}/000000000000/q`;
    expect(await parameterValue('/place')).toBe(`${url} arn:aws:sqs:us-east-1:000000000000:q`);
    expect(stack).toMatchObject({
      name: 'app',
      outputs: { Url: url },
      resources: { Queue: { type: 'AWS::SQS::Queue', ref: url }, Place: { ref: '/place' } },
    });
  });

  test('leaves out what its conditions leave out', async () => {
    synthesize({
      app: {
        template: {
          Parameters: { Stage: { Type: 'String', Default: 'test' } },
          Conditions: {
            IsLive: { 'Fn::Equals': [{ Ref: 'Stage' }, 'live'] },
            IsTest: { 'Fn::Not': [{ Condition: 'IsLive' }] },
          },
          Resources: {
            Live: { ...parameter('/live', 'x'), Condition: 'IsLive' },
            Test: { ...parameter('/test', { 'Fn::If': ['IsLive', 'a', 'b'] }), Condition: 'IsTest' },
          },
          Outputs: { Live: { Value: { Ref: 'Live' }, Condition: 'IsLive' } },
        },
      },
    });
    const [stack] = await load();
    expect(stack?.outputs).toEqual({});
    expect(await parameterValue('/test')).toBe('b');
    await expect(parameterValue('/live')).rejects.toMatchObject({ code: 'ParameterNotFound' });
  });

  test('has stacks that take from each other, in the order that needs', async () => {
    synthesize({
      second: {
        dependencies: ['first'],
        template: { Resources: { Copy: parameter('/copy', { 'Fn::ImportValue': 'shared' }) } },
      },
      first: {
        template: {
          Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'q' } } },
          Outputs: { Shared: { Value: { 'Fn::GetAtt': ['Queue', 'Arn'] }, Export: { Name: 'shared' } } },
        },
      },
    });
    expect((await load()).map(({ name }) => name)).toEqual(['first', 'second']);
    expect(await parameterValue('/copy')).toBe('arn:aws:sqs:us-east-1:000000000000:q');
  });

  test('reads parameters: given ones, lists, those of Parameter Store, and the CDK’s own version', async () => {
    await ask('ssm', 'PutParameter', { Name: '/shared/colour', Value: 'green', Type: 'String' });
    synthesize({
      app: {
        template: {
          Parameters: {
            Size: { Type: 'Number', Default: '1' },
            Zones: { Type: 'CommaDelimitedList', Default: 'a,b' },
            Colour: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/shared/colour' },
            BootstrapVersion: {
              Type: 'AWS::SSM::Parameter::Value<String>',
              Default: '/cdk-bootstrap/hnb659fds/version',
            },
          },
          Resources: {
            All: parameter('/all', {
              'Fn::Join': [' ', [{ Ref: 'Size' }, { 'Fn::Select': [1, { Ref: 'Zones' }] }, { Ref: 'Colour' }]],
            }),
          },
        },
      },
    });
    await load({ Size: '7' });
    expect(await parameterValue('/all')).toBe('7 b green');
  });

  test('takes secrets and parameters that its template refers to by name', async () => {
    await ask('secretsmanager', 'CreateSecret', { Name: 'app/db', SecretString: '{"user":"jane"}' });
    await ask('ssm', 'PutParameter', { Name: '/host', Value: 'db.test', Type: 'String' });
    synthesize({
      app: {
        template: {
          Resources: {
            Url: parameter('/url', 'x://{{resolve:secretsmanager:app/db:SecretString:user}}@{{resolve:ssm:/host}}/'),
          },
        },
      },
    });
    await load();
    expect(await parameterValue('/url')).toBe('x://jane@db.test/');
  });

  test('has secrets whose values are made up as the template asks', async () => {
    const GenerateSecretString = {
      SecretStringTemplate: '{"username":"app"}',
      GenerateStringKey: 'password',
      PasswordLength: 20,
      ExcludePunctuation: true,
    };
    synthesize({
      app: {
        template: {
          Resources: {
            Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 's', GenerateSecretString } },
          },
        },
      },
    });
    await load();
    const { SecretString } = await ask('secretsmanager', 'GetSecretValue', { SecretId: 's' });
    expect(JSON.parse(SecretString)).toEqual({ username: 'app', password: expect.stringMatching(/^[A-Za-z0-9]{20}$/) });
  });

  test('brings the code of its functions', async () => {
    mkdirSync(join(directory, 'asset.code'));
    writeFileSync(join(directory, 'asset.code/index.js'), 'exports.handler = async ({ n }) => n + 1;');
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    };
    synthesize({
      app: {
        assets: {
          code: { source: { path: 'asset.code', packaging: 'zip' }, destinations: { here: { objectKey: 'code.zip' } } },
        },
        template: {
          Resources: {
            Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust } },
            Function: {
              Type: 'AWS::Lambda::Function',
              Properties: {
                FunctionName: 'f',
                Runtime: 'nodejs22.x',
                Handler: 'index.handler',
                Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
                Code: { S3Bucket: { 'Fn::Sub': 'cdk-assets-${AWS::AccountId}' }, S3Key: 'code.zip' },
              },
            },
          },
        },
      },
    });
    await load();
    const { Payload } = await ask('lambda', 'Invoke', { FunctionName: 'f', Payload: Buffer.from('{"n":41}') });
    expect(Buffer.from(Payload).toString()).toBe('42');
  });

  test('may be metadata in part', async () => {
    synthesize({
      app: {
        template: {
          Resources: {
            CDKMetadata: { Type: 'AWS::CDK::Metadata', Properties: { Analytics: 'x' } },
            P: parameter('/p', '1'),
          },
        },
      },
    });
    await load();
    expect(await parameterValue('/p')).toBe('1');
  });
});

describe('an assembly is refused', () => {
  test('before anything is made, for all the types that are lacking, each with its logical id', async () => {
    synthesize({
      app: {
        template: {
          Resources: {
            P: parameter('/p', '1'),
            Bucket: { Type: 'AWS::S3::Bucket' },
            Pool: { Type: 'AWS::Cognito::UserPool' },
          },
        },
      },
    });
    const problem = await load().catch((error) => error);
    expect(problem).toMatchObject({ code: 'UnsupportedTemplate' });
    expect(problem.message).toContain('app/Bucket (AWS::S3::Bucket) is not supported.');
    expect(problem.message).toContain('app/Pool (AWS::Cognito::UserPool) is not supported.');
    await expect(parameterValue('/p')).rejects.toMatchObject({ code: 'ParameterNotFound' });
  });

  test.each<[string, object, string]>([
    [
      'a property that would be ignored',
      { Resources: { Mine: { ...parameter('/p', '1'), Properties: { Type: 'String', Value: '1', Policies: '[]x' } } } },
      'Mine (AWS::SSM::Parameter)',
    ],
    [
      'an attribute that is not there',
      {
        Resources: {
          Queue: { Type: 'AWS::SQS::Queue', Properties: {} },
          Mine: parameter('/p', { 'Fn::GetAtt': ['Queue', 'Colour'] }),
        },
      },
      'Queue (AWS::SQS::Queue): attribute Colour is not supported on the laptop.',
    ],
    [
      'a parameter without a value',
      { Parameters: { Stage: { Type: 'String' } }, Resources: {} },
      'Parameter Stage has no value: give one.',
    ],
    ['a reference to nothing', { Resources: { Mine: parameter('/p', { Ref: 'Ghost' }) } }, 'nothing is called Ghost'],
    [
      'an import that nobody exports',
      { Resources: { Mine: parameter('/p', { 'Fn::ImportValue': 'ghost' }) } },
      'Fn::ImportValue: no stack exports ghost.',
    ],
    [
      'what the service itself refuses',
      { Resources: { Mine: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'not a name' } } } },
      'Mine (AWS::SQS::Queue)',
    ],
  ])('for %s', async (_name, template, message) => {
    synthesize({ app: { template } });
    await expect(load()).rejects.toThrow(message);
  });
});
