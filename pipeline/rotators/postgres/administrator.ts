import { DescribeSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { isSameSecret } from '@keyturn/consumer/contracts/same-secret';
import {
  type DatabaseAddress,
  databaseAddress,
  type PostgresPayload,
  SuperuserPayload,
} from '../../contracts/payloads/postgres.ts';
import type { PostgresSettings } from '../../contracts/settings/postgres.ts';
import { PayloadInvalid, UnsafeRotation } from '../errors.ts';
import { parsePayload } from '../parse-payload.ts';
import type { Rotation } from '../rotator.ts';
import type { Login, Session } from './connect.ts';
import { LoginRefused } from './database-errors.ts';
import { addressOfManagedDatabase, isReaderOf } from './database-host.ts';
import type { Tools } from './dependencies.ts';
import { withKeyNamed } from './secondary-key.ts';

export interface Administrator {
  readonly username: string;
  readonly address: DatabaseAddress;
  /** For a replica of the database, which knows the same logins. */
  readonly login: Login;
  readonly session: Session;
}

/**
 * Logs in as the superuser that the settings or the payload name, at the payload's database. An RDS-managed secret may
 * have been rotated since it was read: then it is read once more.
 * @throws UnsafeRotation where its host is neither the payload's nor one that the payload's replicates from
 */
export async function openAdministrator(
  tools: Tools,
  rotation: Pick<Rotation<PostgresSettings>, 'secretName' | 'settings'>,
  payload: PostgresPayload,
  database = databaseAddress(payload).database,
): Promise<Administrator> {
  return (await chooseAdministrator(tools, rotation, payload, database)).open();
}

/** The same without logging in yet: a superuser secret of another host is refused before a connection is made. */
export async function chooseAdministrator(
  tools: Tools,
  rotation: Pick<Rotation<PostgresSettings>, 'secretName' | 'settings'>,
  payload: PostgresPayload,
  database = databaseAddress(payload).database,
): Promise<{ open(): Promise<Administrator> }> {
  const arn = superuserSecretArn(rotation, payload);
  const superuser = await readSuperuser(tools, arn);
  const address = { ...(await superuserAddress(tools, arn, superuser, payload)), database };
  await refuseOtherHost(tools, rotation, address, payload);
  return { open: () => openAs(tools, rotation, { arn, superuser, address }) };
}

/** An RDS-managed secret may have been rotated since it was read: then it is read once more. */
async function openAs(
  tools: Tools,
  rotation: Pick<Rotation<PostgresSettings>, 'secretName'>,
  { arn, superuser, address }: { arn: string; superuser: SuperuserPayload; address: DatabaseAddress },
): Promise<Administrator> {
  const open = async (login: SuperuserPayload) => ({
    username: login.username,
    address,
    login,
    session: await actAsSelf(await tools.connect(address, login)),
  });
  try {
    return await open(superuser);
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    const again = await readSuperuser(tools, arn);
    if (!isSameSecret(again.password, superuser.password)) return open(again);
    throw new LoginRefused(`${arn}: superuser secret of ${rotation.secretName}: ${error.message}`);
  }
}

/** `ALTER ROLE administrator SET role …` would have it act, and be judged, as another role. */
async function actAsSelf(session: Session): Promise<Session> {
  try {
    await session.query('SET ROLE NONE');
    return session;
  } catch (error) {
    await session.end();
    throw error;
  }
}

function superuserSecretArn(
  rotation: Pick<Rotation<PostgresSettings>, 'secretName' | 'settings'>,
  payload: PostgresPayload,
): string {
  const arn = rotation.settings.superuserSecretArn ?? payload.masterarn;
  if (arn) return arn;
  throw new UnsafeRotation(
    `${rotation.secretName}: alternating users need an administrator. Name its secret: "superuserSecret" in the manifest, or "masterarn" in the secret.`,
  );
}

async function readSuperuser(tools: Tools, arn: string): Promise<SuperuserPayload> {
  const { SecretString } = await withKeyNamed(arn, '"superuserSecretKmsKeyArn"', () =>
    tools.secretsManager.send(new GetSecretValueCommand({ SecretId: arn })),
  );
  if (SecretString === undefined) throw new PayloadInvalid(`${arn}: expected JSON, came a binary value.`);
  return parsePayload(arn, SuperuserPayload, SecretString);
}

/** 1. The secret says where. 2. RDS manages the secret: its tags name the database, and RDS says where that is. */
async function superuserAddress(
  tools: Tools,
  arn: string,
  superuser: SuperuserPayload,
  payload: PostgresPayload,
): Promise<DatabaseAddress> {
  const ssl = superuser.ssl ?? payload.ssl;
  if (superuser.host !== undefined) return databaseAddress({ ...superuser, host: superuser.host, ssl });
  const { Tags = [] } = await tools.secretsManager.send(new DescribeSecretCommand({ SecretId: arn }));
  return databaseAddress({ ...(await addressOfManagedDatabase(tools.rds(), arn, Tags)), ssl });
}

/** AWS's guard against a confused deputy: an administrator acts on the payload's own database only. */
async function refuseOtherHost(
  tools: Tools,
  { secretName, settings }: Pick<Rotation<PostgresSettings>, 'secretName' | 'settings'>,
  superuser: DatabaseAddress,
  payload: PostgresPayload,
): Promise<void> {
  const target = databaseAddress(payload);
  const names = [superuser.host, ...settings.hostAliases];
  if (names.includes(target.host) && superuser.port === target.port) return;
  // Consumers' host may be the proxy's endpoint, which the manifest names beside the superuser secret.
  if (settings.proxy?.endpoint === target.host) return;
  const isReader = superuser.host !== target.host && (await askForReader(tools, target.host, superuser.host));
  if (isReader === true) return;
  const unknown =
    isReader === 'unknown'
      ? ' (if it is one: RDS could not be asked, allow rds:DescribeDBInstances and rds:DescribeDBClusters)'
      : '';
  throw new UnsafeRotation(
    `${secretName}: host is ${target.host}:${target.port}, but the superuser secret is for ${superuser.host}:${superuser.port}, of which it is no replica or reader${unknown}. ` +
      `Name the superuser secret of the same database; or, if ${target.host} is another name of it (a CNAME), write "hostAliases": ["${target.host}"] in the manifest.`,
  );
}

/** Most rotation functions never meet a replica, and are not allowed to ask RDS. */
async function askForReader(tools: Tools, reader: string, writer: string): Promise<boolean | 'unknown'> {
  try {
    return await isReaderOf(tools.rds(), reader, writer);
  } catch (error) {
    if (error instanceof Error && /^AccessDenied/.test(error.name)) return 'unknown';
    throw error;
  }
}
