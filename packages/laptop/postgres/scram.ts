import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const deriveKey = promisify(pbkdf2);

/** The parts of a SCRAM-SHA-256 verifier as PostgreSQL stores them in pg_authid.rolpassword (RFC 5803 in spirit). */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const hash = (data: Buffer) => createHash('sha256').update(data).digest();

/** SASLprep (RFC 4013) as far as passwords need it; printable ASCII is left as it is. */
export function prepare(password: string): string {
  const mapped = password.replace(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g, ' ').replace(/\u00AD/g, '');
  return mapped.normalize('NFKC') || password;
}

export function saltedPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  return deriveKey(prepare(password), salt, iterations, 32, 'sha256');
}

/** Computes what a server keeps of a password, so that the password itself never reaches a statement or a log. */
export async function computeScramVerifier(
  password: string,
  { salt = randomBytes(16), iterations = 4096 }: { salt?: Buffer; iterations?: number } = {},
): Promise<ScramVerifier> {
  const salted = await saltedPassword(password, salt, iterations);
  return { iterations, salt, storedKey: hash(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') };
}

/** `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`: PostgreSQL takes it in place of a password. */
export function formatScramVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const text = (bytes: Buffer) => bytes.toString('base64');
  return `SCRAM-SHA-256$${iterations}:${text(salt)}$${text(storedKey)}:${text(serverKey)}`;
}
