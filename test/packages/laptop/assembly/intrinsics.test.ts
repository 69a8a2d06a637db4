import { describe, expect, test } from '@jest/globals';
import {
  type ResolutionScope,
  resolve,
  UnresolvableTemplate,
} from '../../../../packages/laptop/assembly/intrinsics.ts';
import { inDependencyOrder } from '../../../../packages/laptop/assembly/order.ts';

const scope: ResolutionScope = {
  stackName: 'app',
  stackId: 'arn:aws:cloudformation:eu-central-1:000000000000:stack/app/1',
  region: 'eu-central-1',
  accountId: '000000000000',
  parameters: new Map<string, unknown>([
    ['Colour', 'blue'],
    ['Zones', ['a', 'b']],
  ]),
  mappings: { Sizes: { small: { memory: 128 } } },
  condition: (name) => name === 'Yes',
  ref: (logicalId) => `${logicalId}-ref`,
  attribute: (logicalId, name) => `${logicalId}.${name}!`,
  exported: (name) => `exported ${name}`,
};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
test.each<[string, unknown, unknown]>([
  ['a parameter', { Ref: 'Colour' }, 'blue'],
  ['a list parameter', { Ref: 'Zones' }, ['a', 'b']],
  ['a resource', { Ref: 'Queue' }, 'Queue-ref'],
  ['a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-central-1'],
  ['the stack', { Ref: 'AWS::StackId' }, scope.stackId],
  ['an attribute', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue.Arn!'],
  ['an attribute in one text', { 'Fn::GetAtt': 'Queue.Arn' }, 'Queue.Arn!'],
  ['an attribute of an attribute', { 'Fn::GetAtt': ['Db', 'Endpoint.Address'] }, 'Db.Endpoint.Address!'],
  ['joined texts', { 'Fn::Join': ['-', ['a', { Ref: 'Colour' }]] }, 'a-blue'],
  ['a joined list', { 'Fn::Join': [',', { Ref: 'Zones' }] }, 'a,b'],
  ['a split text', { 'Fn::Split': ['|', 'a|b'] }, ['a', 'b']],
  ['an item', { 'Fn::Select': ['1', { 'Fn::Split': ['|', 'a|b'] }] }, 'b'],
  [
    'a filled text',
    { 'Fn::Sub': '${Colour} ${Queue.Arn} ${AWS::Partition} ${!Literal}' },
    'blue Queue.Arn! aws ${Literal}',
  ],
  ['a text with variables', { 'Fn::Sub': ['${A}-${Colour}', { A: { Ref: 'Queue' } }] }, 'Queue-ref-blue'],
  ['a chosen value', { 'Fn::If': ['Yes', 1, 2] }, 1],
  ['the other value', { 'Fn::If': ['No', 1, { Ref: 'Colour' }] }, 'blue'],
  ['equal values', { 'Fn::Equals': [{ Ref: 'Colour' }, 'blue'] }, true],
  ['numbers and texts that are equal', { 'Fn::Equals': [1, '1'] }, true],
  ['all of', { 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Equals': ['a', 'a'] }] }, true],
  ['one of', { 'Fn::Or': [{ Condition: 'No' }, { Condition: 'Yes' }] }, true],
  ['none', { 'Fn::Not': [{ Condition: 'Yes' }] }, false],
  ['a mapped value', { 'Fn::FindInMap': ['Sizes', 'small', 'memory'] }, 128],
  ['a mapped value that is not there', { 'Fn::FindInMap': ['Sizes', 'x', 'y', { DefaultValue: 5 }] }, 5],
  ['base64', { 'Fn::Base64': 'hi' }, 'aGk='],
  ['another stack’s export', { 'Fn::ImportValue': { 'Fn::Sub': '${Colour}-url' } }, 'exported blue-url'],
  ['zones', { 'Fn::GetAZs': '' }, ['eu-central-1a', 'eu-central-1b', 'eu-central-1c']],
  ['blocks of a network', { 'Fn::Cidr': ['10.0.0.0/22', 2, 8] }, ['10.0.0.0/24', '10.0.1.0/24']],
  ['JSON', { 'Fn::ToJsonString': { a: { Ref: 'Colour' } } }, '{"a":"blue"}'],
  ['a length', { 'Fn::Length': { Ref: 'Zones' } }, 2],
  ['what is left out of an object', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
  ['what is left out of a list', ['a', { 'Fn::If': ['No', 'b', { Ref: 'AWS::NoValue' }] }], ['a']],
  [
    'a policy’s condition, which is none of ours',
    { Condition: { Bool: { a: 'b' } } },
    { Condition: { Bool: { a: 'b' } } },
  ],
])('%s', (_name, value, expected) => {
  expect(resolve(value, scope)).toEqual(expected);
});

test.each<[unknown, string]>([
  [{ 'Fn::Select': [5, ['a']] }, 'Fn::Select: the list has no item 5.'],
  [{ 'Fn::FindInMap': ['Sizes', 'x', 'y'] }, 'Fn::FindInMap: there is no Sizes.x.y.'],
  [{ 'Fn::Transform': { Name: 'AWS::Include' } }, 'Fn::Transform AWS::Include: macros do not run on the laptop.'],
  [{ 'Fn::ForEach::Loop': ['x', ['a'], {}] }, 'Fn::ForEach::Loop is not known to the laptop.'],
  [{ 'Fn::Join': ['-', 'text'] }, 'Fn::Join: expected a list, came string.'],
  [{ 'Fn::Cidr': ['10.0.0.0/24', 2, 8] }, 'Fn::Cidr: 10.0.0.0/24 has no room for 2 blocks of 8 bits.'],
])('%j is refused', (value, message) => {
  expect(() => resolve(value, scope)).toThrow(new UnresolvableTemplate(message));
});

describe('the order of resources', () => {
  const entry = (Properties: Record<string, unknown>, DependsOn?: string | string[]) => ({
    Type: 'T',
    Properties,
    ...(DependsOn === undefined ? {} : { DependsOn }),
  });
  const order = (resources: Parameters<typeof inDependencyOrder>[0]) => inDependencyOrder(resources).map(([id]) => id);

  test('follows references of every kind, however deep, and DependsOn', () => {
    expect(
      order({
        A: entry({ x: [{ y: { Ref: 'B' } }] }),
        B: entry({ x: { 'Fn::Sub': 'a ${C.Arn} ${!D}' } }),
        C: entry({ x: { 'Fn::GetAtt': ['E', 'Arn'] } }, 'F'),
        D: entry({}),
        E: entry({ x: { 'Fn::Sub': ['${V}', { V: { Ref: 'F' } }] } }),
        F: entry({ x: { Ref: 'AWS::Region' } }),
      }),
    ).toEqual(['F', 'E', 'C', 'B', 'A', 'D']);
  });

  test('does not exist in a circle', () => {
    const circle = { A: entry({ x: { Ref: 'B' } }), B: entry({}, ['C']), C: entry({ x: { 'Fn::GetAtt': 'A.Arn' } }) };
    expect(() => order(circle)).toThrow('Circular dependency: A → B → C → A.');
  });
});
