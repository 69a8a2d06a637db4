import { parseManifest } from '../../../../pipeline/contracts/manifest/manifest-safety.ts';

const OWN = '123456789012';
const OTHER = '210987654321';
const functionIn = (account: string, region = 'eu-central-1') => `arn:aws:lambda:${region}:${account}:function:items`;
const keyIn = (account: string) => `arn:aws:kms:eu-central-1:${account}:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f`;
const secretIn = (account: string, name = 'jwt') =>
  `arn:aws:secretsmanager:eu-central-1:${account}:secret:${name}-AbCdEf`;
const jwt = { kind: 'jwt', secret: { arn: secretIn(OWN) } };
const of = (entry: object, top: object = {}) => ({ ...top, secrets: { jwt: { ...jwt, ...entry } } });
const place = { account: OWN, region: 'eu-central-1' };

test('the ARNs of a manifest say where its stack goes', () => {
  expect(parseManifest(of({}))).toMatchObject(place);
  expect(parseManifest({ secrets: { jwt: { kind: 'jwt', secret: { name: 'app/jwt' } } } })).not.toHaveProperty(
    'account',
  );
});

test('the manifest may say it itself, and every ARN agrees', () => {
  expect(parseManifest(of({}, place))).toMatchObject(place);
  expect(() => parseManifest(of({}, { ...place, account: OTHER }))).toThrow(
    `secrets["jwt"]: secret.arn: expected an ARN in account ${OTHER}, where the stack goes. Name what is there.`,
  );
  expect(() => parseManifest(of({}, { ...place, region: 'eu-west-1' }))).toThrow('expected an ARN in eu-west-1');
});

test.each([
  ['a consumer that is notified', { consumers: [{ function: functionIn(OTHER) }] }, 'consumers[0].function'],
  ['a key', { secret: { arn: secretIn(OWN), kmsKeyArn: keyIn(OTHER) } }, 'secret.kmsKeyArn'],
  ['a check', { checks: [{ type: 'function', function: functionIn(OTHER) }] }, 'checks[0].function'],
  ['the key of a mirror', { mirrors: [{ parameter: '/app/jwt', keyId: keyIn(OTHER) }] }, 'mirrors[0].keyId'],
])('%s may be in an account that crossAccount names, and in no other', (_, entry, at) => {
  expect(() => parseManifest(of(entry))).toThrow(
    `secrets["jwt"]: ${at}: expected an ARN in account ${OWN}, where the stack goes, or in one that "crossAccount" names`,
  );
  expect(parseManifest(of(entry, { crossAccount: [OTHER] }))).toMatchObject({ account: OWN, crossAccount: [OTHER] });
});

test('a superuser’s secret may be another account’s; the secrets of logins, which a rotation writes, may not', () => {
  const postgres = { kind: 'postgres', secret: { arn: secretIn(OWN) }, superuserSecret: secretIn(OTHER, 'superuser') };
  const crossAccount = [OTHER];
  expect(() => parseManifest({ crossAccount, secrets: { db: postgres } })).not.toThrow();
  const loginSecrets = { base: secretIn(OTHER, 'base'), second: 'app/second' };
  const proxy = { name: 'shop', endpoint: 'proxy.example', loginSecrets };
  expect(() => parseManifest({ crossAccount, secrets: { db: { ...postgres, proxy } } })).toThrow(
    'proxy.loginSecrets.base: expected an ARN in account 123456789012, where the stack goes. Name what is there.',
  );
});

test('what is rotated or recycled is in the account of the stack, whatever crossAccount says', () => {
  const recycled = { consumers: [{ function: functionIn(OTHER), freshness: 'recycle' }] };
  expect(() => parseManifest(of(recycled, { crossAccount: [OTHER] }))).toThrow(
    'consumers[0].function: expected an ARN in account',
  );
  const rotated = {
    ...place,
    crossAccount: [OTHER],
    secrets: { jwt: { kind: 'jwt', secret: { arn: secretIn(OTHER) } } },
  };
  expect(() => parseManifest(rotated)).toThrow('secret.arn: expected an ARN in account');
});

test('nothing is called across regions; the pipeline never calls a consumer that only expires', () => {
  const far = { function: functionIn(OWN, 'us-east-1') };
  expect(() => parseManifest(of({ consumers: [far] }))).toThrow(
    'consumers[0].function: expected an ARN in eu-central-1',
  );
  expect(() => parseManifest(of({ consumers: [{ ...far, freshness: 'expire' }] }))).not.toThrow();
});

test('a model is called in the region of its ARN', () => {
  const modelId = 'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0';
  const checks = [{ type: 'bedrock', parameters: { modelId, credential: 'role' } }];
  expect(parseManifest(of({ checks }))).toMatchObject(place);
});

test.each([
  ['that no ARN needs', [OTHER]],
  ['of the stack itself', [OWN]],
])('an account %s is refused: a right without a use', (_, crossAccount) => {
  expect(() => parseManifest(of({}, { ...place, crossAccount }))).toThrow(
    'crossAccount[0]: no ARN of the manifest needs it',
  );
});
