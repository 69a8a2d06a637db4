import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

type Generated = Parameters<typeof X509CertificateGenerator.createSelfSigned>;
const provider = webcrypto as unknown as NonNullable<Generated[1]>;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MILLISECONDS = 86_400_000;
/** A laptop's clock may be behind, and a run may last. */
const BACKDATED_DAYS = 1;
const VALID_DAYS = 30;

export interface Certificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface CertificateAuthority {
  readonly name: string;
  readonly certificatePem: string;
  /** A server certificate for host names and addresses (DNS and IP subject alternative names). */
  issue(subject: { hosts: readonly string[] }): Promise<Certificate>;
}

/** The two authorities that a client of RDS meets: instances present one CA's certificates, proxies another's. */
export interface Authorities {
  readonly instance: CertificateAuthority;
  readonly proxy: CertificateAuthority;
  /** Both, as a client's CA file holds them. */
  readonly caBundlePem: string;
}

export async function createAuthorities(now: Date = new Date()): Promise<Authorities> {
  const [instance, proxy] = await Promise.all([
    createCertificateAuthority('Laptop RDS Root CA ECC256 G1', now),
    createCertificateAuthority('Laptop Root CA 3 of proxies', now),
  ]);
  return { instance, proxy, caBundlePem: `${instance.certificatePem}\n${proxy.certificatePem}\n` };
}

/** A certificate authority that lives in this process only: its key is never written anywhere. */
export async function createCertificateAuthority(name: string, now: Date = new Date()): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: `CN=${name}`,
      ...validity(now),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, provider),
      ],
    },
    provider,
  );
  return {
    name,
    certificatePem: certificate.toString('pem'),
    issue: ({ hosts }) => issue({ certificate, keys, now }, hosts),
  };
}

async function issue(
  authority: { certificate: X509Certificate; keys: webcrypto.CryptoKeyPair; now: Date },
  hosts: readonly string[],
): Promise<Certificate> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: `CN=${hosts[0]}`,
      issuer: authority.certificate.subject,
      ...validity(authority.now),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: authority.keys.privateKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          hosts.map((host) => ({ type: /^[\d.]+$/.test(host) ? 'ip' : 'dns', value: host }) as const),
        ),
      ],
    },
    provider,
  );
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificatePem: certificate.toString('pem'),
    privateKeyPem: PemConverter.encode(privateKey, 'PRIVATE KEY'),
  };
}

const generateKeys = () =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;

function validity(now: Date) {
  return {
    notBefore: new Date(now.getTime() - BACKDATED_DAYS * DAY_MILLISECONDS),
    notAfter: new Date(now.getTime() + VALID_DAYS * DAY_MILLISECONDS),
  };
}

/** Positive, as RFC 5280 asks: the first bit is never set. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
