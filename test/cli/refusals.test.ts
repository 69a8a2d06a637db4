import { createServer } from 'node:net';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { createCloud } from '../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import type { PipelineDescription } from '../../pipeline/contracts/settings/pipeline.ts';
import { inTurn } from '../extent.ts';
import { runFolder } from '../laptop-requests.ts';
import { type Ended, keyturn } from './desk.ts';

/** Each command that talks to AWS, in its shortest right form. */
const commands = {
  plan: ['plan', 'examples/keyturn.json'],
  rotate: ['rotate', 'app/db'],
  'rotate-all': ['rotate-all', '--yes'],
  status: ['status'],
  history: ['history', 'app/db'],
  check: ['check', 'app/db'],
  'roll-back': ['roll-back', 'app/db', '--yes'],
  doctor: ['doctor', 'app/db', '--repair', '--yes'],
};
const every = Object.entries(commands);
const ofOneSecret = every.filter(([, words]) => words.includes('app/db'));

let cloud: RunningCloud;
let stranger: Record<string, string>;
const region = { AWS_REGION: 'us-east-1' };

beforeAll(async () => {
  cloud = await createCloud({ runFolder, log: () => undefined });
  const configuration = {
    endpoint: cloud.endpointUrl,
    region: cloud.region,
    credentials: cloud.administrator,
  };
  const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:000000000000:${rest}`;
  const description: PipelineDescription = {
    schemaVersion: 1,
    pipelineName: 'keyturn',
    historyTableName: 'history',
    rotateSecretArn: arn('states', 'stateMachine:keyturn-rotate-secret'),
    rotateFleetArn: arn('states', 'stateMachine:keyturn-rotate-fleet'),
    retireCredentialArn: arn('states', 'stateMachine:keyturn-retire-credential'),
    propagateSecretArn: arn('states', 'stateMachine:keyturn-propagate-secret'),
    alarmTopicArn: arn('sns', 'alarms'),
  };
  const ssm = new SSMClient(configuration);
  const Value = JSON.stringify(description);
  await ssm.send(new PutParameterCommand({ Name: '/keyturn/keyturn.pipeline', Type: 'String', Value }));
  const iam = new IAMClient(configuration);
  await iam.send(new CreateUserCommand({ UserName: 'stranger' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'stranger' }));
  stranger = {
    ...region,
    AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '',
  };
  ssm.destroy();
  iam.destroy();
});
afterAll(() => cloud?.close());

/** One line on standard error, nothing on standard output, no trace of a stack. */
function expectOneLine({ stdout, stderr }: Ended, pattern: RegExp): void {
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^keyturn: [^\n]+\n$/);
  expect(stderr).toMatch(pattern);
}

describe('wrong arguments end with 2 and one line', () => {
  test.each([
    [[], /Say what to do: keyturn --help/],
    [['rotat'], /unknown command 'rotat' \(Did you mean rotate\?\)/],
    [['rotate'], /missing required argument 'name'/],
    [['rotate', 'app/db', 'other/db'], /too many arguments/],
    [['rotate', 'app/db', '--emergncy'], /unknown option '--emergncy' \(Did you mean --emergency\?\)/],
    [['rotate', 'app/db', '--endpoint', '127.0.0.1:4599'], /--endpoint.*Expected an http or https URL/],
    [['rotate-all', '--kind', 'mysql'], /--kind.*Allowed choices are postgres, jwt, api-key/],
    [['rotate-all', '--tolerate', 'some'], /--tolerate.*Expected a number from 0 to 100/],
    [['history', 'app/db', '--limit', '0'], /--limit.*Expected a whole number from 1/],
    [['status', '--region'], /option '--region <region>' argument missing/],
    [['plan', 'no-such-manifest.json'], /no-such-manifest\.json: there is no such file/],
    [['plan', 'package.json'], /The manifest is not valid: .*unknown key "name"/],
  ])('keyturn %j', async (words, pattern) => {
    const ended = await keyturn(words, region);
    expectOneLine(ended, pattern);
    expect(ended.code).toBe(2);
  });
});

test.each(inTurn(every, 3, 0))('%s without a region ends with 2 and says how to name one', async (_, words) => {
  const ended = await keyturn(words);
  expectOneLine(ended, /No region is known. Pass --region, or set AWS_REGION/);
  expect(ended.code).toBe(2);
});

test.each(inTurn(every, 3, 1))('%s without credentials ends with 4', async (_, words) => {
  const ended = await keyturn([...words, '--endpoint', cloud.endpointUrl], region);
  expectOneLine(ended, /No AWS credentials: .*--profile/);
  expect(ended.code).toBe(4);
});

test('a profile that does not exist ends with 4', async () => {
  const ended = await keyturn(['status', '--profile', 'nobody', '--endpoint', cloud.endpointUrl], region);
  expectOneLine(ended, /No AWS credentials: /);
  expect(ended.code).toBe(4);
});

test.each(
  inTurn(every, 3, 2),
)('%s with credentials that allow nothing ends with 4 and names what is denied', async (_, words) => {
  const ended = await keyturn([...words, '--endpoint', cloud.endpointUrl], stranger);
  expectOneLine(ended, /Not allowed: .*stranger.* is not authorized to perform: ssm:GetParameter/);
  expect(ended.code).toBe(4);
});

test.each(inTurn(every, 3, 3))('%s where no laptop runs ends with 5', async (_, words) => {
  const ended = await keyturn([...words, '--laptop', '--endpoint', `http://127.0.0.1:${await unusedPort()}`]);
  expectOneLine(ended, /No laptop's cloud runs on port \d+: .*laptop-\d+\.json is not there.*keyturn local/);
  expect(ended.code).toBe(5);
});

test.each(ofOneSecret)('%s of an unknown secret ends with 3', async (_, words) => {
  const ended = await keyturn([...words, '--laptop', '--endpoint', cloud.endpointUrl]);
  expectOneLine(ended, /app\/db is not managed by pipeline keyturn. keyturn status lists what is/);
  expect(ended.code).toBe(3);
});

test.each([
  'no//such',
  '/',
  'a'.repeat(2_000),
  'Zugänge/€',
  '--',
  'arn:aws:secretsmanager:us-east-1:000000000000:secret:x-AbCdEf',
])('a name that no parameter can have, or nothing has, is an unknown secret: %s', async (name) => {
  const ended = await keyturn(['history', '--laptop', '--endpoint', cloud.endpointUrl, '--', name]);
  expectOneLine(ended, /is not managed by pipeline keyturn/);
  expect(ended.code).toBe(3);
});

test.each(
  inTurn(every, 3, 1).filter(([name]) => name !== 'plan'),
)('%s of a pipeline that is not there ends with 3', async (_, words) => {
  const ended = await keyturn([...words, '--pipeline', 'other', '--laptop', '--endpoint', cloud.endpointUrl]);
  expectOneLine(ended, /No pipeline other is deployed here: parameter \/keyturn\/other\.pipeline does not exist/);
  expect(ended.code).toBe(3);
});

test.each(['rotate-all', 'status'])('%s of a pipeline without secrets ends with 3', async (command) => {
  const ended = await keyturn([command, '--laptop', '--endpoint', cloud.endpointUrl]);
  expectOneLine(ended, /No secret of the pipeline|manages no secret/);
  expect(ended.code).toBe(3);
});

/** A port that was free a moment ago. */
async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
