import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AwsError, type Service } from '../../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { missingMembers } from '../../../../packages/laptop/wire/required.ts';
import { membersOf, type Schema } from '../../../../packages/laptop/wire/schema.ts';
import { loadServiceModel } from '../../../../packages/laptop/wire/service-model.ts';
import { asPerson, zip } from '../services/lambda/laptop.ts';

/** Names that every object answers to, and bytes that are no percent-encoding. */
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '%ff', '%'];
/** The same as keys of documents: policies, patterns, definitions, templates. */
const documents = [
  '{"__proto__":{"a":1},"constructor":["a"],"toString":{"valueOf":1}}',
  '{"Version":"2012-10-17","Statement":[{"Effect":"constructor","Action":"__proto__","Principal":{"constructor":"*"},"Condition":{"__proto__":{"constructor":"a"}}}]}',
  '{"StartAt":"constructor","States":{"__proto__":{"Type":"Pass","End":true},"a":{"Type":"constructor","Next":"toString"}}}',
  '{"StartAt":"a","States":{"a":{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:constructor:toString","Arguments":{"__proto__":1},"Next":"toString"}}}',
  '{"source":["__proto__"],"detail":{"constructor":[{"toString":"a"}]}}',
];

/** Things that are there, so that an operation gets past looking for its subject. */
const there: Readonly<Record<string, string>> = {
  SecretId: 'here',
  QueueUrl: '',
  TopicArn: 'arn:aws:sns:us-east-1:000000000000:here',
  FunctionName: 'here',
  RoleName: 'here',
  UserName: 'here',
  TableName: 'here',
  logGroupName: 'here',
  Rule: 'here',
  EventBusName: 'here',
  stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:here',
};

let cloud: RunningCloud;
beforeAll(async () => {
  cloud = await createCloud({ log: () => {} });
  Object.assign(there, { QueueUrl: `${cloud.endpointUrl}/000000000000/here` });
  const Statement = [{ Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' }];
  const trust = JSON.stringify({ Version: '2012-10-17', Statement });
  const roleArn = 'arn:aws:iam::000000000000:role/here';
  const definition = JSON.stringify({
    QueryLanguage: 'JSONata',
    StartAt: 'a',
    States: { a: { Type: 'Pass', End: true } },
  });
  const made: [string, string, object][] = [
    ['secretsmanager', 'CreateSecret', { Name: 'here', SecretString: '{}' }],
    ['sqs', 'CreateQueue', { QueueName: 'here' }],
    ['sns', 'CreateTopic', { Name: 'here' }],
    ['iam', 'CreateRole', { RoleName: 'here', AssumeRolePolicyDocument: trust }],
    ['iam', 'CreateUser', { UserName: 'here' }],
    ['logs', 'CreateLogGroup', { logGroupName: 'here' }],
    ['events', 'CreateEventBus', { Name: 'here' }],
    ['events', 'PutRule', { Name: 'here', EventBusName: 'here', EventPattern: '{"source":["a"]}' }],
    ['states', 'CreateStateMachine', { name: 'here', definition, roleArn }],
    [
      'lambda',
      'CreateFunction',
      {
        FunctionName: 'here',
        Runtime: 'nodejs22.x',
        Handler: 'i.h',
        Role: roleArn.replace('here', 'lambda'),
        Code: { ZipFile: zip({ 'i.js': 'exports.h = async () => 1' }) },
      },
    ],
    [
      'dynamodb',
      'CreateTable',
      {
        TableName: 'here',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      },
    ],
  ];
  await asPerson(cloud, 'iam', 'CreateRole', {
    RoleName: 'lambda',
    AssumeRolePolicyDocument: trust.replace('states', 'lambda'),
  });
  for (const [service, operation, input] of made) await asPerson(cloud, service, operation, input);
});
afterAll(() => cloud.close());

/** A value of a shape in which every text is this one, down to a few levels. */
function filled(schema: Schema, text: string, level = 0): unknown {
  if (schema.isStructSchema()) {
    if (level > 3) return {};
    return Object.fromEntries(
      membersOf(schema).map(({ name, schema: member }) => [name, filled(member, text, level + 1)]),
    );
  }
  if (schema.isListSchema()) return level > 3 ? [] : [filled(schema.getValueSchema(), text, level + 1)];
  if (schema.isMapSchema())
    return level > 3 ? {} : Object.fromEntries([[text, filled(schema.getValueSchema(), text, level + 1)]]);
  if (schema.isBooleanSchema()) return true;
  if (schema.isNumericSchema()) return 1;
  if (schema.isTimestampSchema()) return new Date(0);
  if (schema.isBlobSchema()) return Buffer.from(text);
  return text;
}

/** Inputs in which the text stands everywhere, only where it must, and in one member at a time. */
function inputs(schema: Schema, text: string): Record<string, unknown>[] {
  const members = membersOf(schema);
  const of = (chosen: typeof members, value: string): Record<string, unknown> =>
    Object.fromEntries(chosen.map(({ name, schema: member }) => [name, filled(member, value, 1)]));
  const known = Object.fromEntries(
    members.filter(({ name }) => Object.hasOwn(there, name)).map(({ name }) => [name, there[name]]),
  );
  const required = members.filter((member) => member.required);
  const alone = members.map((member) => ({ ...of(required, 'a'), ...known, ...of([member], text) }));
  const all = [of(members, text), of(required, text), { ...of(members, text), ...known }, ...alone];
  // The endpoint refuses what lacks a member before an operation sees it.
  return all.filter((input) => missingMembers(schema, input).length === 0);
}

/** What an operation throws that is no answer of AWS. */
async function bugs(service: Service, operation: string, schema: Schema, texts: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const input of texts.flatMap((text) => inputs(schema, text))) {
    try {
      await asPerson(cloud, service.name, operation, input);
    } catch (error) {
      if (error instanceof AwsError && error.code !== 'InternalFailure') continue;
      const { message, stack = '' } = error as Error;
      const place = /packages\/laptop\/(\S+?):\d+/.exec(stack)?.[0] ?? '';
      found.add(`${service.name} ${operation}: ${message} ${place}`);
    }
  }
  return [...found];
}

test('no operation takes what objects inherit for something that it holds', async () => {
  const found: string[] = [];
  for (const service of cloud.services.values()) {
    const model = await loadServiceModel(service);
    // What takes things away comes last, so that there is something to speak of.
    const named = Object.keys(service.operations);
    const isEnd = (name: string) => /^(Delete|Remove|Purge|Stop)/.test(name);
    for (const operation of [...named.filter((name) => !isEnd(name)), ...named.filter(isEnd)]) {
      const { input } = model.operations.get(operation) ?? {};
      if (input) found.push(...(await bugs(service, operation, input, [...names, ...documents])));
    }
  }
  expect(found).toEqual([]);
});
