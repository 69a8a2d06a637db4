import { readFileSync } from 'node:fs';
import { checkServerIdentity, createSecureContext, type SecureContext } from 'node:tls';
import pg from 'pg';
import type { DatabaseAddress } from '../../contracts/payloads/postgres.ts';
import { describeDatabaseError } from './database-errors.ts';
import { preparePassword } from './scram-verifier.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** One session. */
export interface Session {
  query<Row = Record<string, unknown>>(statement: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  /** Runs `COPY … FROM STDIN` with one value as the only row: what is copied is in no log. */
  copy(statement: string, value: string): Promise<void>;
  end(): Promise<void>;
  /** The server keeps the password as an md5 hash. Missing: in another way. */
  readonly authentication?: 'md5';
}

export type Connect = (address: DatabaseAddress, login: Login) => Promise<Session>;

/** Says what a failure to connect means to the caller that connects. */
export type DescribeFault = (error: unknown, where: string, secrets: readonly string[]) => unknown;

const CONNECT_TIMEOUT_MILLISECONDS = 8_000;
const QUERY_TIMEOUT_MILLISECONDS = 40_000;

/**
 * Opens sessions with `pg`. TLS verifies the certificate against the bundle and the name against the host
 * (libpq's verify-full); it is off only where the secret says `ssl: false`, and never falls back.
 */
export function connectWith(caBundle: string, describe: DescribeFault = describeDatabaseError): Connect {
  return async (address, login) => {
    const client = new pg.Client({
      host: address.host,
      port: address.port,
      database: address.database,
      user: login.username,
      password: preparePassword(login.password),
      application_name: 'keyturn',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MILLISECONDS,
      query_timeout: QUERY_TIMEOUT_MILLISECONDS,
      // Node checks the name it was given; an address is given to no SNI, so it is said here.
      ssl: address.tls && {
        secureContext: trustOf(caBundle),
        rejectUnauthorized: true,
        checkServerIdentity: (_name, certificate) => checkServerIdentity(address.host, certificate),
      },
    });
    let authentication: Session['authentication'];
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('authenticationMD5Password', () => {
      authentication = 'md5';
    });
    // A session that breaks between two statements says so at the next one.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      const where = `${login.username} at ${address.host}:${address.port}/${address.database}`;
      throw describe(error, where, [login.password]);
    }
    return { ...session(client), ...(authentication && { authentication }) };
  };
}

const trusts = new Map<string, SecureContext>();

/** Made once for a bundle: RDS's holds 120 certificates, and parsing them for each connection took most of its time. */
function trustOf(caBundle: string): SecureContext {
  let trust = trusts.get(caBundle);
  if (!trust) {
    const ca = caBundle.includes('-----BEGIN') ? caBundle : readFileSync(caBundle, 'utf8');
    trust = createSecureContext({ ca });
    trusts.set(caBundle, trust);
  }
  return trust;
}

function session(client: pg.Client): Session {
  return {
    query: async (statement, values) => {
      const { rows } = await client.query(statement, values);
      return { rows };
    },
    copy: (statement, value) =>
      new Promise((resolve, reject) => {
        client.query(new CopyOneRow(statement, value, (error) => (error ? reject(error) : resolve())));
      }),
    end: () => client.end(),
  };
}

/** pg's own query refuses COPY … FROM STDIN; this one answers with the row. */
const Query = (pg as unknown as { Query: new (...parameters: unknown[]) => pg.Submittable }).Query;

class CopyOneRow extends Query {
  readonly #value: string;

  constructor(statement: string, value: string, callback: (error: Error | null) => void) {
    super(statement, undefined, callback);
    this.#value = value;
  }

  handleCopyInResponse(connection: { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void }): void {
    connection.sendCopyFromChunk(Buffer.from(`${this.#value}\n`, 'utf8'));
    connection.endCopyFrom();
  }
}
