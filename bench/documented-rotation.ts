import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type pg from 'pg';

export interface Login {
  readonly username: string;
  readonly password: string;
}

interface Step {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

export interface DocumentedRotation {
  readonly secrets: SecretsManagerClient;
  connect(login: Login): Promise<pg.Client>;
  /** Given: two logins in turn, written by this superuser. Missing: the one login writes its own password. */
  readonly superuserArn?: string;
}

const NOT_FOUND = 'ResourceNotFoundException';
const REFUSED = /^28/;

/**
 * The four steps as AWS documents them for PostgreSQL, written anew, with the calls in the order and number in which AWS's
 * own functions make them: five DescribeSecret, six GetSecretValue, and GetRandomPassword, PutSecretValue and
 * UpdateSecretVersionStage once each.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-two-users.html
 */
export function documentedRotation(world: DocumentedRotation): (event: unknown) => Promise<void> {
  const { secrets, connect } = world;
  const steps: Record<string, (step: Step) => Promise<unknown>> = {
    createSecret: (step) => createSecret(world, step),
    setSecret: (step) => setSecret(world, step),
    testSecret: async ({ SecretId, ClientRequestToken }) => {
      const client = await connect(await read(secrets, SecretId, 'AWSPENDING', ClientRequestToken));
      await client.query('SELECT NOW()').finally(() => client.end());
    },
    finishSecret: async ({ SecretId, ClientRequestToken }) => {
      const { VersionIdsToStages = {} } = await secrets.send(new DescribeSecretCommand({ SecretId }));
      const [from] = Object.entries(VersionIdsToStages).find(([, labels]) => labels.includes('AWSCURRENT')) ?? [];
      const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: ClientRequestToken };
      return secrets.send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: from }));
    },
  };
  return async (event) => {
    const step = event as Step;
    await secrets.send(new DescribeSecretCommand({ SecretId: step.SecretId }));
    await steps[step.Step]?.(step);
  };
}

async function createSecret({ secrets, superuserArn }: DocumentedRotation, step: Step): Promise<void> {
  const { SecretId, ClientRequestToken } = step;
  const current = await read(secrets, SecretId, 'AWSCURRENT');
  if (await readIfThere(secrets, SecretId, 'AWSPENDING', ClientRequestToken)) return;
  const { RandomPassword = '' } = await secrets.send(
    new GetRandomPasswordCommand({ ExcludeCharacters: ':/@"\'\\', ExcludePunctuation: true }),
  );
  const username = superuserArn ? alternate(current.username) : current.username;
  const SecretString = JSON.stringify({ ...current, username, password: RandomPassword });
  await secrets.send(
    new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString, VersionStages: ['AWSPENDING'] }),
  );
}

async function setSecret(world: DocumentedRotation, { SecretId, ClientRequestToken }: Step): Promise<void> {
  const { secrets, connect, superuserArn } = world;
  // AWS's single-user function reads the previous value too, to log in by it where the current one fails.
  if (!superuserArn) await readIfThere(secrets, SecretId, 'AWSPREVIOUS');
  const current = await read(secrets, SecretId, 'AWSCURRENT');
  const pending = await read(secrets, SecretId, 'AWSPENDING', ClientRequestToken);
  const already = await connectIfAllowed(world, pending);
  if (already) return already.end();
  const own = await connect(current);
  if (!superuserArn) {
    await own.query(`ALTER USER ${pending.username} WITH PASSWORD '${pending.password}'`).finally(() => own.end());
    return;
  }
  await own.end();
  const superuser = await connect(await read(secrets, superuserArn, 'AWSCURRENT'));
  try {
    const { rowCount } = await superuser.query('SELECT FROM pg_roles WHERE rolname = $1', [pending.username]);
    if (rowCount === 0) {
      await superuser.query(`CREATE USER ${pending.username} WITH PASSWORD '${pending.password}'`);
      await superuser.query(`GRANT ${current.username} TO ${pending.username}`);
    } else await superuser.query(`ALTER USER ${pending.username} WITH PASSWORD '${pending.password}'`);
  } finally {
    await superuser.end();
  }
}

/** AWS's names for the two logins. */
function alternate(username: string): string {
  return username.endsWith('_clone') ? username.slice(0, -'_clone'.length) : `${username}_clone`;
}

async function read(
  secrets: SecretsManagerClient,
  SecretId: string,
  VersionStage: string,
  VersionId?: string,
): Promise<Login> {
  const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage, VersionId }));
  return JSON.parse(SecretString);
}

async function readIfThere(...args: Parameters<typeof read>): Promise<Login | undefined> {
  try {
    return await read(...args);
  } catch (error) {
    if ((error as Error).name === NOT_FOUND) return undefined;
    throw error;
  }
}

/** AWS's functions try the new password before they set it: a refusal is what they expect. */
async function connectIfAllowed({ connect }: DocumentedRotation, login: Login): Promise<pg.Client | undefined> {
  try {
    return await connect(login);
  } catch (error) {
    if (REFUSED.test((error as { code?: string }).code ?? '')) return undefined;
    throw error;
  }
}
