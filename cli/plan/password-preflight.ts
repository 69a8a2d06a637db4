import type { PostgresManifestSecret } from '../../pipeline/contracts/manifest/manifest.ts';
import { parse } from '../../pipeline/contracts/parse.ts';
import { PostgresSettings } from '../../pipeline/contracts/settings/postgres.ts';
import { KeyturnError } from '../../pipeline/errors.ts';
import { loginNames, refuseLongName } from '../../pipeline/rotators/postgres/login-names.ts';
import { generatePassword } from '../../pipeline/rotators/postgres/password.ts';
import { found, type Preflight } from './preflight.ts';

/** A password that can be guessed in less than this many tries, as a power of two, is weak. NIST SP 800-63B asks for 112 of a look-up secret. */
const LEAST_BITS = 112;
const PRINTABLE = 94;

/**
 * Whether the manifest's rules leave a password that is worth the name, and names that PostgreSQL does not cut off. Pure
 * but for the random bytes.
 */
export function judgePassword(
  entry: PostgresManifestSecret,
  username: string | undefined,
  randomBytes: (size: number) => Buffer,
): Preflight[] {
  const { passwordLength: length, excludeCharacters } = parse('The settings', PostgresSettings, {
    ...(entry.passwordLength && { passwordLength: entry.passwordLength }),
    ...(entry.excludeCharacters !== undefined && { excludeCharacters: entry.excludeCharacters }),
  });
  try {
    generatePassword({ length, excludeCharacters, randomBytes });
    if (username !== undefined && entry.strategy === 'alternating-users') loginNames(entry.kind, username);
    else if (username !== undefined) refuseLongName(entry.kind, username);
  } catch (error) {
    if (!(error instanceof KeyturnError)) throw error;
    return [found('password', 'blocks', error.code, error.message.replace(/^postgres: /, ''))];
  }
  const excluded = new Set([...excludeCharacters].filter((character) => /[!-~]/.test(character))).size;
  const bits = Math.floor(length * Math.log2(PRINTABLE - excluded));
  if (bits >= LEAST_BITS) return [found('password', 'ok', 'PasswordStrong', `${length} characters, ${bits} bits.`)];
  return [
    found(
      'password',
      'warns',
      'PasswordWeak',
      `${length} characters of ${PRINTABLE - excluded} are ${bits} bits; ${LEAST_BITS} are asked of a secret that machines keep.`,
      'Write a longer "passwordLength", or exclude fewer characters.',
    ),
  ];
}
