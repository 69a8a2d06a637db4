import * as v from 'valibot';
import { Host, isForbiddenHost, WebAddress } from '../../../../pipeline/contracts/grammar/hosts.ts';

test.each([
  'https://shop.example/health?deep=1',
  'https://10.0.0.5:8443/',
  'http://localhost:9090/x',
  'https://[2001:db8::1]/',
])('%s is an address to check', (url) => {
  expect(v.is(WebAddress, url)).toBe(true);
});

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://169.254.170.2/v2/credentials/',
  'http://0xa9fea9fe/',
  'http://2852039166/',
  'http://0251.0376.0251.0376/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[fe80::1]/',
  'http://[fd00:ec2::254]/',
  'http://instance-data/',
  'http://instance-data.ec2.internal/',
  'http://metadata.google.internal/',
  'http://0.0.0.0/',
  'http://[::]/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
])('%s, which answers for the machine that asks or for none, is refused', (url) => {
  expect(v.is(WebAddress, url)).toBe(false);
  expect(isForbiddenHost(new URL(url).hostname)).toBe(true);
});

test.each([
  'http://127.0.0.1:9001/2018-06-01/runtime/invocation/next',
  'http://localhost:9001/',
  'ftp://shop.example/',
  'https://shop.example/\n',
  'https://shop.example/<b>',
  'https://shöp.example/',
  'https:\\\\shop.example',
  'shop.example',
  '',
  `https://shop.example/${'a'.repeat(2_048)}`,
])('%j is no address to check', (url) => {
  expect(v.is(WebAddress, url)).toBe(false);
});

test.each([
  'db.example.com',
  'db',
  '10.0.0.5',
  '2001:db8::1',
  '127.0.0.1',
  'shop.cluster-abc.eu-central-1.rds.amazonaws.com',
])('%s is a host', (host) => {
  expect(v.is(Host, host)).toBe(true);
});

test.each([
  ...[
    '169.254.169.254',
    '0xa9fea9fe',
    'fe80::1',
    '::ffff:169.254.169.254',
    'https://db',
    'db:5432',
    'a b',
    '*',
    '*.example.com',
  ],
  ...['-a.example', 'a..b', '', 'a/b', 'db\u202e', 'a'.repeat(254)],
])('%j is none', (host) => {
  expect(v.is(Host, host)).toBe(false);
});
