import { App, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { parseManifest } from '../../pipeline/contracts/manifest/manifest-safety.ts';
import { ManifestStack } from '../../stacks/manifest-stack.ts';

const synthesize = (manifest: object): Template =>
  Template.fromStack(new ManifestStack(new App(), 'Test', { manifest: parseManifest(manifest) }));

const database = {
  kind: 'postgres',
  secret: { name: 'shop/database' },
  superuserSecret: 'shop/superuser',
  schedule: { expression: 'cron(0 3 ? * SUN *)', timeZone: 'Europe/Berlin', windowMinutes: 60 },
  gracePeriodSeconds: 3_600,
  consumers: [
    { function: 'shop-items', maxAgeSeconds: 60, longestInvocationSeconds: 10 },
    { name: 'orders', function: 'shop-orders', alias: 'live', freshness: 'recycle' },
  ],
  checks: [{ type: 'function', function: 'shop-check', parameters: { depth: 2 } }],
  checkSchedule: { expression: 'rate(1 hour)' },
};
const manifest = {
  pipeline: 'shop',
  network: {
    vpcId: 'vpc-0a1b2c3d4e5f60718',
    subnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0a1b2c3d4e5f60719'],
    securityGroupIds: ['sg-0a1b2c3d4e5f60718'],
  },
  secrets: {
    database,
    payment: {
      kind: 'watched',
      secret: { arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/payment-AbCdEf' },
      mirrors: [{ replica: 'eu-west-1' }, { parameter: '/shop/payment' }],
    },
    administrator: {
      kind: 'postgres',
      strategy: 'superuser',
      secret: { arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/superuser-AbCdEf' },
      database: { instance: 'shop' },
    },
  },
};

let template: Template;
beforeAll(() => {
  template = synthesize(manifest);
});

/** Every statement of the roles whose description fits, with intrinsics joined to the text that a person would read. */
function statements(
  of: Template,
  description: RegExp,
): { actions: string[]; resources: string[]; condition?: object }[] {
  const roles = Object.entries(of.findResources('AWS::IAM::Role')).filter(([, role]) =>
    description.test(role.Properties.Description ?? ''),
  );
  const names = roles.map(([id]) => id);
  return Object.values(of.findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => Properties.Roles.some(({ Ref }: { Ref: string }) => names.includes(Ref)))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .map(({ Action, Resource, Condition }) => ({
      actions: [Action].flat(),
      resources: [Resource].flat().map(readable),
      ...(Condition && { condition: Condition }),
    }));
}

function readable(value: any): string {
  if (typeof value === 'string') return value;
  if (value.Ref) return `<${value.Ref}>`;
  if (value['Fn::GetAtt']) return `<${value['Fn::GetAtt'].join('.')}>`;
  if (value['Fn::Join']) return value['Fn::Join'][1].map(readable).join(value['Fn::Join'][0]);
  return JSON.stringify(value);
}

const arn = (rest: string) => `arn:<AWS::Partition>:${rest.replace('<here>', '<AWS::Region>:<AWS::AccountId>')}`;
/** A manifest that names ARNs has its stack where they are. */
const placed = (rest: string) => arn(rest).replace('<AWS::Region>:<AWS::AccountId>', 'eu-central-1:123456789012');
const resourcesFor = (found: ReturnType<typeof statements>, action: string) =>
  found.filter(({ actions }) => actions.includes(action)).flatMap(({ resources }) => resources);

/** The audit has a schedule too. */
function rotationSchedules(of: Template): any[] {
  return Object.values(of.findResources('AWS::Scheduler::Schedule'))
    .map(({ Properties }) => Properties)
    .filter(({ Description }) => /rotates/.test(Description));
}

/** What the pipeline knows of a secret at run time. */
function settingsOf(of: Template, name: string): any {
  const [parameter] = Object.values(of.findResources('AWS::SSM::Parameter', { Properties: { Name: name } }));
  return JSON.parse(readable(parameter?.Properties.Value));
}

test('the rotation function may do exactly what the manifest names, on exactly these secrets and databases', () => {
  const granted = statements(template, /rotates postgres secrets/);
  const secrets = [
    placed('secretsmanager:<here>:secret:shop/database-??????'),
    'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/superuser-AbCdEf',
  ];
  for (const action of ['PutSecretValue', 'UpdateSecretVersionStage']) {
    expect(resourcesFor(granted, `secretsmanager:${action}`)).toEqual(secrets);
  }
  expect(resourcesFor(granted, 'secretsmanager:GetSecretValue').sort()).toEqual(
    [...secrets, placed('secretsmanager:<here>:secret:shop/superuser-??????')].sort(),
  );
  expect(resourcesFor(granted, 'rds:ModifyDBInstance')).toEqual([placed('rds:<here>:db:shop')]);
  expect(resourcesFor(granted, 'rds:ModifyDBCluster')).toEqual([]);
  expect(granted.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
});

test('a consumer is invoked or recycled as it is declared, and nobody else', () => {
  const recycling = statements(template, /changes our one variable/);
  expect(resourcesFor(recycling, 'lambda:UpdateFunctionConfiguration')).toEqual([
    placed('lambda:<here>:function:shop-orders'),
    placed('lambda:<here>:function:shop-orders:*'),
  ]);
  const machines = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
    Properties.PolicyDocument.Statement.filter(({ Action }: any) => Action === 'lambda:InvokeFunction').map(
      ({ Resource }: any) => [Resource].flat().map(readable),
    ),
  );
  expect(machines.flat()).toContain(placed('lambda:<here>:function:shop-items'));
  expect(machines.flat()).toContain(placed('lambda:<here>:function:shop-check'));
  expect(machines.flat()).not.toContain(placed('lambda:<here>:function:shop-orders'));
});

test('the settings say what the manifest says, with names resolved and defaults filled in', () => {
  expect(settingsOf(template, '/keyturn/shop/shop/database')).toEqual({
    schemaVersion: 1,
    name: 'shop/database',
    kind: 'postgres',
    rotated: true,
    rotator: {
      strategy: 'alternating-users',
      superuserSecretArn: placed('secretsmanager:<here>:secret:shop/superuser'),
      convergenceBoundSeconds: 330,
    },
    schedule: { expression: 'cron(0 3 ? * SUN *)', timeZone: 'Europe/Berlin', windowMinutes: 60 },
    gracePeriodSeconds: 3_600,
    promotionTimeoutSeconds: 900,
    evidenceIntervalSeconds: 60,
    rollBackHandPutValues: false,
    consumers: [
      {
        name: 'shop-items',
        functionArn: placed('lambda:<here>:function:shop-items'),
        freshness: 'notify',
        maxAgeSeconds: 60,
        longestInvocationSeconds: 10,
      },
      {
        name: 'orders',
        functionArn: placed('lambda:<here>:function:shop-orders'),
        alias: 'live',
        freshness: 'recycle',
        maxAgeSeconds: 300,
        longestInvocationSeconds: 30,
      },
    ],
    checks: [
      {
        name: 'shop-check',
        type: 'function',
        functionArn: placed('lambda:<here>:function:shop-check'),
        parameters: { depth: 2 },
      },
    ],
    mirrors: [],
  });
});

test('a schedule has its time zone and window, and starts the rotation of that secret', () => {
  template.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'cron(0 3 ? * SUN *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 60 },
  });
  const schedules = rotationSchedules(template);
  expect(schedules).toHaveLength(1);
  const target = schedules[0]?.Target;
  expect(JSON.parse(readable(target.Input))).toEqual({
    secretId: placed('secretsmanager:<here>:secret:shop/database'),
    startedBy: 'schedule',
  });
  expect(readable(target.Arn)).toMatch(/RotateSecret/);
});

test('checks have a schedule of their own, which rotates nothing', () => {
  const [schedule] = Object.values(template.findResources('AWS::Scheduler::Schedule'))
    .map(({ Properties }) => Properties)
    .filter(({ Description }) => /checks/.test(Description));
  expect(schedule).toMatchObject({ ScheduleExpression: 'rate(1 hour)' });
  expect(JSON.parse(readable(schedule?.Target.Input))).toEqual({
    secretId: placed('secretsmanager:<here>:secret:shop/database'),
    startedBy: 'schedule',
    operation: 'check',
  });
});

test('Secrets Manager has its own, longer schedule for each rotated secret, and rotates nothing at deployment', () => {
  const rotations = Object.values(template.findResources('AWS::SecretsManager::RotationSchedule'));
  expect(rotations).toHaveLength(2);
  for (const { Properties } of rotations) {
    expect(Properties).toMatchObject({
      RotateImmediatelyOnUpdate: false,
      RotationRules: { ScheduleExpression: 'rate(90 days)' },
    });
  }
});

test('a watched secret is propagated when its value changes, and never rotated', () => {
  expect(settingsOf(template, '/keyturn/shop/shop/payment')).toMatchObject({ kind: 'watched', rotated: false });
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: Match.objectLike({
      source: ['aws.secretsmanager'],
      detail: Match.objectLike({ name: Match.arrayWith(['shop/payment']) }),
    }),
  });
  const mirroring = statements(template, /brings a parameter or a replica/);
  expect(resourcesFor(mirroring, 'secretsmanager:DescribeSecret')).toContain(
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/payment-AbCdEf',
  );
  expect(resourcesFor(mirroring, 'ssm:PutParameter')).toEqual([placed('ssm:<here>:parameter/shop/payment')]);
});

test('functions that reach databases run in the network of the manifest, the others outside of it', () => {
  const inside = Object.values(template.findResources('AWS::Lambda::Function')).filter(
    ({ Properties }) => Properties.VpcConfig,
  );
  expect(inside.map(({ Properties }) => Properties.VpcConfig)).toEqual(
    inside.map(() => ({
      SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0a1b2c3d4e5f60719'],
      SecurityGroupIds: ['sg-0a1b2c3d4e5f60718'],
    })),
  );
  expect(inside.map(({ Properties }) => Properties.Description)).toEqual([
    'Keyturn: rotates postgres secrets for Secrets Manager',
    'Keyturn: asks the targets of postgres secrets whether credentials work, and writes nothing',
  ]);
});

describe('a manifest of many kinds', () => {
  const plain = { ...database, consumers: [], checks: [], schedule: 'native' };
  const kmsKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';
  const value = { engine: 'postgres', host: 'db.example.com', username: 'shop' };
  const proxy = { name: 'shop', endpoint: 'proxy.example.com' };
  const scheduled = (name: string, more: object) => ({ ...plain, secret: { name }, ...more });
  const checks = [
    { type: 'database', parameters: { writes: ['orders'] } },
    { type: 'consumer', function: 'shop-orders' },
  ];
  let many: Template;
  beforeAll(() => {
    many = synthesize({
      secrets: {
        grouped: scheduled('grouped', { group: 'shop', schedule: { everyDays: 30 } }),
        'grouped-too': scheduled('grouped-too', { group: 'shop', schedule: { everyDays: 30 } }),
        alone: scheduled('alone', { schedule: { everyDays: 10 } }),
        'alone-too': scheduled('alone-too', { schedule: { everyDays: 10 } }),
        made: { ...plain, secret: { new: { name: 'made', template: value, kmsKeyArn } } },
        proxied: scheduled('proxied', {
          superuserSecretKmsKeyArn: `${kmsKeyArn.slice(0, -1)}a`,
          proxy: {
            ...proxy,
            loginSecrets: { base: 'login/one', second: 'login/two' },
            loginSecretsKmsKeyArn: `${kmsKeyArn.slice(0, -1)}b`,
          },
        }),
        checked: {
          ...scheduled('checked', { proxy, database: { instance: 'shop' }, checks }),
          consumers: database.consumers,
        },
        tokens: { kind: 'jwt', algorithm: 'ES256', secret: { name: 'tokens' }, publicKeys: { maxAgeSeconds: 60 } },
        model: { kind: 'api-key', provider: 'bedrock', secret: { name: 'model' }, parameters: { userName: 'model' } },
      },
      parameters: { '/shop/features/': { consumers: [{ function: 'shop-items' }] } },
    });
  });
  const rotating = () => statements(many, /rotates postgres secrets/);
  const schedules = () =>
    rotationSchedules(many).map(({ Target }) => ({
      target: readable(Target.Arn).replace(/[0-9A-F]{8}/, ''),
      input: JSON.parse(readable(Target.Input)),
    }));

  test('secrets of one group are started together, by the fleet', () => {
    expect(schedules()).toContainEqual({
      target: '<PipelineWorkflowRotateFleet>',
      input: { group: 'shop', startedBy: 'schedule' },
    });
  });

  test('secrets that only share a schedule are started together and do not hold each other back', () => {
    const input = { startedBy: 'schedule', secretIds: ['alone', 'alone-too'], toleratedFailurePercentage: 100 };
    expect(schedules()).toContainEqual({ target: '<PipelineWorkflowRotateFleet>', input });
    expect(schedules()).toHaveLength(2);
  });

  test('the first value of a new secret is generated where it is stored, under the key that the manifest names', () => {
    many.hasResourceProperties('AWS::SecretsManager::Secret', {
      Name: 'made',
      KmsKeyId: kmsKeyArn,
      GenerateSecretString: { GenerateStringKey: 'password', SecretStringTemplate: JSON.stringify(value) },
    });
    expect(resourcesFor(rotating(), 'kms:Decrypt')).toContain(kmsKeyArn);
  });

  test('the keys of the administrator’s secret and of the proxy’s logins may be used where the manifest names them', () => {
    expect(resourcesFor(rotating(), 'kms:Decrypt')).toContain(`${kmsKeyArn.slice(0, -1)}a`);
    expect(resourcesFor(rotating(), 'kms:GenerateDataKey')).toContain(`${kmsKeyArn.slice(0, -1)}b`);
  });

  test('logins behind a proxy are written before promotion, and never read', () => {
    const logins = ['one', 'two'].map((login) => placed(`secretsmanager:<here>:secret:login/${login}-??????`));
    expect(resourcesFor(rotating(), 'secretsmanager:PutSecretValue')).toEqual(expect.arrayContaining(logins));
    const read = resourcesFor(rotating(), 'secretsmanager:GetSecretValue');
    expect(read.filter((resource) => resource.includes('login/'))).toEqual([]);
    expect(settingsOf(many, '/keyturn/keyturn/proxied').rotator.proxy).toMatchObject({
      ...proxy,
      loginSecretArns: { base: placed('secretsmanager:<here>:secret:login/one') },
    });
  });

  test('a change of a parameter under a watched path is brought to the functions that read it', () => {
    many.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: Match.objectLike({ source: ['aws.ssm'], detail: { name: [{ prefix: '/shop/features/' }] } }),
    });
    const settings = settingsOf(many, '/keyturn/keyturn/.parameter/.x2f.shop.x2f.features.x2f.');
    expect(settings).toMatchObject({
      name: '/shop/features/',
      consumers: [
        { name: 'shop-items', functionArn: placed('lambda:<here>:function:shop-items'), freshness: 'notify' },
      ],
    });
  });

  test('public keys have a URL, whose function reads that secret and no other', () => {
    expect(settingsOf(many, '/keyturn/keyturn/tokens').rotator).toMatchObject({ algorithm: 'ES256' });
    const serving = statements(many, /public keys of a JWT secret/);
    expect(resourcesFor(serving, 'secretsmanager:GetSecretValue')).toEqual([
      placed('secretsmanager:<here>:secret:tokens-??????'),
    ]);
    expect(Object.keys(many.findOutputs('*'))).toContainEqual(expect.stringMatching(/^PublicKeysUrltokens/));
  });

  test('an API key of an IAM user: the rotation function manages the credentials of that user alone', () => {
    const granted = statements(many, /rotates api-key secrets/);
    const user = 'arn:<AWS::Partition>:iam::123456789012:user/model';
    expect(resourcesFor(granted, 'iam:CreateServiceSpecificCredential')).toEqual([user]);
    expect(resourcesFor(granted, 'iam:DeleteServiceSpecificCredential')).toEqual([user]);
  });

  test('our own checks run in the pipeline’s functions, and know what the manifest says elsewhere', () => {
    const [databaseCheck, canary] = settingsOf(many, '/keyturn/keyturn/checked').checks;
    expect(databaseCheck).toMatchObject({
      type: 'database',
      functionArn: expect.stringMatching(/CheckDatabase/),
      parameters: { writes: ['orders'], proxy: { ...proxy, ownership: 'reassign' }, databaseIdentifier: 'shop' },
    });
    const functionArn = placed('lambda:<here>:function:shop-orders');
    expect(canary).toMatchObject({ type: 'consumer', parameters: { functionArn, alias: 'live' } });
    const checking = statements(many, /checks models, consumers/);
    expect(resourcesFor(checking, 'lambda:InvokeFunction')).toEqual([`${functionArn}:live`]);
  });
});

test('a stack has the account and region of the ARNs in its manifest, so that it is deployed nowhere else', () => {
  const stack = new ManifestStack(new App(), 'Test', { manifest: parseManifest(manifest) });
  expect([stack.account, stack.region]).toEqual(['123456789012', 'eu-central-1']);
  const elsewhere = { manifest: parseManifest(manifest), env: { account: '210987654321', region: 'eu-central-1' } };
  expect(() => new ManifestStack(new App(), 'Test', elsewhere)).toThrow(
    'The manifest belongs to account 123456789012, by its "account" or by the ARNs that it names, and the stack goes to 210987654321.',
  );
});

test('a manifest of names goes wherever it is deployed', () => {
  const named = parseManifest({ secrets: { database } });
  expect(Token.isUnresolved(new ManifestStack(new App(), 'Test', { manifest: named }).account)).toBe(true);
  const env = { account: '210987654321', region: 'eu-west-1' };
  expect(new ManifestStack(new App(), 'Test', { manifest: named, env }).region).toBe('eu-west-1');
});
