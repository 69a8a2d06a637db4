import { databaseAddress, type PostgresPayload } from '../../pipeline/contracts/payloads/postgres.ts';
import { baseLoginOf } from '../../pipeline/rotators/postgres/login-names.ts';
import { found, type Preflight } from './preflight.ts';

/**
 * Secrets of one manifest that hold the same login of one database: each rotation of the one would break the other. A pair's
 * second login counts as its first. Pure. Only the server knows that two host names are one database.
 */
export function judgeSharedLogins(
  holders: readonly { readonly secret: string; readonly payload: PostgresPayload }[],
): { secret: string; preflight: Preflight }[] {
  const loginOf = (payload: PostgresPayload) => {
    const { host, port } = databaseAddress(payload);
    return `${baseLoginOf(payload.username)} at ${host}:${port}`;
  };
  return holders.flatMap(({ secret, payload }) => {
    const login = loginOf(payload);
    const others = holders.filter((holder) => holder.secret !== secret && loginOf(holder.payload) === login);
    if (others.length === 0) return [];
    const names = others.map((holder) => holder.secret).join(', ');
    const text = `${secret} and ${names} hold the same login, ${login}: each rotation of the one breaks the other.`;
    const remedy = 'Keep one of them, and let the consumers of the other read it.';
    return [{ secret, preflight: found('secret', 'blocks', 'LoginShared', text, remedy) }];
  });
}
