import { App, Aws, Duration, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  type ConsumerSettings,
  ProxyLogins,
  RotatedSecret,
  type RotatedSecretProps,
  RotationPipeline,
  type RotationPipelineProps,
  WatchedParameter,
} from '../../stacks/index.ts';

const env = { account: '123456789012', region: 'eu-central-1' };
const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:items';
const consumer: ConsumerSettings = {
  name: 'items',
  functionArn,
  freshness: 'recycle',
  maxAgeSeconds: 60,
  longestInvocationSeconds: 10,
};

const declare = (more: Partial<RotatedSecretProps>, props: RotationPipelineProps = {}, place: object = { env }) => {
  const stack = new Stack(new App(), 'Stack', place);
  const pipeline = new RotationPipeline(stack, 'Keyturn', props);
  const secret = new secretsmanager.Secret(stack, 'Secret');
  return new RotatedSecret(stack, 'Rotation', {
    ...{ pipeline, secret, secretName: 'app/jwt', kind: 'jwt', rotator: {} },
    ...more,
  });
};

test.each<[string, Partial<RotatedSecretProps>, RegExp]>([
  ['a secret of any name', { secretName: '*' }, /Secret \*: name: expected the name of a secret/],
  [
    'a consumer that is every function',
    { consumers: [{ ...consumer, functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:*' }] },
    /consumers\.0\.functionArn: expected the ARN of a function/,
  ],
  ['every alias', { consumers: [{ ...consumer, alias: '*' }] }, /consumers\.0\.alias: expected the name of an alias/],
  [
    'a name that turns the line around',
    { consumers: [{ ...consumer, name: 'a\u202eb' }] },
    /consumers\.0\.name: expected a line of 1 to 128 characters/,
  ],
  [
    'a mirror under every key',
    { mirrors: [{ to: 'parameter', parameterName: '/app/jwt', keyId: '*' }] },
    /mirrors\.0\.keyId: expected the ARN of a KMS key/,
  ],
  [
    'a mirror over settings of the pipeline',
    { mirrors: [{ to: 'parameter', parameterName: '/keyturn/keyturn/app/jwt' }] },
    /expected a name that is not under \/keyturn\//,
  ],
  [
    'a replica of everywhere',
    { mirrors: [{ to: 'replica', region: '*' }] },
    /mirrors\.0\.region: expected a region such as eu-central-1/,
  ],
  [
    'a check of every model',
    { checks: [{ name: 'model', type: 'bedrock', parameters: { modelId: '*', credential: 'role' } }] },
    /check model: modelId: expected the id or ARN of a model/,
  ],
  [
    'a check that asks for the credentials of a role',
    { checks: [{ name: 'web', type: 'http', parameters: { url: 'http://169.254.169.254/latest/' } }] },
    /check web: url: expected an address that is neither link-local/,
  ],
  [
    'a check of every function',
    { checks: [{ name: 'own', type: 'function', functionArn: 'arn:aws:lambda:*:*:function:*' }] },
    /check: functionArn: expected the ARN of a function/,
  ],
  ['a group of markup', { group: '<b>' }, /group: expected a name of 1 to 100 letters/],
  ['an algorithm of no one', { rotator: { algorithm: '*' } }, /rotator: algorithm: expected/],
])('%s is refused where the app writes it as text', (_, more, message) => {
  expect(() => declare(more)).toThrow(
    expect.objectContaining({ code: 'PropInvalid', message: expect.stringMatching(message) }),
  );
});

test.each<[string, Partial<RotatedSecretProps>, RegExp]>([
  [
    'a consumer of another account',
    {
      consumers: [
        { ...consumer, functionArn: functionArn.replace('123456789012', '210987654321'), freshness: 'notify' },
      ],
    },
    /consumer items: expected an ARN in account 123456789012.*"crossAccount"/,
  ],
  [
    'a consumer of another region',
    { consumers: [{ ...consumer, functionArn: functionArn.replace('eu-central-1', 'us-east-1') }] },
    /consumer items: expected an ARN in eu-central-1/,
  ],
  [
    'a mirror’s key of another account',
    {
      mirrors: [
        {
          ...{ to: 'parameter', parameterName: '/app/jwt' },
          keyId: 'arn:aws:kms:eu-central-1:210987654321:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f',
        },
      ],
    },
    /mirror \/app\/jwt: expected an ARN in account 123456789012/,
  ],
])('%s is refused', (_, more, message) => {
  expect(() => declare(more)).toThrow(message);
});

test('another account that the pipeline names may be notified, and not recycled', () => {
  const other = { ...consumer, functionArn: functionArn.replace('123456789012', '210987654321') };
  const crossAccount = ['210987654321'];
  expect(() => declare({ consumers: [{ ...other, freshness: 'notify' }] }, { crossAccount })).not.toThrow();
  expect(() => declare({ consumers: [other] }, { crossAccount })).toThrow(/Name what is there/);
});

test('a stack without an env knows no place, and takes the ARNs that it is given', () => {
  expect(() => declare({ consumers: [consumer] }, {}, {})).not.toThrow();
});

test('what is known at deployment only is taken, and wildcards in the text around it are not', () => {
  const stack = new Stack(new App(), 'Functions');
  const code = lambda.Code.fromInline('exports.handler = async () => {}');
  const made = new lambda.Function(stack, 'Items', {
    code,
    handler: 'index.handler',
    runtime: lambda.Runtime.NODEJS_22_X,
  });
  const pipeline = new RotationPipeline(stack, 'Keyturn');
  const secret = new secretsmanager.Secret(stack, 'Secret', { encryptionKey: new kms.Key(stack, 'Key') });
  const all = { pipeline, secret, secretName: 'app/jwt', kind: 'jwt' as const, rotator: {} };
  const consumers = [{ ...consumer, functionArn: made.functionArn }];
  const checks = [
    {
      name: 'web',
      type: 'http' as const,
      parameters: { url: `https://${made.functionName}.example/`, timeoutSeconds: 5 },
    },
    { name: 'items', type: 'consumer' as const, parameters: { functionArn: made.functionArn } },
  ];
  new RotatedSecret(stack, 'Good', { ...all, consumers, checks, gracePeriod: Duration.hours(2) });
  const everyFunction = `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:*`;
  expect(
    () => new RotatedSecret(stack, 'Bad', { ...all, consumers: [{ ...consumer, functionArn: everyFunction }] }),
  ).toThrow('consumers.0.functionArn: expected text without * and ?');
  const everySecret = secretsmanager.Secret.fromSecretNameV2(stack, 'Every', '*');
  expect(() => new RotatedSecret(stack, 'Worse', { ...all, secret: everySecret })).toThrow(
    'the ARN of a secret: the whole: expected text without * and ?',
  );
});

test('names of pipelines, parameters and logins are held to their grammar too', () => {
  const stack = new Stack(new App(), 'Stack');
  expect(() => new RotationPipeline(stack, 'Bad', { pipelineName: 'shop*' })).toThrow(
    'pipelineName: expected lower-case',
  );
  expect(() => new RotationPipeline(stack, 'Worse', { crossAccount: ['*'] })).toThrow(
    'the twelve digits of an account',
  );
  const pipeline = new RotationPipeline(stack, 'Keyturn');
  const watch = (parameterName: string) =>
    new WatchedParameter(stack, parameterName, { pipeline, parameterName, consumers: [] });
  expect(() => watch('/shop/*')).toThrow('expected the name of a parameter, or a path /shop/');
  expect(() => watch('/keyturn/')).toThrow('not under /keyturn/');
  const secret = new secretsmanager.Secret(stack, 'Secret');
  expect(() => new ProxyLogins(stack, 'Logins', { secret, username: 'a\u0000b' })).toThrow('ProxyLogins: username');
});
