import { methodAfterRedirect, redirectOf } from '../../../../packages/consumer/contracts/redirect.ts';

const from = new URL('https://vendor.example/v1/keys?page=1');
const elsewhere = (to: string) => ({ leads: 'elsewhere', from: 'https://vendor.example', to });

test.each([
  ['a path', '/v2/keys'],
  ['a relative path', 'other'],
  ['the whole address', 'https://vendor.example/v2'],
  ['the default port', 'https://vendor.example:443/v2'],
  ['capitals', 'HTTPS://VENDOR.EXAMPLE/v2'],
])('%s is of the same origin', (_name, location) => {
  expect(redirectOf(from, 302, location)).toEqual({ leads: 'same-origin', url: new URL(location, from.href) });
});

test.each([
  ['another host', 'https://evil.example/v1', 'https://evil.example'],
  ['a host that is only written after //', '//evil.example/v1', 'https://evil.example'],
  ['backslashes', '\\\\evil.example\\v1', 'https://evil.example'],
  ['a subdomain', 'https://api.vendor.example/', 'https://api.vendor.example'],
  ['another port', 'https://vendor.example:8443/', 'https://vendor.example:8443'],
  ['the same host without TLS', 'http://vendor.example/v1/keys', 'http://vendor.example'],
  ['a login in the address', 'https://me:pw@vendor.example/', 'https://vendor.example'],
  ['a host behind a login', 'https://vendor.example@evil.example/', 'https://evil.example'],
  ['another scheme', 'javascript:alert(1)', 'an address that is not of the web'],
  ['what is no address', 'https://[', 'an address that is not of the web'],
  ['a bidirectional mark in the host', 'https://ev\u202eil.example/', 'an address that is not of the web'],
])('%s is elsewhere, and only its origin is named', (_name, location, to) => {
  expect(redirectOf(from, 307, location)).toEqual(elsewhere(to));
});

test('from http on this machine to https is elsewhere too', () => {
  const plain = new URL('http://127.0.0.1:8080/');
  expect(redirectOf(plain, 301, 'https://127.0.0.1:8080/')).toEqual({
    leads: 'elsewhere',
    from: 'http://127.0.0.1:8080',
    to: 'https://127.0.0.1:8080',
  });
});

test('an answer without an address, and a status that is no redirect, lead nowhere', () => {
  expect(redirectOf(from, 302, null)).toBeUndefined();
  for (const status of [200, 201, 300, 304, 305, 306, 401]) {
    expect(redirectOf(from, status, 'https://evil.example/')).toBeUndefined();
  }
});

test('a body goes along where fetch would send it again', () => {
  expect(methodAfterRedirect('POST', 307)).toEqual({ method: 'POST', keepsBody: true });
  expect(methodAfterRedirect('post', 302)).toEqual({ method: 'GET', keepsBody: false });
  expect(methodAfterRedirect('PUT', 302)).toEqual({ method: 'PUT', keepsBody: true });
  expect(methodAfterRedirect('DELETE', 303)).toEqual({ method: 'GET', keepsBody: false });
  expect(methodAfterRedirect('HEAD', 303)).toEqual({ method: 'HEAD', keepsBody: true });
});
