import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { withFreshSecrets } from '@keyturn/consumer';
import { JwtSigner } from '@keyturn/consumer/jwt';
import { database } from './app/database.ts';
import { HttpError, http, json, type Request, type Response, readBody } from './app/http.ts';

const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;
const signer = new JwtSigner({ secretId: process.env.JWT_SECRET_ARN ?? '' });

/** What an unknown user is compared with, so that they take as long as a known one. */
const noAccount = { salt: Buffer.alloc(16), hash: Buffer.alloc(32) };

async function serve(request: Request): Promise<Response> {
  const { user, password } = readBody(request);
  if (typeof user !== 'string' || typeof password !== 'string') {
    throw new HttpError(400, 'user and password must be texts.');
  }
  const { rows } = await database.query<{ salt: Buffer; hash: Buffer }>(
    'SELECT salt, hash FROM accounts WHERE name = $1',
    [user],
  );
  const account = rows[0] ?? noAccount;
  const isRight = timingSafeEqual(await derive(password, account.salt, account.hash.length), account.hash);
  if (!isRight || account === noAccount) throw new HttpError(401, 'The user or the password is wrong.');
  return json(200, { token: await signer.sign({ sub: user }) });
}

export const handler = withFreshSecrets(http(serve), {
  canary: async () => void (await signer.sign({ sub: 'canary' })),
});
