import { createServer } from 'node:net';
import { httpCheck } from '../../../pipeline/checks/http.ts';
import { startVendor } from './vendor.ts';

let vendor: Awaited<ReturnType<typeof startVendor>>;
beforeAll(async () => {
  vendor = await startVendor();
});
afterAll(() => vendor.close());
beforeEach(() => vendor.forget());

const here = { allowLoopbackHttp: true };
const withKey = { ...here, key: {} };
const failure = (code: string, words: RegExp) => ({ outcome: 'failed', code, cause: expect.stringMatching(words) });
const reason = (code: string, words: RegExp) => ({ code, retryable: true, message: expect.stringMatching(words) });

function check(parameters: Record<string, unknown>, value?: string) {
  const http = httpCheck({ secretsManager: vendor.secretsManager, now: () => new Date() });
  return vendor.run('http', http, { url: `${vendor.url}/health?token=private`, ...parameters }, value);
}
const status = (code: number, headers: Record<string, string> = {}) =>
  vendor.answer((_request, response) => void response.writeHead(code, headers).end('the key is the-key-1'));

describe('what is expected', () => {
  test('a status, with the rotated key in a header; the place is told without its query', async () => {
    const verdict = await check(withKey);
    expect(verdict).toMatchObject({
      outcome: 'passed',
      observed: expect.stringMatching(
        /^GET http:\/\/127\.0\.0\.1:\d+\/health answers 200 in \d+ ms, with the rotated key$/,
      ),
      measured: { status: 200, latencyMilliseconds: expect.any(Number) },
    });
    expect(vendor.received[0]?.headers.authorization).toBe('Bearer the-key-1');
    expect(JSON.stringify(verdict)).not.toMatch(/the-key-1|private/);
  });

  test('another header, scheme, method and body; the key from a JSON secret', async () => {
    const key = { header: 'X-Api-Key', pointer: '/vendor/key' };
    const parameters = {
      ...here,
      key,
      method: 'POST',
      body: '{"ping":1}',
      headers: { 'content-type': 'application/json' },
    };
    status(202);
    const verdict = await check({ ...parameters, expectedStatus: 202 }, '{"vendor":{"key":"k-2"}}');
    expect(verdict).toMatchObject({ outcome: 'passed' });
    expect(vendor.received[0]).toMatchObject({
      body: '{"ping":1}',
      headers: { 'x-api-key': 'k-2', 'content-type': 'application/json' },
    });
  });

  test('a status that others would call a failure', async () => {
    status(401);
    expect(await check({ ...here, expectedStatus: 401 })).toMatchObject({ outcome: 'passed' });
  });

  test('without a key nothing of the secret is read, and redirects are followed', async () => {
    vendor.answer((request, response) =>
      request.url === '/there' ? response.end() : void response.writeHead(302, { location: '/there' }).end(),
    );
    expect(await check(here)).toMatchObject({ outcome: 'passed' });
    expect(vendor.received.map(({ path }) => path)).toEqual(['/health?token=private', '/there']);
    expect(vendor.received.some(({ headers }) => headers.authorization)).toBe(false);
    expect(vendor.cloud.recorder.calls().some(({ operation }) => operation === 'GetSecretValue')).toBe(false);
  });
});

describe('what is refused', () => {
  test('the key', async () => {
    status(403);
    const verdict = await check(withKey);
    expect(verdict).toMatchObject(failure('KeyRefused', /the rotated key is refused \(403\)/));
    expect(JSON.stringify(verdict)).not.toContain('the-key-1');
  });

  test('a redirect while the key is on board: it is sent nowhere else', async () => {
    status(307, { location: 'https://elsewhere.example/take?it=1' });
    expect(await check(withKey)).toMatchObject(
      failure('Redirected', /redirects to https:\/\/elsewhere\.example \(307\)/),
    );
    expect(vendor.received).toHaveLength(1);
  });

  test('a redirect of the same origin while the key is on board', async () => {
    status(302, { location: '/v2/health?signature=private' });
    const verdict = await check(withKey);
    expect(verdict).toMatchObject(failure('Redirected', /redirects to http:\/\/127\.0\.0\.1:\d+\/v2\/health \(302\)/));
    expect(JSON.stringify(verdict)).not.toContain('private');
    expect(vendor.received).toHaveLength(1);
  });

  test('a redirect without end', async () => {
    status(302, { location: '/again' });
    expect(await check(here)).toMatchObject(failure('Redirected', /more than 5 redirects/));
  });

  test('an address without TLS: at once, and before the secret leaves', async () => {
    await expect(check({ key: {} })).rejects.toMatchObject(reason('TlsMissing', /allowLoopbackHttp/));
    const elsewhere = { ...withKey, url: 'http://vendor.example/' };
    await expect(check(elsewhere)).rejects.toMatchObject(reason('TlsMissing', /expected https/));
    expect(vendor.received).toEqual([]);
  });

  test('an address with a password in it, which is not told', async () => {
    const thrown = await check({ url: 'https://user:hidden@vendor.example/' }).catch((error) => error);
    expect(thrown).toMatchObject(reason('Redirected', /holds a user name or password/));
    expect(thrown.message).not.toContain('hidden');
  });

  test('a key that would end the header and begin another one', async () => {
    const verdict = await check(withKey, 'k\r\nx-forged: 1');
    expect(verdict).toMatchObject(failure('PayloadInvalid', /no header can carry/));
    expect(JSON.stringify(verdict)).not.toContain('forged');
    expect(vendor.received).toEqual([]);
  });

  test('another status', async () => {
    status(404);
    expect(await check(here)).toMatchObject(
      failure('UnexpectedStatus', /answers 404, expected a status from 200 to 299/),
    );
  });
});

describe('what may pass is thrown, to be tried again', () => {
  test.each([
    [429, 'Throttled', /too many requests/],
    [503, 'Unavailable', /answers 503/],
    [408, 'Unavailable', /answers 408/],
    [425, 'Unavailable', /answers 425/],
    [501, 'Unavailable', /answers 501/],
  ])('status %d', async (code, expected, words) => {
    status(code);
    await expect(check(withKey)).rejects.toMatchObject(reason(expected, words));
  });

  test('nothing listens, the name is unknown, no answer in time, an answer that breaks off', async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    await expect(check({ ...here, url })).rejects.toMatchObject(reason('NoRoute', /ECONNREFUSED.*security groups/));
    await expect(check({ url: 'https://vendor.invalid/' })).rejects.toMatchObject(
      reason('NoRoute', /vendor\.invalid\//),
    );
    vendor.answer(() => undefined);
    await expect(check({ ...here, timeoutSeconds: 1 })).rejects.toMatchObject(
      reason('NoRoute', /no answer within 1 seconds/),
    );
    vendor.answer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(check(here)).rejects.toMatchObject(reason('NoRoute', /cannot be reached/));
  });
});

test('a certificate of an authority that is not trusted: the key was not sent, so that is no verdict', async () => {
  await expect(check({ ...withKey, url: `${vendor.tlsUrl}/` })).rejects.toMatchObject(
    reason('TlsMismatch', /UNABLE_TO_VERIFY_LEAF_SIGNATURE.*CA bundle/),
  );
  expect(vendor.received).toEqual([]);
});

test('a vendor that sends without end is not read to its end', async () => {
  vendor.answer((_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  });
  expect(await check(here)).toMatchObject(failure('AnswerInvalid', /more than 1048576 bytes/));
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('no redirect carries anything to another origin', () => {
  const headers = {
    authorization: 'Basic c2VjcmV0',
    cookie: 'session=1',
    'x-api-key': 'custom',
    'proxy-authorization': 'p',
  };
  const sent = { ...here, method: 'POST', body: 'the body', headers };

  test.each([
    301, 302, 303, 307, 308,
  ])('%d to another host: it hears nothing, and both origins are named', async (code) => {
    // The same machine under another name is another origin, and this server would hear it.
    const elsewhere = vendor.url.replace('127.0.0.1', 'localhost');
    status(code, { location: `${elsewhere}/take` });
    const verdict = await check(sent);
    expect(verdict).toMatchObject(
      failure('Redirected', new RegExp(`http://127\\.0\\.0\\.1:\\d+ redirects to ${elsewhere} \\(${code}\\)`)),
    );
    expect(vendor.received.map(({ path }) => path)).toEqual(['/health?token=private']);
  });

  test('https to http, another port, another scheme', async () => {
    for (const location of [vendor.tlsUrl, 'http://elsewhere.example/', 'ftp://127.0.0.1/', 'https://[']) {
      status(307, { location });
      expect(await check(sent)).toMatchObject(failure('Redirected', /nothing is sent to another origin/));
    }
    expect(vendor.received).toHaveLength(4);
  });

  test('of a chain that begins at home and ends elsewhere', async () => {
    const elsewhere = vendor.url.replace('127.0.0.1', 'localhost');
    vendor.answer(({ url }, response) => {
      const location = url === '/second' ? `${elsewhere}/take` : '/second';
      response.writeHead(307, { location }).end();
    });
    expect(await check(sent)).toMatchObject(failure('Redirected', /redirects to http:\/\/localhost/));
    expect(vendor.received.map(({ path }) => path)).toEqual(['/health?token=private', '/second']);
  });

  test('within the origin all of it goes along, and the body only where fetch would send it', async () => {
    for (const [code, method, body] of [
      [307, 'POST', 'the body'],
      [303, 'GET', ''],
    ] as const) {
      vendor.forget();
      vendor.answer(({ url }, response) =>
        url === '/there' ? response.end() : void response.writeHead(code, { location: '/there' }).end(),
      );
      expect(await check(sent)).toMatchObject({ ok: true });
      expect(vendor.received[1]).toMatchObject({ path: '/there', method, body, headers });
    }
  });

  test('a redirect that is expected is the answer', async () => {
    status(302, { location: 'https://elsewhere.example/' });
    expect(await check({ ...here, expectedStatus: 302 })).toMatchObject({ ok: true });
  });

  test('an address that repeats the key is not quoted', async () => {
    for (const location of ['https://the-key-1.evil.example/', '/back/the%2Dkey%2D1']) {
      status(302, { location });
      const verdict = await check(withKey);
      expect(verdict).toMatchObject(failure('Redirected', /words left out/));
      expect(JSON.stringify(verdict)).not.toMatch(/the.{1,3}key.{1,3}1/);
    }
  });
});
