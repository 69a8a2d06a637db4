import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import { writeBundle } from '../../../tools/bundle.ts';
import * as whole from './clients.ts';

type Clients = Record<string, new (input: unknown) => any>;
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
}
interface Request {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let folder: string;
let bundled: Clients;
let server: Server;
let answers: Answer[] = [];
let requests: Request[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-clients-'));
  writeBundle(here('clients.ts'), join(folder, 'index.js'));
  bundled = createRequire(import.meta.url)(join(folder, 'index.js'));
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ path: `${request.method} ${request.url}`, headers: request.headers, body });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    response
      .writeHead(answer?.status ?? 500, { 'x-amzn-requestid': 'request-1', ...answer?.headers })
      .end(answer?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  for (const client of made.values()) client.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const options = (more: object = {}) => ({
  region: 'eu-central-1',
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' },
  maxAttempts: 1,
  ...more,
});

interface Call {
  readonly client: string;
  readonly operation: string;
  readonly input: object;
}

async function outcome(clients: Clients, { client, operation, input }: Call, more: object = {}) {
  const sender = clientOf(clients, client, options(more));
  try {
    const answer = await sender.send(new (clients[`${operation}Command`] as Clients[string])(input));
    return { answer };
  } catch (error) {
    const { name, message, stack: _, $response: __, ...rest } = error as Error & Record<string, unknown>;
    return { name, message, rest, isError: error instanceof Error || Object.prototype.toString.call(error) };
  }
}

const made = new Map<string, { destroy(): void; send(command: unknown): Promise<unknown> }>();

function clientOf(clients: Clients, client: string, configuration: object) {
  const key = JSON.stringify([clients === bundled, client, configuration]);
  const found = made.get(key) ?? new (clients[`${client}Client`] as Clients[string])(configuration);
  made.set(key, found);
  return found;
}

/** What the same call comes to with the SDK as it is installed, and out of a bundle. */
async function both(call: Call, given: readonly Answer[], more: object = {}) {
  const run = async (clients: Clients) => {
    answers = [...given];
    requests = [];
    const came = await outcome(clients, call, more);
    return { came: JSON.parse(JSON.stringify(came)), requests: requests.map(comparable) };
  };
  return { installed: await run(whole as unknown as Clients), fromBundle: await run(bundled) };
}

/** Without what is never twice the same: time, signature, the number of the call, and which features the SDK says it used. */
function comparable({ path, headers, body }: Request) {
  const { authorization, 'x-amz-date': _, 'amz-sdk-invocation-id': __, 'user-agent': long, ...rest } = headers;
  // The SDK's own build for `require` tells the version before.
  const versions = /\b3\.\d+\.\d+/g;
  const agent = long?.replace(/ m\/\S*/, '').replace(versions, '3');
  rest['x-amz-user-agent'] = String(rest['x-amz-user-agent']).replace(versions, '3');
  const signed = authorization?.replace(/Signature=\w+/, '').replace(/\d{8}/, '');
  return { path, body, rest, signed, agent };
}

const json = (name: string, status: number): Answer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ __type: `com.amazonaws.service#${name}`, Message: 'said', Detail: 1 }),
});
const rest = (name: string, status: number): Answer => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': `${name}:http://internal/`, 'retry-after': '0' },
  body: JSON.stringify({ Message: 'said', Type: 'User' }),
});
const query = (code: string, status: number): Answer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>said</Message></Error><RequestId>request-1</RequestId></ErrorResponse>`,
});

const calls = {
  secretsManager: { client: 'SecretsManager', operation: 'GetSecretValue', input: { SecretId: 'a' } },
  ssm: { client: 'SSM', operation: 'GetParameter', input: { Name: '/a' } },
  sfn: { client: 'SFN', operation: 'StartExecution', input: { stateMachineArn: 'a', input: '{}' } },
  events: { client: 'EventBridge', operation: 'PutEvents', input: { Entries: [{ Source: 'a', Time: new Date(0) }] } },
  dynamodb: { client: 'DynamoDB', operation: 'PutItem', input: { TableName: 'a', Item: { id: { S: 'b' } } } },
  lambda: { client: 'Lambda', operation: 'Invoke', input: { FunctionName: 'a', Payload: Buffer.from('{}') } },
  rds: {
    client: 'RDS',
    operation: 'ModifyDBInstance',
    input: { DBInstanceIdentifier: 'a', MasterUserPassword: 'b', ApplyImmediately: true },
  },
  iam: { client: 'IAM', operation: 'ListServiceSpecificCredentials', input: { UserName: 'a' } },
  sts: { client: 'STS', operation: 'GetCallerIdentity', input: {} },
} satisfies Record<string, Call>;

/** The errors of a service's models: name, code on the wire, status. */
function errorsOf(client: string): { name: string; code: string; status: number }[] {
  const text = readFileSync(
    here(`../../../node_modules/@aws-sdk/client-${client}/dist-es/schemas/schemas_0.js`),
    'utf8',
  );
  return [...text.matchAll(/export var (\w+)\$ = \[-3, n0, \w+,\n(.*)/g)].map(([, name = '', traits = '']) => ({
    name,
    code: /\[_aQE\]: \[`([\w.]+)`/.exec(traits)?.[1] ?? name,
    status: Number(/\[_hE\]: (\d+)/.exec(traits)?.[1] ?? (traits.includes('_se') ? 500 : 400)),
  }));
}

test.each([
  ['secrets-manager', calls.secretsManager, json, 12],
  ['ssm', calls.ssm, json, 100],
  ['sfn', calls.sfn, json, 30],
  ['eventbridge', calls.events, json, 10],
  ['dynamodb', calls.dynamodb, json, 30],
  ['lambda', calls.lambda, rest, 50],
] as const)(
  'every error of %s is told as the installed SDK tells it: name, message, fault and metadata',
  async (client, call, wire, least) => {
    const errors = [...errorsOf(client), { name: 'NobodyKnowsException', code: '', status: 400 }];
    expect(errors.length).toBeGreaterThanOrEqual(least);
    for (const { name, status } of errors) {
      const { installed, fromBundle } = await both(call, [wire(name, status)]);
      expect(fromBundle).toEqual(installed);
      expect(fromBundle.came).toMatchObject({ name, message: 'said', rest: { $metadata: { httpStatusCode: status } } });
    }
  },
  60_000,
);

test('RDS: the errors of an operation are told by the name that the model has for their code', async () => {
  const comment = readFileSync(
    here('../../../node_modules/@aws-sdk/client-rds/dist-types/commands/ModifyDBInstanceCommand.d.ts'),
    'utf8',
  );
  const errors = errorsOf('rds').filter(({ name }) => comment.includes(`@throws {@link ${name}}`));
  expect(errors.length).toBeGreaterThan(20);
  expect(errors.filter(({ name, code }) => name !== code).length).toBeGreaterThan(5);
  for (const { name, code, status } of errors) {
    const { installed, fromBundle } = await both(calls.rds, [query(code, status)]);
    expect(fromBundle).toEqual(installed);
    expect(fromBundle.came).toMatchObject({ name, message: 'said', rest: { $fault: 'client', Error: { Code: code } } });
  }
});

test('RDS: an error that an operation is not modelled with keeps the code of the wire', async () => {
  const { installed, fromBundle } = await both(calls.rds, [query('InvalidParameterValue', 400)]);
  expect(fromBundle).toEqual(installed);
  expect(fromBundle.came.name).toBe('InvalidParameterValue');
});

test.each([
  [
    'Secrets Manager',
    calls.secretsManager,
    json('ThrottlingException', 400),
    { status: 200, body: '{"Name":"a","CreatedDate":1.5}' },
  ],
  [
    'Systems Manager',
    calls.ssm,
    json('ThrottlingException', 400),
    { status: 200, body: '{"Parameter":{"Value":"a","LastModifiedDate":1.5}}' },
  ],
  [
    'Step Functions',
    calls.sfn,
    json('ThrottlingException', 400),
    { status: 200, body: '{"executionArn":"a","startDate":1.5}' },
  ],
  [
    'EventBridge',
    calls.events,
    json('InternalException', 500),
    { status: 200, body: '{"FailedEntryCount":0,"Entries":[]}' },
  ],
  ['DynamoDB', calls.dynamodb, json('ProvisionedThroughputExceededException', 400), { status: 200, body: '{}' }],
  ['Lambda', calls.lambda, rest('TooManyRequestsException', 429), { status: 200, body: '{"a":1}' }],
  [
    'RDS',
    calls.rds,
    query('Throttling', 400),
    {
      status: 200,
      body: '<ModifyDBInstanceResponse><ModifyDBInstanceResult><DBInstance><DBInstanceStatus>modifying</DBInstanceStatus></DBInstance></ModifyDBInstanceResult></ModifyDBInstanceResponse>',
    },
  ],
  [
    'IAM',
    calls.iam,
    query('Throttling', 400),
    {
      status: 200,
      body: '<ListServiceSpecificCredentialsResponse><ListServiceSpecificCredentialsResult/></ListServiceSpecificCredentialsResponse>',
    },
  ],
  [
    'STS',
    calls.sts,
    query('Throttling', 400),
    {
      status: 200,
      body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
    },
  ],
] as const)(
  '%s: the same request, tried again when throttled, and the same answer',
  async (_service, call, fault, answer) => {
    // The time between two attempts is a part of this.
    const random = jest.spyOn(Math, 'random').mockReturnValue(0);
    const { installed, fromBundle } = await both(call, [fault, fault, answer], { maxAttempts: 3 });
    random.mockRestore();
    expect(fromBundle).toEqual(installed);
    expect(fromBundle.requests).toHaveLength(3);
    expect(fromBundle.came.answer.$metadata).toMatchObject({ attempts: 3, httpStatusCode: 200 });
  },
  30_000,
);

test('RDS: what is read of an instance and a cluster is what the installed SDK reads', async () => {
  const instance =
    '<DBInstanceIdentifier>a</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus><Engine>postgres</Engine><MultiAZ>true</MultiAZ><MasterUsername>admin</MasterUsername><Endpoint><Address>h</Address><Port>5432</Port></Endpoint><PendingModifiedValues><MasterUserPassword>****</MasterUserPassword></PendingModifiedValues><MasterUserSecret><SecretArn>arn</SecretArn></MasterUserSecret><DBClusterIdentifier>c</DBClusterIdentifier><ReadReplicaSourceDBInstanceIdentifier>s</ReadReplicaSourceDBInstanceIdentifier>';
  const cluster =
    '<Status>available</Status><Engine>aurora-postgresql</Engine><Endpoint>h</Endpoint><ReaderEndpoint>r</ReaderEndpoint><CustomEndpoints><member>x</member></CustomEndpoints><Port>5432</Port><MasterUsername>admin</MasterUsername><DBClusterMembers><DBClusterMember><DBInstanceIdentifier>a</DBInstanceIdentifier></DBClusterMember></DBClusterMembers><PendingModifiedValues><MasterUserPassword>****</MasterUserPassword></PendingModifiedValues><MasterUserSecret><SecretArn>arn</SecretArn></MasterUserSecret>';
  const of = (operation: string, list: string, member: string, text: string): [Call, Answer] => [
    { client: 'RDS', operation, input: { DBInstanceIdentifier: 'a', DBClusterIdentifier: 'a' } },
    {
      status: 200,
      body: `<${operation}Response><${operation}Result><${list}><${member}>${text}</${member}></${list}></${operation}Result></${operation}Response>`,
    },
  ];
  const [describeInstance, anInstance] = of('DescribeDBInstances', 'DBInstances', 'DBInstance', instance);
  const one = await both(describeInstance, [anInstance]);
  const { DBInstanceIdentifier: _, MultiAZ: __, ...read } = one.installed.came.answer.DBInstances[0];
  expect(one.fromBundle.came.answer.DBInstances).toEqual([read]);
  expect(Object.keys(read)).toHaveLength(8);
  const [describeCluster, aCluster] = of('DescribeDBClusters', 'DBClusters', 'DBCluster', cluster);
  const other = await both(describeCluster, [aCluster]);
  expect(other.fromBundle.came).toEqual(other.installed.came);
  expect(Object.keys(other.fromBundle.came.answer.DBClusters[0])).toHaveLength(10);
});

test('the laptop’s own errors, from a bundle as from the installed SDK', async () => {
  const cloud = await createCloud({ log: () => undefined });
  try {
    const of = async (clients: Clients, call: Call) => {
      const { endpointUrl: endpoint, region, administrator: credentials } = cloud;
      const came = await outcome(clients, call, { endpoint, region, credentials });
      delete (came.rest?.$metadata as Record<string, unknown>)?.requestId;
      return JSON.parse(JSON.stringify({ ...came, rest: { ...came.rest, RequestId: undefined } }));
    };
    const create = {
      client: 'SecretsManager',
      operation: 'PutSecretValue',
      input: { SecretId: 'none', SecretString: 'a' },
    };
    const refused: [Call, string][] = [
      [calls.secretsManager, 'ResourceNotFoundException'],
      [create, 'ResourceNotFoundException'],
      [{ ...create, input: { SecretId: 'none' } }, 'InvalidRequestException'],
      [calls.ssm, 'ParameterNotFound'],
      [calls.rds, 'DBInstanceNotFoundFault'],
      [calls.sfn, 'InvalidArn'],
    ];
    for (const [call, name] of refused) {
      const came = await of(bundled, call);
      expect(came).toEqual(await of(whole as unknown as Clients, call));
      expect({ operation: call.operation, name: came.name }).toEqual({ operation: call.operation, name });
    }
    cloud.faults.add({ kind: 'throttle', service: 'ssm', rate: 1 });
    const throttled = await of(bundled, calls.ssm);
    expect(throttled).toEqual(await of(whole as unknown as Clients, calls.ssm));
    expect(throttled.name).toBe('ThrottlingException');
  } finally {
    await cloud.close();
  }
}, 60_000);

test('an address is made of a region as the installed SDK makes it', () => {
  const regions = [
    'us-east-1',
    'eu-central-1',
    'us-gov-west-1',
    'cn-north-1',
    'us-iso-east-1',
    'aws-global',
    'eusc-de-east-1',
    'nowhere',
  ];
  for (const { client } of Object.values(calls)) {
    const addressOf = (clients: Clients, parameters: object) => {
      try {
        return JSON.parse(
          JSON.stringify(
            new (clients[`${client}Client`] as Clients[string])(options()).config.endpointProvider(parameters),
          ),
        );
      } catch (error) {
        return (error as Error).message;
      }
    };
    for (const Region of regions) {
      for (const flags of [0, 1, 2, 3]) {
        const parameters = { Region, UseFIPS: (flags & 1) > 0, UseDualStack: (flags & 2) > 0 };
        expect({ client, address: addressOf(bundled, parameters) }).toEqual({
          client,
          address: addressOf(whole as unknown as Clients, parameters),
        });
      }
    }
  }
});

test('a function that asks for the class of an error that is not there cannot be bundled', () => {
  expect(() => writeBundle(here('imports-an-error.ts'), join(folder, 'none.js'))).toThrow(
    /No matching export .* "ExecutionAlreadyExists"/,
  );
});
