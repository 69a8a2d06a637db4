import { RotatingSecretsProvider, withFreshSecrets } from '../../../packages/consumer/index.ts';
import { RotatingPool } from '../../../packages/consumer/pool.ts';

const environmentId = Math.random().toString(36).slice(2);
const secretId = process.env.SECRET_ID ?? '';
const provider = new RotatingSecretsProvider({ maxAgeSeconds: Number(process.env.MAX_AGE_SECONDS) });
const pool = new RotatingPool({ secretId, provider, max: 1, application_name: 'pool' });

/** Says as whom it works, and what it holds. */
export const handler = withFreshSecrets(
  async () => {
    const { rows } = await pool.query('SELECT session_user AS user');
    return {
      environmentId,
      user: rows[0].user,
      held: provider.held()[0]?.versionId,
      statistics: provider.statistics(),
    };
  },
  {
    canary: async () => void (await pool.query('SELECT 1')),
    requireClientContext: process.env.REQUIRE_CLIENT_CONTEXT === 'true',
  },
);
