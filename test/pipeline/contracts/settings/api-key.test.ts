import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { StoredJwtPayload } from '../../../../packages/consumer/contracts/jwt.ts';
import { parseManifest } from '../../../../pipeline/contracts/manifest/manifest-safety.ts';
import { parse } from '../../../../pipeline/contracts/parse.ts';
import { ApiKeyValue } from '../../../../pipeline/contracts/payloads/api-key.ts';
import { ApiKeySettings, unsafeApiKeyTiming } from '../../../../pipeline/contracts/settings/api-key.ts';
import { unsafeJwtTiming } from '../../../../pipeline/contracts/settings/jwt.ts';

/** The JSON that a document shows. */
function examples(document: string): any[] {
  const text = readFileSync(new URL(`../../../../docs/${document}`, import.meta.url), 'utf8');
  return [...text.matchAll(/```json\n([\s\S]*?)```/g)].map((found) => JSON.parse(found[1] as string));
}

describe('the documents', () => {
  const manifests = examples('api-keys.md').filter((example) => example.secrets);

  test('every manifest they show is accepted; at least four vendors are described', () => {
    for (const manifest of manifests) expect(() => parseManifest(manifest)).not.toThrow();
    const providers = manifests
      .flatMap((manifest) => Object.values(manifest.secrets))
      .map((secret: any) => secret.provider);
    expect(providers.filter((provider) => provider === 'http').length).toBeGreaterThanOrEqual(4);
    expect(providers).toContain('bedrock');
  });

  test.each(
    manifests.map((manifest) => [Object.keys(manifest.secrets)[0] as string, manifest] as const),
  )('%s: its parameters are the provider’s, and fit into a parameter of 4 KB', (name, manifest) => {
    const { provider, parameters } = manifest.secrets[name];
    const settings = parse('the example', ApiKeySettings, { provider, ...parameters });
    expect(Buffer.byteLength(JSON.stringify(settings))).toBeLessThan(3_500);
  });

  test('every payload they show is one', () => {
    const [payload] = examples('api-keys.md').filter((example) => example.api_key);
    expect(v.parse(ApiKeyValue, JSON.stringify(payload))).toMatchObject({ form: 'object' });
    const [jwt] = examples('jwt.md');
    expect(v.parse(StoredJwtPayload, jwt).jwt_key_ring?.next).toBeTruthy();
  });

  test('the section on Bedrock says first what AWS says of long-term keys', () => {
    const text = readFileSync(new URL('../../../../docs/api-keys.md', import.meta.url), 'utf8');
    const [, section] = /## bedrock\n\n([\s\S]*?)\n\n/.exec(text) as RegExpExecArray;
    expect(section).toMatch(
      /^\*\*AWS calls long-term Bedrock API keys fit for exploration only, and recommends roles, or short-term keys/,
    );
  });
});

const vendor = () =>
  structuredClone(
    examples('api-keys.md').find((example) => example.secrets?.['mail/sendgrid'])!.secrets['mail/sendgrid'].parameters,
  );

describe('a vendor as data is refused before it could do harm', () => {
  const refused: [string, (data: any) => void, RegExp][] = [
    [
      'plain http',
      (data) => (data.create.url = 'http://api.sendgrid.com/v3/api_keys'),
      /create\.url: expected https: keys/,
    ],
    [
      'http on loopback without saying so',
      (data) => (data.list.url = 'http://127.0.0.1:8080/keys'),
      /allowHttpOnLoopback/,
    ],
    ['another scheme', (data) => (data.verify.url = 'file:///etc/passwd'), /verify\.url: expected a URL of https/],
    ['no URL', (data) => (data.revoke.url = '/keys/${id}'), /revoke\.url: expected a URL/],
    [
      'a login in the URL',
      (data) => (data.list.url = 'https://me:secret@api.sendgrid.com/'),
      /list\.url: expected no login/,
    ],
    [
      'a host that is filled in',
      (data) => (data.verify.url = 'https://${key}.example.com/'),
      /verify\.url: expected a host that stands there literally/,
    ],
    [
      'a placeholder that is none',
      (data) => (data.create.json.name = '${nmae}'),
      /create: expected .*\$\{name\} to be filled in, not \$\{nmae\}/,
    ],
    ['a key where there is none yet', (data) => (data.create.headers.x = '${key}'), /create: expected .*not \$\{key\}/],
    [
      'an admin value that is not declared',
      (data) => (data.list.headers.x = '${admin.other}'),
      /list: expected .*not \$\{admin\.other\}/,
    ],
    [
      'an end that is not declared',
      (data) => (data.create.json.expires = '${expiresOn}'),
      /create: .*not \$\{expiresOn\}/,
    ],
    [
      'a verify that does not use the key',
      (data) => (data.verify.headers = {}),
      /verify: expected \$\{key\} somewhere/,
    ],
    [
      'a revoke that does not say which',
      (data) => (data.revoke.url = 'https://api.sendgrid.com/v3/api_keys'),
      /revoke: expected \$\{id\} somewhere/,
    ],
    ['names that are listed but not given', (data) => (data.create.json = {}), /create: expected \$\{name\} somewhere/],
    [
      'neither names nor a word on whose keys are listed',
      (data) => delete data.list.name,
      /list\.name: expected .*ownsEveryKey/,
    ],
    ['two bodies', (data) => (data.create.form = {}), /create: expected one body/],
    ['a GET with a body', (data) => (data.list.json = {}), /list: expected no body with GET/],
    ['a misspelt member', (data) => (data.create.heders = {}), /heders/],
    ['a pointer that is none', (data) => (data.create.key = 'api_key'), /JSON pointer/],
    ['a header that the transport writes', (data) => (data.create.headers.Host = 'x'), /Host, Connection/],
    ['a header whose name is none', (data) => (data.create.headers['a b'] = 'x'), /the name of a header/],
    ['an admin secret that is no ARN', (data) => (data.admin.secretArn = 'admin'), /ARN of a secret/],
    ['a time-out of hours', (data) => (data.requestTimeoutSeconds = 7200), /requestTimeoutSeconds/],
    ['an activation of hours', (data) => (data.activationTimeoutSeconds = 5_000), /activationTimeoutSeconds/],
  ];
  test.each(refused)('%s', (_, change, message) => {
    const data = vendor();
    change(data);
    expect(() => parse('the parameters', ApiKeySettings, { provider: 'http', ...data })).toThrow(message);
  });

  test('several at once, each named', () => {
    const data = vendor();
    data.create.url = 'http://api.sendgrid.com';
    data.verify.headers = {};
    const parsing = () => parse('the parameters', ApiKeySettings, { provider: 'http', ...data });
    expect(parsing).toThrow(/create\.url.*verify: expected/);
  });
});

describe('other providers', () => {
  test.each([
    ['a provider that is none', { provider: 'vault' }, /provider/],
    ['bedrock without a user', { provider: 'bedrock' }, /userName/],
    ['a user name with a slash', { provider: 'iam-access-key', userName: 'path/user' }, /IAM user/],
    ['a region that is none', { provider: 'bedrock', userName: 'u', region: 'europe' }, /region/],
    ['an unknown key', { provider: 'bedrock', userName: 'u', regoin: 'eu-west-1' }, /regoin/],
    ['a pointer to the whole', { provider: 'generated', keyPointer: '' }, /inside the object/],
    ['too few random bytes', { provider: 'generated', randomBytes: 8 }, /randomBytes/],
    [
      'a verify without the key',
      { provider: 'generated', verify: { url: 'https://api.example.com' } },
      /verify: expected \$\{key\} somewhere/,
    ],
  ])('%s', (_, settings, message) => {
    expect(() => parse('the parameters', ApiKeySettings, settings)).toThrow(message);
  });
});

describe('times that do not fit together', () => {
  const day = 86_400;

  test('a key whose end comes before its rotation and grace, to the second', () => {
    const settings = parse('s', ApiKeySettings, { provider: 'bedrock', userName: 'u', credentialAgeDays: 31 });
    const timing = (gracePeriodSeconds: number) => ({ rotationIntervalSeconds: 30 * day, gracePeriodSeconds });
    expect(unsafeApiKeyTiming(settings, timing(day - 1))).toEqual([]);
    expect(unsafeApiKeyTiming(settings, timing(day))).toEqual([
      expect.stringMatching(/^credentialAgeDays is 31, .*Write 32 or more/),
    ]);
    const endless = parse('s', ApiKeySettings, { provider: 'bedrock', userName: 'u' });
    expect(unsafeApiKeyTiming(endless, timing(400 * day))).toEqual([]);
    const http = parse('s', ApiKeySettings, { provider: 'http', ...vendor(), lifetimeDays: 10 });
    expect(unsafeApiKeyTiming(http, timing(day))).toEqual([expect.stringMatching(/^lifetimeDays is 10/)]);
  });

  test('tokens that outlive the interval, and verifiers that are staler than the lead', () => {
    const safe = {
      rotationIntervalSeconds: day,
      longestTokenLifetimeSeconds: day - 1,
      verifierCacheAgeSeconds: day - 1,
    };
    expect(unsafeJwtTiming(safe)).toEqual([]);
    expect(unsafeJwtTiming({ ...safe, longestTokenLifetimeSeconds: day })).toEqual([
      expect.stringContaining('issue shorter tokens'),
    ]);
    expect(unsafeJwtTiming({ ...safe, verifierCacheAgeSeconds: day })).toEqual([
      expect.stringContaining('shorter maxAgeSeconds'),
    ]);
  });

  test('the manifest refuses them', () => {
    const secret = { name: 'app/jwt' };
    const manifest = (entry: object) => () => parseManifest({ secrets: { 'app/jwt': { secret, ...entry } } });
    const schedule = { expression: 'rate(12 hours)' };
    const short = { kind: 'jwt', schedule, gracePeriodSeconds: 3_600 };
    expect(manifest({ ...short, longestTokenLifetimeSeconds: 3_600 })).not.toThrow();
    expect(manifest({ ...short, longestTokenLifetimeSeconds: 43_200 })).toThrow(/rotation interval/);
    const bedrock = { kind: 'api-key', provider: 'bedrock', schedule: { everyDays: 30 } };
    expect(manifest({ ...bedrock, parameters: { userName: 'u', credentialAgeDays: 30 } })).toThrow(/credentialAgeDays/);
  });
});
