import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { getParameter } from '@aws-lambda-powertools/parameters/ssm';
import { healthCheck, installForPowertools, withFreshSecrets } from '@keyturn/consumer';
import { database } from './app/database.ts';
import { http, json, type Response } from './app/http.ts';

// Powertools' own getSecret() reads through the provider that Keyturn's events invalidate.
installForPowertools();

/** What the service is connected to, and which versions this environment holds. Names and ids, no values. */
async function serve(): Promise<Response> {
  const { rows } = await database.query<{ login: string; role: string }>(
    'SELECT session_user AS login, current_user AS role',
  );
  const banner = await getParameter(process.env.BANNER_PARAMETER ?? '', { maxAge: 30 });
  const features = await getSecret<{ chat?: boolean }>(process.env.FEATURES_SECRET_ARN ?? '', {
    maxAge: 30,
    transform: 'json',
  });
  return json(200, { database: rows[0], banner, features: { chat: features?.chat }, secrets: healthCheck() });
}

export const handler = withFreshSecrets(http(serve));
