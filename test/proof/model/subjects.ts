import { isDeepStrictEqual } from 'node:util';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import createBedrockService from '../../../packages/laptop/services/bedrock/service.ts';
import { databaseAddress, type PostgresPayload } from '../../../pipeline/contracts/payloads/postgres.ts';
import { connectWith } from '../../../pipeline/rotators/postgres/connect.ts';
import { LoginRefused } from '../../../pipeline/rotators/postgres/database-errors.ts';
import { bedrockSubject, vendorSubject } from '../../pipeline/rotators/api-key/subjects.ts';
import type { Laptop, Managed } from '../../pipeline/rotators/native-rotation.ts';
import { ADMINISTRATOR, quote } from '../../pipeline/rotators/postgres/fixture.ts';
import { type DatabaseLaptop, manageDatabaseSecret, openDatabaseLaptop } from '../crash/database-secret.ts';
import { GRACE_SECONDS } from './actions.ts';

/** A secret that a schedule befalls. */
export interface Subject {
  readonly kind: 'api-key' | 'postgres';
  readonly secret: Managed;
  /** Whether the target lets this value in now. */
  works(value: string): boolean | Promise<boolean>;
  /** What a person writes over it; answers the version. */
  putByHand(): Promise<string>;
  close(): Promise<void>;
}

const DATABASE = 'schedules';
const options = { secret: { gracePeriodSeconds: GRACE_SECONDS } };

/** The laptop of all schedules: Secrets Manager, Bedrock, a vendor and a PostgreSQL. */
export async function openWorld(): Promise<World> {
  const database = await openDatabaseLaptop([createBedrockService]);
  await database.server.createDatabase(DATABASE, { owner: ADMINISTRATOR.user });
  const superuser = new pg.Client({ ...database.server.superuser, database: DATABASE });
  await superuser.connect();
  const close = async () => {
    await superuser.end();
    await database.close();
  };
  return { ...database, superuser, close };
}

export interface World extends DatabaseLaptop {
  readonly superuser: pg.Client;
}

/** A person changes what stands beside the credential. */
async function putNote({ clock, secrets }: Laptop, secret: Managed): Promise<string> {
  const value = { ...JSON.parse(secret.value()), note: String(clock.now().getTime()) };
  const answer = await secrets.send(
    new PutSecretValueCommand({ SecretId: secret.arn, SecretString: JSON.stringify(value) }),
  );
  return answer.VersionId as string;
}

/** A vendor's key, over which people write keys that they have made themselves. */
async function vendorKey({ laptop }: World): Promise<Subject> {
  const subject = await vendorSubject(laptop, options);
  const putByHand = async () => {
    const made = subject.vendor.make('made by hand');
    return subject.secret.put(JSON.stringify({ api_key: made.key, api_key_id: made.id, region: 'eu' }));
  };
  return { ...subject, kind: 'api-key', putByHand };
}

/** An AWS key, which allows two. */
async function bedrockKey({ laptop }: World): Promise<Subject> {
  const subject = await bedrockSubject(laptop, options);
  return { ...subject, kind: 'api-key', putByHand: () => putNote(laptop, subject.secret) };
}

/** Two logins in turn. */
async function login(world: World): Promise<Subject> {
  const { laptop, server, superuser } = world;
  const subject = await manageDatabaseSecret(world, 'alternating-users', {
    database: DATABASE,
    secret: options.secret,
  });
  const connect = connectWith(server.caPem);
  const isLetIn = async (payload: PostgresPayload): Promise<boolean> => {
    try {
      await (await connect(databaseAddress(payload), payload)).end();
      return true;
    } catch (error) {
      if (error instanceof LoginRefused) return false;
      throw error;
    }
  };
  // Every value logs in for real, once for each state of its role: what the role has not changed is not asked for again.
  const known = new Map<string, { role: unknown; isLetIn: boolean }>();
  const works = async (value: string) => {
    const payload = JSON.parse(value) as PostgresPayload;
    const { rows } = await superuser.query('SELECT * FROM pg_authid WHERE rolname = $1', [payload.username]);
    const before = known.get(payload.username + payload.password);
    if (before && isDeepStrictEqual(before.role, rows[0])) return before.isLetIn;
    const found = { role: rows[0], isLetIn: await isLetIn(payload) };
    known.set(payload.username + payload.password, found);
    return found.isLetIn;
  };
  const close = async () => {
    for (const { login: name } of await subject.logins()) {
      await superuser.query(`DROP OWNED BY ${quote(name)}`);
      await superuser.query(`DROP ROLE ${quote(name)}`);
    }
  };
  const { secret } = subject;
  return { kind: 'postgres', secret, works, putByHand: () => putNote(laptop, secret), close };
}

const make = { 'a key of a vendor': vendorKey, 'a key of AWS': bedrockKey, 'a login': login };
export type SubjectName = keyof typeof make;

/** Which two secrets a schedule has. */
export const pairs = [
  ['a key of a vendor', 'a key of AWS'],
  ['a key of a vendor', 'a login'],
  ['a login', 'a key of AWS'],
] as const satisfies SubjectName[][];

export const openSubject = (world: World, name: SubjectName): Promise<Subject> => make[name](world);

export async function openSubjects(world: World, names: readonly SubjectName[]): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const name of names) subjects.push(await openSubject(world, name));
  return subjects;
}
