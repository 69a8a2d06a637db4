import * as v from 'valibot';
import * as names from '../../../../pipeline/contracts/grammar/aws-names.ts';
import { ParameterName, ParameterNameOrPath } from '../../../../pipeline/contracts/grammar/parameter-names.ts';

const here = 'eu-central-1:123456789012';
const { ExcludedCharacters: _, ...policyNames } = names;
const schemas: Record<string, v.GenericSchema<string>> = {
  ...policyNames,
  ParameterName,
  ParameterNameOrPath,
} as never;

/** At least two of each, as AWS itself writes them. */
const good: Record<string, readonly string[]> = {
  Region: ['eu-central-1', 'us-gov-west-1', 'us-isob-east-1', 'ap-southeast-4', 'eusc-de-east-1', 'cn-north-1'],
  AccountId: ['123456789012', '000000000000'],
  SecretName: ['a', '/shop/db', 'rds!cluster-0a1b', 'x_+=.@-y', 'a'.repeat(512)],
  FindableSecretName: ['shop/database', 'rds!db-1', 'shop/a-12345'],
  NewSecretName: ['shop/database', 'x-1234567'],
  CompleteSecretArn: [
    `arn:aws:secretsmanager:${here}:secret:shop/db-AbCdEf`,
    'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:db-AbCdE1',
  ],
  SecretArn: [`arn:aws:secretsmanager:${here}:secret:shop/db`, `arn:aws:secretsmanager:${here}:secret:rds!db-1-AbCdEf`],
  SecretNameOrArn: ['shop/db', `arn:aws:secretsmanager:${here}:secret:shop/db-AbCdEf`],
  FunctionArn: [
    `arn:aws:lambda:${here}:function:items_2`,
    'arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:items',
  ],
  InvokedFunctionArn: [
    ...[`arn:aws:lambda:${here}:function:items`, `arn:aws:lambda:${here}:function:items:live`],
    `arn:aws:lambda:${here}:function:items:$LATEST`,
  ],
  FunctionNameOrArn: ['shop-items', `arn:aws:lambda:${here}:function:items`],
  FunctionAlias: ['live', 'v1'],
  KmsKeyArn: [
    `arn:aws:kms:${here}:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f`,
    `arn:aws:kms:${here}:key/mrk-0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d`,
  ],
  UserName: ['shop-model', 'a+=,.@_b'],
  DatabaseIdentifier: ['shop', 'shop-one-2'],
  ProxyName: ['shop', 'shop-proxy'],
  VpcId: ['vpc-0a1b2c3d', 'vpc-0a1b2c3d4e5f60718'],
  SubnetId: ['subnet-0a1b2c3d', 'subnet-0a1b2c3d4e5f60718'],
  SecurityGroupId: ['sg-0a1b2c3d', 'sg-0a1b2c3d4e5f60718'],
  ModelId: [
    ...['amazon.nova-lite-v1:0', 'eu.anthropic.claude-sonnet-4-20250514-v1:0', 'global.amazon.nova-2-lite-v1:0'],
    'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0',
    `arn:aws:bedrock:${here}:inference-profile/eu.amazon.nova-lite-v1:0`,
    `arn:aws:bedrock:${here}:application-inference-profile/a1b2c3d4e5f6`,
    `arn:aws:bedrock:${here}:provisioned-model/a1b2c3d4e5f6`,
  ],
  DatabaseRole: ['shop_owner', 'Shop Owner'],
  ParameterName: ['/shop/flag', 'flag', '/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o'],
  ParameterNameOrPath: ['/shop/', '/shop/flag', 'shop/'.slice(0, 4)],
};

const named = Object.entries(schemas).filter(([, schema]) => typeof schema === 'object');

test('every schema of a name is tried', () => {
  expect(named.map(([name]) => name).sort()).toEqual(Object.keys(good).sort());
});

test.each(named)('%s takes what AWS takes', (name, schema) => {
  expect((good[name] ?? []).filter((value) => !v.is(schema, value))).toEqual([]);
});

/** Each is put in the place of a good name, behind it, and in the middle of it. */
const hostile = [
  '*',
  '?',
  '${aws:username}',
  '\u202e',
  '\u0000',
  '\n',
  '<b>',
  '\u200b',
  '\ud800',
  ':*',
  '/*',
  'ä',
  'a'.repeat(3_000),
];

test.each(
  named,
)('%s takes no wildcard, no variable, no character that is not seen, no markup and no length', (name, schema) => {
  // The names of roles in PostgreSQL hold nearly anything. They end in no policy, and SQL quotes them.
  const allowed = name === 'DatabaseRole' ? ['*', '?', '${aws:username}', ':*', '/*', 'ä'] : [];
  const values = (good[name] ?? []).flatMap((value) =>
    hostile
      .filter((each) => !allowed.includes(each))
      .flatMap((each) => [each, value + each, value.slice(0, 5) + each + value.slice(5)]),
  );
  expect(values.filter((value) => v.is(schema, value) && !value.includes('a'.repeat(3_000)))).toEqual([]);
  expect(values.filter((value) => v.is(schema, value))).toEqual([]);
});

test.each([
  ['FunctionArn', `arn:aws:lambda:${here}:function:items:live`],
  ['FunctionArn', `arn:aws:secretsmanager:${here}:secret:items-AbCdEf`],
  ['FunctionArn', 'arn:aws-cn:lambda:eu-central-1:123456789012:function:items'],
  ['FunctionArn', 'arn:aws:lambda:eu-central-1:12345:function:items'],
  ['FunctionArn', 'arn:aws:lambda::123456789012:function:items'],
  ['FunctionAlias', '12'],
  ['KmsKeyArn', `arn:aws:kms:${here}:alias/shop`],
  ['CompleteSecretArn', `arn:aws:secretsmanager:${here}:secret:shop/db`],
  ['FindableSecretName', 'shop/tokens-AbCdEf'],
  ['FindableSecretName', 'shop-tokens'],
  ['NewSecretName', 'rds!db'],
  ['VpcId', 'vpc-1'],
  ['VpcId', 'subnet-0a1b2c3d'],
  ['DatabaseIdentifier', 'shop--one'],
  ['DatabaseIdentifier', 'shop-'],
  ['ProxyName', '1shop'],
  ['ModelId', 'arn:aws:bedrock:us-east-1:123456789012:foundation-model/amazon.nova-lite-v1:0'],
  ['ParameterName', '/shop/'],
  ['ParameterName', 'shop/flag'],
  ['ParameterName', '/aws/flag'],
  ['ParameterName', 'SSM-flag'],
  ['ParameterName', '/keyturn/shop/database'],
  ['ParameterNameOrPath', '/keyturn/'],
  ['ParameterName', `/${'a/'.repeat(15)}b`],
])('%s does not take %s', (name, value) => {
  expect(v.is(schemas[name] as v.GenericSchema, value)).toBe(false);
});
