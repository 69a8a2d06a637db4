import { UnsafeRotation } from '../errors.ts';

const SECOND_LOGIN_SUFFIX = '_clone';
/** NAMEDATALEN - 1: PostgreSQL would cut a longer name off, and two logins would become one. */
const LONGEST_NAME_BYTES = 63;

export interface LoginNames {
  readonly base: string;
  readonly second: string;
}

/**
 * The two logins of a secret, from either of their names: AWS's convention `app` and `app_clone`, so that a secret that
 * AWS's function has rotated goes on as it is. @throws UnsafeRotation where a name would be too long
 */
export function loginNames(secretName: string, username: string): LoginNames {
  const base = baseLoginOf(username);
  const second = base + SECOND_LOGIN_SUFFIX;
  refuseLongName(secretName, username);
  const bytes = Buffer.byteLength(second, 'utf8');
  if (bytes > LONGEST_NAME_BYTES) {
    throw new UnsafeRotation(
      `${secretName}: username is too long for alternating users: the second login ${JSON.stringify(second)} would have ${bytes} bytes, ` +
        `PostgreSQL allows ${LONGEST_NAME_BYTES}. Use a shorter user name, or the strategy "single-user".`,
    );
  }
  return { base, second };
}

/** The first login of the pair that a user name belongs to. */
export function baseLoginOf(username: string): string {
  const isSecond = username.length > SECOND_LOGIN_SUFFIX.length && username.endsWith(SECOND_LOGIN_SUFFIX);
  return isSecond ? username.slice(0, -SECOND_LOGIN_SUFFIX.length) : username;
}

/** @throws UnsafeRotation where PostgreSQL would cut the name off */
export function refuseLongName(secretName: string, username: string): void {
  const bytes = Buffer.byteLength(username, 'utf8');
  if (bytes <= LONGEST_NAME_BYTES && !username.includes('\0')) return;
  throw new UnsafeRotation(
    `${secretName}: username has ${bytes} bytes; PostgreSQL allows ${LONGEST_NAME_BYTES}, none of them zero. Use the name that the server knows.`,
  );
}

export function alternateOf(secretName: string, username: string): string {
  const names = loginNames(secretName, username);
  return username === names.base ? names.second : names.base;
}

/** The role as which the sessions of both logins act. */
export function ownerRole(
  { ownerRole: named }: { readonly ownerRole?: string | undefined },
  names: LoginNames,
): string {
  return named ?? names.base;
}
