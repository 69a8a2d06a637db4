import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { saslprep } from '@mongodb-js/saslprep';

const derive = promisify(pbkdf2);
const ITERATIONS = 4_096;
const SALT_BYTES = 16;

/**
 * SASLprep as PostgreSQL does it: ASCII is taken as it is, and so is what the profile prohibits.
 * (pg_saslprep in src/common/saslprep.c; RFC 4013.)
 */
export function preparePassword(password: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is meant, control characters included
  if (/^[\x00-\x7f]*$/.test(password)) return password;
  try {
    return saslprep(password, { allowUnassigned: false }) || password;
  } catch {
    // Not a fault: for these PostgreSQL takes the bytes as they came.
    return password;
  }
}

/**
 * What PostgreSQL keeps of a password (RFC 5802, RFC 7677): `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.
 * Given in place of the password, which therefore reaches neither the server nor its log.
 * https://www.postgresql.org/docs/current/catalog-pg-authid.html
 */
export async function computeScramVerifier(
  password: string,
  randomBytes: (size: number) => Buffer,
  iterations = ITERATIONS,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const salted = await derive(Buffer.from(preparePassword(password), 'utf8'), salt, iterations, 32, 'sha256');
  const sign = (key: string) => createHmac('sha256', salted).update(key).digest();
  const storedKey = createHash('sha256').update(sign('Client Key')).digest('base64');
  const serverKey = sign('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
