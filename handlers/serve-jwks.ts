import { Logger } from '@aws-lambda-powertools/logger';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { StoredJwtPayload } from '@keyturn/consumer/contracts/jwt';
import * as v from 'valibot';
import { parse } from '../pipeline/contracts/parse.ts';
import { createJwksServer, HttpRequest, type HttpResponse } from '../pipeline/rotators/jwt/serve-jwks.ts';
import { parsePayload } from '../pipeline/rotators/parse-payload.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({
  KEYTURN_JWT_SECRET_ARN: environmentText,
  KEYTURN_JWKS_MAX_AGE_SECONDS: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,6}$/, 'a number of seconds'), v.transform(Number)),
    '300',
  ),
});
const secretArn = environment.KEYTURN_JWT_SECRET_ARN;
const client = new SecretsManagerClient({});
const logger = new Logger({ serviceName: 'keyturn' });

const serve = createJwksServer({
  read: async () => {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
    return parsePayload(secretArn, StoredJwtPayload, answer.SecretString ?? '');
  },
  secretName: secretArn,
  now: () => new Date(),
  maxAgeSeconds: environment.KEYTURN_JWKS_MAX_AGE_SECONDS,
  warn: (message, error) => logger.warn(message, { error: error instanceof Error ? error.name : 'unknown' }),
});

/** The key set behind a function URL or an HTTP API (payload format 2.0): public, without authorisation. */
export async function handler(event: unknown): Promise<HttpResponse> {
  return serve(parse('The HTTP request', HttpRequest, event));
}
