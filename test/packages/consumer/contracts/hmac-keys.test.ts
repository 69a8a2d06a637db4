import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  HmacKeyUnfit,
  keyMaterialIn,
  leastHmacBytes,
  readHmacJwk,
  readHmacKey,
} from '../../../../packages/consumer/contracts/hmac-keys.ts';
import { createCertificateAuthority } from '../../../../packages/laptop/postgres/certificates.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

const publicPem = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }));
const spki = (key: typeof rsa.publicKey) => key.export({ type: 'spki', format: 'der' });
const pkcs8 = (key: typeof rsa.privateKey) => key.export({ type: 'pkcs8', format: 'der' });
const jwk = rsa.publicKey.export({ format: 'jwk' });
/** RFC 4253, section 6.6, of an Ed25519 key. */
const sshBlob = Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from('ssh-ed25519'),
  Buffer.from([0, 0, 0, 32]),
  Buffer.from(String(ed.publicKey.export({ format: 'jwk' }).x), 'base64url'),
]);

const material: Record<string, string | Buffer> = {
  'a public PEM': publicPem,
  'a PEM of PKCS #1': String(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })),
  'a private PEM': String(ec.privateKey.export({ type: 'sec1', format: 'pem' })),
  'a PEM behind white space': `\n\t  ${publicPem}`,
  'a PEM behind a byte order mark': `\ufeff${publicPem}`,
  'a PEM behind a comment': `Bag Attributes\n    friendlyName: app\n${publicPem}`,
  'a PEM with line ends as two characters': publicPem.replaceAll('\n', '\\n'),
  'a PEM on one line': publicPem.replaceAll('\n', ''),
  'a PEM as JSON text': JSON.stringify(publicPem),
  'a PEM percent-encoded': encodeURIComponent(publicPem),
  'Base64 of a PEM': base64(publicPem),
  'Base64 of a PEM, in lines, behind white space': `  ${base64(publicPem).replace(/.{76}/g, '$&\n')}\n`,
  'Base64 of Base64 of a PEM': base64(base64(publicPem)),
  'hexadecimal of a PEM': Buffer.from(publicPem).toString('hex'),
  'the inside of a PEM': publicPem.replace(/-----.*-----/g, '').trim(),
  'Base64 of DER, public RSA': base64(spki(rsa.publicKey)),
  'Base64 for URLs of DER, public EC': spki(ec.publicKey).toString('base64url'),
  'Base64 of DER, public Ed25519': base64(spki(ed.publicKey)),
  'Base64 of DER, PKCS #1': base64(rsa.publicKey.export({ type: 'pkcs1', format: 'der' })),
  'Base64 of DER, private': base64(pkcs8(rsa.privateKey)),
  'Base64 of DER, SEC 1': base64(ec.privateKey.export({ type: 'sec1', format: 'der' })),
  DER: spki(rsa.publicKey),
  'a JWK': JSON.stringify(jwk),
  'a JWK in lines, behind a byte order mark': `\ufeff ${JSON.stringify(jwk, null, 2)}`,
  'a symmetric JWK': '{"kty":"oct","k":"AAAA"}',
  'a JWK Set': JSON.stringify({ keys: [{ ...jwk, kid: '1' }] }),
  'a JWK Set as JSON text': JSON.stringify(JSON.stringify({ keys: [jwk] })),
  'Base64 of a JWK': base64(JSON.stringify(jwk)),
  'an SSH key': `ssh-ed25519 ${base64(sshBlob)} me@here`,
  'an SSH key behind white space': `  ssh-rsa ${base64(sshBlob)}`,
  'the inside of an SSH key': base64(sshBlob),
  'an OpenSSH private key': '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----',
  'an SSH key of RFC 4716': '---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3\n---- END SSH2 PUBLIC KEY ----',
  'a PuTTY key': 'PuTTY-User-Key-File-3: ssh-rsa\n',
  'an XML key': '<RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue>',
};

test.each(Object.entries(material))('%s is never the secret of an HMAC', (_name, key) => {
  const bytes = Buffer.from(key);
  for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
    if (typeof key === 'string') expect(() => readHmacKey(algorithm, key)).toThrow(HmacKeyUnfit);
    const k = bytes.toString('base64url');
    expect(() => readHmacJwk(algorithm, { kty: 'oct', k })).toThrow(HmacKeyUnfit);
  }
});

test('a certificate, in DER as in PEM', async () => {
  const authority = await createCertificateAuthority('An issuer’s own CA');
  const { certificatePem } = await authority.issue({ hosts: ['issuer.example'] });
  const der = Buffer.from(certificatePem.replace(/-----END[\s\S]*|-----.*-----|\s/g, ''), 'base64');
  expect(keyMaterialIn(Buffer.from(certificatePem))).toBe('a PEM');
  expect(keyMaterialIn(Buffer.from(der.toString('base64')))).toBe('a key in DER');
});

test('the message names the kind of key and quotes nothing of it', () => {
  expect(() => readHmacKey('HS256', publicPem)).toThrow(/^The secret of HS256 is a PEM\./);
  expect(() => readHmacKey('HS256', publicPem)).not.toThrow(publicPem.slice(40, 60));
});

test('random secrets, as text, Base64 and hexadecimal, are secrets', () => {
  for (let run = 0; run < 400; run += 1) {
    const bytes = randomBytes(64);
    // The most suspicious beginning there is: an ASN.1 sequence of just this length.
    if (run % 2 === 0) bytes.set([0x30, 62]);
    for (const text of [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')]) {
      expect(readHmacKey('HS512', text)).toEqual({ bytes: Buffer.from(text), isShort: false });
    }
    expect(keyMaterialIn(bytes)).toBeUndefined();
  }
  for (const words of ['correct horse battery staple', '{"not":"a key"}', 'begin rsa', 'ssh-rsa']) {
    expect(keyMaterialIn(Buffer.from(words))).toBeUndefined();
  }
});

test.each([
  'HS256',
  'HS384',
  'HS512',
] as const)('%s: a key as long as the hash is long enough, one byte less is short', (algorithm) => {
  const least = leastHmacBytes(algorithm);
  expect(least).toBe({ HS256: 32, HS384: 48, HS512: 64 }[algorithm]);
  expect(readHmacKey(algorithm, 'x'.repeat(least)).isShort).toBe(false);
  expect(readHmacKey(algorithm, 'x'.repeat(least - 1)).isShort).toBe(true);
  // Two bytes in UTF-8: bytes count, not characters.
  expect(readHmacKey(algorithm, 'ä'.repeat(least / 2)).isShort).toBe(false);
  const k = Buffer.alloc(least - 1, 1).toString('base64url');
  expect(readHmacJwk(algorithm, { kty: 'oct', k }).isShort).toBe(true);
});

test('an empty key and a JWK that is not symmetric are refused', () => {
  expect(() => readHmacKey('HS256', '')).toThrow('is empty');
  expect(() => readHmacJwk('HS256', { kty: 'oct', k: '' })).toThrow('is empty');
  expect(() => readHmacJwk('HS256', { kty: 'oct' })).toThrow('without "k"');
  expect(() => readHmacJwk('HS256', { ...jwk })).toThrow('of another type than oct');
});
