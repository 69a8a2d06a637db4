import { TokenRefusedError } from '@keyturn/consumer';
import { JwtVerifier } from '@keyturn/consumer/jwt';
import { HttpError, type Request } from './http.ts';

const verifier = new JwtVerifier({ secretId: process.env.JWT_SECRET_ARN ?? '' });

/** Whose request it is, by the token that /login issued. @throws HttpError 401 */
export async function authenticate(request: Request): Promise<string> {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!token) throw new HttpError(401, 'Send the token of /login: authorization: Bearer <token>.');
  try {
    const { claims } = await verifier.verify(token);
    if (claims.sub) return claims.sub;
  } catch (error) {
    if (!(error instanceof TokenRefusedError)) throw error;
  }
  throw new HttpError(401, 'The token is not valid, or not any more.');
}
