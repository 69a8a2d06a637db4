import { BlockList, isIP } from 'node:net';
import * as v from 'valibot';

/**
 * Addresses that answer for the machine that asks, or for no machine: credentials of a role stand behind the link-local
 * ones. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const nowhere = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  nowhere.addSubnet(net, prefix, 'ipv4');
  nowhere.addSubnet(`::ffff:${net}`, 96 + prefix, 'ipv6');
}
for (const [net, prefix] of [
  ['::', 128],
  ['fe80::', 10],
  ['fd00:ec2::', 32],
  ['ff00::', 8],
] as const) {
  nowhere.addSubnet(net, prefix, 'ipv6');
}

/** The names that EC2's resolver answers with the address of the instance's metadata. */
const metadataNames = /^(instance-data(\..*)?|metadata\..*\.internal)$/;

/** Whether a host, as `URL` writes it, is one that no check and no rotation has business with. Pure. */
export function isForbiddenHost(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').toLowerCase();
  const family = isIP(address);
  if (family === 0) return metadataNames.test(address.replace(/\.$/, ''));
  return nowhere.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

const hostName =
  /^(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;

/** A host name of RFC 1123 (with `_`, as some zones have it) or an address, without port and scheme. */
export const Host = v.pipe(
  v.string(),
  v.check((host) => isIP(host) !== 0 || hostName.test(host), 'the name or address of a host, without scheme and port'),
  v.check(
    (host) => !isForbiddenHost(urlHost(host)),
    'a host that is neither link-local nor the metadata of an instance',
  ),
);

/** 0xa9fea9fe and 2852039166 are addresses too: `URL` knows every way to write one. */
function urlHost(host: string): string {
  const url = `http://${host.includes(':') ? `[${host}]` : host}`;
  return URL.canParse(url) ? new URL(url).hostname : host;
}

const LONGEST_URL = 2048;

/** `http` or `https`. Whether `http` or a login in it is taken is for others to say. */
export const WebAddress = v.pipe(
  v.string(),
  v.check(
    (text) => /^https?:\/\/[!-;=?-~]+$/.test(text) && !/[\\^`{|}"]/.test(text) && URL.canParse(text),
    'an https address',
  ),
  v.maxLength(LONGEST_URL, `an address of at most ${LONGEST_URL} characters`),
  v.check((text) => !isForbiddenAddress(text), 'an address that is neither link-local nor the metadata of an instance'),
);

/** A password in an address stands in settings and in logs of others. */
export function hasLogin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}

/** The runtime of a function listens on port 9001 of its own loopback. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
function isForbiddenAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { hostname, port } = new URL(text);
  return isForbiddenHost(hostname) || (port === '9001' && /^(127\.|\[::1\]|localhost\.?$)/.test(hostname));
}
