/** A manifest that has every key which the reader knows; `complete-manifest.test.ts` holds it to that. */
const here = 'eu-central-1:123456789012';
const keyOf = (digits: string) => `arn:aws:kms:${here}:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d${digits}`;

const rotated = {
  checkSchedule: { expression: 'rate(1 hour)', timeZone: 'Europe/Berlin' },
  nativeIntervalDays: 90,
  gracePeriodSeconds: 86_400,
  promotionTimeoutSeconds: 900,
  evidenceIntervalSeconds: 60,
  rollBackHandPutValues: true,
};

const consumers = [
  { name: 'items', function: 'shop-items', freshness: 'notify', maxAgeSeconds: 300, longestInvocationSeconds: 30 },
  { name: 'orders', function: 'shop-orders', alias: 'live', freshness: 'recycle', maxAgeSeconds: 300 },
  { name: 'latest', function: 'shop-latest', freshness: 'recycle' },
  { name: 'reports', function: `arn:aws:lambda:${here}:function:shop-reports`, freshness: 'expire' },
  { name: 'partner', function: 'arn:aws:lambda:eu-central-1:210987654321:function:partner', alias: 'live' },
];

const database = {
  kind: 'postgres',
  secret: { name: 'shop/database', kmsKeyArn: keyOf('4e5f') },
  strategy: 'alternating-users',
  superuserSecret: 'shop/database-superuser',
  superuserSecretKmsKeyArn: keyOf('4e63'),
  hostAliases: ['database.shop.internal'],
  ownerRole: 'shop_owner',
  passwordLength: 40,
  excludeCharacters: ':/@"\'\\',
  proxy: {
    name: 'shop-proxy',
    endpoint: 'shop-proxy.proxy-abc.eu-central-1.rds.amazonaws.com',
    ownership: 'init-query',
    loginSecrets: { base: 'shop/login/base', second: 'shop/login/second' },
    loginSecretsKmsKeyArn: keyOf('4e64'),
  },
  database: { instance: 'shop-one', cluster: 'shop', readerOf: 'shop-two' },
  schedule: { expression: 'cron(0 3 ? * SUN *)', timeZone: 'Europe/Berlin', windowMinutes: 60 },
  group: 'shop databases',
  ...rotated,
  consumers,
  checks: [
    {
      name: 'login',
      type: 'database',
      parameters: {
        proxy: {
          name: 'shop-proxy',
          endpoint: 'shop-proxy.proxy-abc.eu-central-1.rds.amazonaws.com',
          port: 5432,
          loginSecretArns: {
            base: `arn:aws:secretsmanager:${here}:secret:shop/login/base-AbCdEf`,
            second: `arn:aws:secretsmanager:${here}:secret:shop/login/second-AbCdEf`,
          },
          ownership: 'init-query',
          refreshBoundSeconds: 30,
        },
        instance: { host: 'shop.abc.eu-central-1.rds.amazonaws.com', port: 5432 },
        ownerRole: 'shop_owner',
        access: 'read-write',
        reads: ['items'],
        writes: ['orders'],
        health: true,
        databaseIdentifier: 'shop-one',
      },
    },
    { name: 'reader', type: 'database', parameters: { access: 'read' } },
    { name: 'own', type: 'function', function: 'shop-check', parameters: { depth: 2, words: ['one'] } },
    { name: 'canary', type: 'consumer', function: 'shop-items', parameters: { alias: 'live', timeoutSeconds: 20 } },
  ],
  mirrors: [
    { replica: 'eu-west-1' },
    { parameter: '/shop/database-password', keyId: keyOf('4e60'), pointer: '/password' },
  ],
};

const tokens = {
  kind: 'jwt',
  secret: {
    new: {
      name: 'shop/tokens',
      description: 'Signs the tokens of the shop',
      template: { jwt_algorithm: 'HS256', jwt_issuer: 'https://shop.example' },
      kmsKeyArn: keyOf('4e61'),
    },
  },
  algorithm: 'ES256',
  longestTokenLifetimeSeconds: 3_600,
  publicKeys: { maxAgeSeconds: 300 },
  schedule: { everyDays: 30, timeZone: 'Etc/UTC', windowMinutes: 15 },
  ...rotated,
  consumers: [{ function: 'shop-orders' }],
  checks: [
    {
      name: 'key set',
      type: 'jwks',
      parameters: {
        url: 'https://shop.example/.well-known/jwks.json',
        timeoutSeconds: 10,
        allowLoopbackHttp: false,
        longestMaxAgeSeconds: 600,
      },
    },
    {
      name: 'health',
      type: 'http',
      parameters: {
        url: 'https://shop.example/health',
        timeoutSeconds: 10,
        allowLoopbackHttp: false,
        method: 'POST',
        expectedStatus: 204,
        headers: { accept: 'application/json' },
        body: '{"probe": true}',
        key: { header: 'authorization', scheme: 'Bearer ', pointer: '/jwt_secret_key' },
      },
    },
  ],
};

const model = {
  kind: 'api-key',
  provider: 'bedrock',
  secret: { arn: `arn:aws:secretsmanager:${here}:secret:shop/model-key-AbCdEf`, kmsKeyArn: keyOf('4e62') },
  parameters: {
    userName: 'shop-model',
    region: 'eu-central-1',
    credentialAgeDays: 120,
    modelId: 'eu.amazon.nova-lite-v1:0',
    keyPointer: '/api_key',
    idPointer: '/api_key_id',
    convergenceBoundSeconds: 330,
    activationTimeoutSeconds: 30,
    consecutiveAcceptances: 3,
    quietPeriodSeconds: 3_600,
  },
  schedule: 'native',
  ...rotated,
  checks: [
    {
      name: 'model',
      type: 'bedrock',
      parameters: {
        modelId: 'eu.amazon.nova-lite-v1:0',
        bound: { 'anthropic.claude-3-haiku-20240307-v1:0': 'us-east-1' },
        region: 'eu-central-1',
        fallbackRegion: 'eu-west-1',
        credential: 'role',
        pointer: '/api_key',
        prompt: 'Answer with OK.',
        maxTokens: 8,
        timeoutSeconds: 20,
      },
    },
    {
      name: 'one model',
      type: 'bedrock',
      parameters: {
        modelId: 'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0',
        credential: 'role',
      },
    },
  ],
};

const request = { headers: { authorization: 'Bearer ${admin.key}' } };
const mail = {
  kind: 'api-key',
  provider: 'http',
  secret: { name: 'shop/mail-key' },
  parameters: {
    admin: {
      secretArn: 'arn:aws:secretsmanager:eu-central-1:210987654321:secret:mail/admin-AbCdEf',
      values: { key: '/key' },
    },
    variables: { project: 'shop' },
    create: {
      ...request,
      url: 'https://api.mail.example/keys',
      method: 'POST',
      json: { name: '${name}', project: '${variables.project}' },
      key: '/key',
      id: '/id',
    },
    verify: {
      url: 'https://api.mail.example/me',
      method: 'GET',
      headers: { authorization: 'Bearer ${key}' },
      accepted: [200],
      refused: [401],
      expect: { pointer: '/ok', equals: true },
    },
    revoke: {
      url: 'https://api.mail.example/revoke',
      method: 'POST',
      form: { id: '${id}' },
      basic: { username: 'shop', password: '${admin.key}' },
    },
    list: {
      ...request,
      url: 'https://api.mail.example/keys',
      method: 'GET',
      items: '/keys',
      id: '/id',
      name: '/name',
      createdAt: '/created_at',
      lastUsedAt: '/last_used_at',
      nextPage: { by: 'cursor', parameter: 'after', cursor: '/next', while: '/more' },
    },
    namePrefix: 'keyturn-',
    ownsEveryKey: false,
    lifetimeDays: 400,
    allowHttpOnLoopback: false,
    requestTimeoutSeconds: 10,
  },
};

const issued = {
  kind: 'api-key',
  provider: 'generated',
  secret: { name: 'shop/issued-key' },
  parameters: {
    randomBytes: 32,
    prefix: 'shop_',
    acceptPreviousSeconds: 86_400,
    verify: { url: 'https://shop.example/me', headers: { 'x-api-key': '${key}' } },
    allowHttpOnLoopback: false,
    requestTimeoutSeconds: 10,
  },
};

export const completeManifest = {
  $schema: 'https://keyturn.example/manifest.schema.json',
  pipeline: 'shop',
  account: '123456789012',
  region: 'eu-central-1',
  crossAccount: ['210987654321'],
  requesters: ['arn:aws:iam::123456789012:role/deployer'],
  allowByEvent: ['retireNow'],
  forwardStory: true,
  network: {
    vpcId: 'vpc-0a1b2c3d4e5f60718',
    subnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0a1b2c3d4e5f60719'],
    securityGroupIds: ['sg-0a1b2c3d4e5f60718'],
  },
  secrets: {
    database,
    'database-of-the-branch': {
      kind: 'postgres',
      strategy: 'single-user',
      secret: { name: 'shop/branch' },
      group: 'shop databases',
      schedule: database.schedule,
      consumers: [{ function: 'shop-branch' }],
      checks: [{ type: 'database' }],
    },
    administrator: {
      kind: 'postgres',
      strategy: 'superuser',
      secret: { arn: `arn:aws:secretsmanager:${here}:secret:shop/database-superuser-AbCdEf` },
      database: { instance: 'shop-one', cluster: 'shop' },
    },
    tokens,
    'partner-tokens': { kind: 'jwt', algorithm: 'EdDSA', secret: { name: 'shop/partner-jwt' }, publicKeys: {} },
    model,
    mail,
    issued,
    upload: {
      kind: 'api-key',
      provider: 'iam-access-key',
      secret: { name: 'shop/upload-key' },
      parameters: { userName: 'shop-upload' },
    },
    payment: {
      kind: 'watched',
      secret: { name: 'shop/payment-provider' },
      consumers: [{ function: 'shop-orders', alias: 'live', freshness: 'recycle' }],
      mirrors: [{ parameter: '/shop/payment-provider' }],
    },
  },
  parameters: {
    '/shop/features/': { consumers: [{ function: 'shop-items', maxAgeSeconds: 60 }] },
    '/shop/banner': { consumers: [{ function: 'shop-items', freshness: 'expire' }] },
  },
};
