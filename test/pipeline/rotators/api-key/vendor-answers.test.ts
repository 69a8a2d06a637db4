import fc from 'fast-check';
import * as v from 'valibot';
import { ApiKeySettings, type HttpSettings } from '../../../../pipeline/contracts/settings/api-key.ts';
import { KeyturnError } from '../../../../pipeline/errors.ts';
import type { ApiKeyDependencies } from '../../../../pipeline/rotators/api-key/dependencies.ts';
import { httpProvider } from '../../../../pipeline/rotators/api-key/http-provider.ts';

const ADMIN = 'admin-key-that-must-not-be-seen';
const KEY = 'vendor-key-that-must-not-be-seen';
const request = (method: string) => ({
  method,
  url: 'https://vendor.example/keys',
  headers: { authorization: 'Bearer ${admin.key}' },
});
const settings = v.parse(ApiKeySettings, {
  provider: 'http',
  admin: { secretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:admin-AbCdEf' },
  create: { ...request('POST'), json: { name: '${name}' }, key: '/data/key', id: '/data/id' },
  verify: { url: 'https://vendor.example/me', headers: { authorization: 'Bearer ${key}' } },
  revoke: { ...request('DELETE'), url: 'https://vendor.example/keys/${id}' },
  list: {
    ...request('GET'),
    items: '/data',
    id: '/id',
    name: '/name',
    createdAt: '/at',
    nextPage: { by: 'cursor', parameter: 'after', cursor: '/next' },
  },
}) as HttpSettings;

const place = fc.constantFrom('data', 'key', 'id', 'name', 'at', 'next', '__proto__', 'x');
const answerBody = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.constantFrom(null, true, KEY, ADMIN, '2026-03-01', ''),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(place, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;
const answer = fc.record({
  status: fc.constantFrom(200, 201, 204, 301, 400, 401, 403, 404, 409, 429, 500, 503),
  body: fc.oneof(
    answerBody.map((value) => JSON.stringify(value)),
    fc.string(),
    fc.constant(`<p>${KEY} ${ADMIN}</p>`),
  ),
});

/** A provider whose vendor gives these answers in turn, and then the last one for ever. */
function providerOf(answers: { status: number; body: string; location?: string }[]) {
  let sent = 0;
  const dependencies = {
    secretsManager: { send: async () => ({ SecretString: ADMIN }) },
    fetch: async () => {
      const { status, body, location } = answers[Math.min(sent, answers.length - 1)]!;
      sent += 1;
      return new Response(status === 204 ? null : body, { status, headers: location ? { location } : {} });
    },
    now: () => new Date('2026-03-01T00:00:00Z'),
    sleep: async () => undefined,
  } as unknown as ApiKeyDependencies;
  return httpProvider(dependencies, settings);
}

test('whatever a vendor answers: a result of the right shape, or an error with a code and without a key', async () => {
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 4 }), async (answers) => {
      const current = { key: KEY, id: 'id-1' };
      const operations: [() => Promise<unknown>, (result: any) => void][] = [
        [
          () => providerOf(answers).create({ name: 'n', current, emergency: false }),
          ({ key, id }) => expect([typeof key, typeof id]).toEqual(['string', 'string']),
        ],
        [
          () => providerOf(answers).verify(current),
          ({ verdict }) => expect(['accepted', 'refused', 'unclear']).toContain(verdict),
        ],
        [() => providerOf(answers).revoke('id/../1'), (result) => expect(result).toBeUndefined()],
        [
          () => providerOf(answers).listOwn(),
          (listed) => {
            for (const item of listed) {
              expect(item.id).toEqual(expect.stringMatching(/./s));
              if (item.createdAt) expect(item.createdAt.getTime()).not.toBeNaN();
            }
          },
        ],
      ];
      for (const [operation, check] of operations) {
        tried += 1;
        const result = await operation().catch((error: unknown) => error);
        if (!(result instanceof Error)) {
          check(result);
          continue;
        }
        expect(result).toBeInstanceOf(KeyturnError);
        const told = [result.message, result.stack, String(result.cause), JSON.stringify(result)].join('\n');
        expect(told).not.toContain(KEY);
        expect(told).not.toContain(ADMIN);
      }
    }),
    { numRuns: 300 },
  );
  expect(tried).toBeGreaterThanOrEqual(1_200);
});

test('what is filled into a URL stays inside its place', async () => {
  const urls: string[] = [];
  const dependencies = {
    secretsManager: { send: async () => ({ SecretString: ADMIN }) },
    fetch: async (url: string) => {
      urls.push(url);
      return new Response(null, { status: 204 });
    },
    sleep: async () => undefined,
  } as unknown as ApiKeyDependencies;
  for (const id of ['../../admin', 'a/b?c=d#e', '%2e%2e', 'ä ö', '@other.example']) {
    await httpProvider(dependencies, settings).revoke(id);
    expect(new URL(urls.at(-1) as string).origin).toBe('https://vendor.example');
    expect(new URL(urls.at(-1) as string).pathname.split('/')).toHaveLength(3);
    expect(decodeURIComponent(urls.at(-1)!.slice('https://vendor.example/keys/'.length))).toBe(id);
  }
  const sent = urls.length;
  for (const id of ['.', '..']) {
    await expect(httpProvider(dependencies, settings).revoke(id)).rejects.toMatchObject({ code: 'TargetRefused' });
  }
  expect(urls).toHaveLength(sent);
});

test('a redirect is named by both origins, and not where its address repeats a key', async () => {
  const current = { key: KEY, id: 'id-1' };
  const verdict = (location: string) => providerOf([{ status: 302, body: '', location }]).verify(current);
  expect(await verdict('https://evil.example/take?it=1')).toEqual({
    verdict: 'unclear',
    reason:
      'GET https://vendor.example/me answered 302, a redirect from https://vendor.example to https://evil.example that was not followed',
  });
  for (const location of [`https://${KEY}.evil.example/`, `/v2/${KEY}`]) {
    const { reason } = (await verdict(location)) as { reason: string };
    expect(reason).toContain('words left out');
    expect(reason).not.toContain(KEY);
  }
  const listed = providerOf([{ status: 307, body: '', location: `https://${ADMIN}.evil.example/` }]).listOwn();
  const error = await listed.catch((thrown: Error) => thrown);
  expect(error).toMatchObject({
    code: 'TargetRefused',
    message: expect.stringMatching(/vendor\.example leads to \(words/),
  });
  expect(String(error)).not.toContain(ADMIN);
});
