import type { PostgresServer } from '../../../../../packages/laptop/postgres/server.ts';
import { preflightPostgres } from '../../../../../pipeline/rotators/postgres/preflight.ts';
import { type newSecret, quote, startTarget } from '../fixture.ts';
import { type Major, programsOf } from '../other-servers.ts';

export type Secret = Awaited<ReturnType<typeof newSecret>>;

/** A server of this major version that may replicate; Debian's 15 runs pg_cron too. */
export async function startServer(major: Major): Promise<{ server: PostgresServer; stop: () => Promise<void> }> {
  const programs = await programsOf(major);
  const settings: Record<string, string> = { wal_level: 'logical', max_wal_senders: '5' };
  if (major === 15)
    Object.assign(settings, { shared_preload_libraries: 'pg_cron', 'cron.use_background_workers': 'on' });
  return startTarget({ settings, ...(programs && { programs }) });
}

/** Such a server for the tests of a group: it starts before the first and stops after the last. */
export function useServer(major: Major): { readonly server: PostgresServer } {
  let running: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    running = await startServer(major);
  });
  afterAll(() => running.stop());
  return {
    get server() {
      return running.server;
    },
  };
}

export const plan = async (secret: Secret) =>
  (await preflightPostgres(secret.dependencies, secret.rotation('any'), secret.state.current.payload)).findings;

export const blockingCodes = async (secret: Secret) =>
  (await plan(secret)).filter(({ blocks }) => blocks).map(({ code }) => code);

/** Statements of a superuser's in the secret's database, one after another. */
export async function bySuperuser(secret: Secret, ...statements: string[]): Promise<void> {
  for (const statement of statements) await secret.server.query(statement, [], secret.database);
}

/** `plan`, `set` and the audit refuse alike, with the statement; when a person has run it, a rotation goes through. */
export async function expectRefusedAlike(
  secret: Secret,
  code: string,
  options: { statement: RegExp; fix?: (statement: string) => string; database?: string },
): Promise<void> {
  const found = (await plan(secret)).filter((finding) => finding.code === code);
  expect(found.map(({ blocks }) => blocks)).toContain(true);
  for (const { statement } of found) expect(statement).toMatch(options.statement);
  const refusal = await secret.rotate().then(
    () => undefined,
    (error: Error) => error,
  );
  expect(refusal).toMatchObject({ code: expect.stringMatching(/^(TargetRefused|UnsafeRotation)$/) });
  for (const { text, statement } of found) {
    expect(refusal!.message).toContain(text);
    expect(refusal!.message).toContain(`Run: ${statement};`);
  }
  const { current } = secret.state;
  const audit = await secret.rotator.verify!(secret.rotation('audit'), { current });
  for (const { text } of found) expect(audit.findings.map(({ message }) => message)).toContain(text);
  const fix = options.fix ?? ((statement) => statement);
  for (const { statement } of found)
    await secret.server.query(fix(statement!), [], options.database ?? secret.database);
  expect(await blockingCodes(secret)).toEqual([]);
  await secret.rotate();
  expect(await blockingCodes(secret)).toEqual([]);
}

export const secondOf = (secret: Secret) => quote(`${secret.username}_clone`);

/** What the login in use answers. */
export async function ask<Row>(
  secret: Secret,
  statement: string,
  login = secret.state.current.payload,
): Promise<Row[]> {
  return secret.as(login, async (session) => (await session.query<Row>(statement)).rows);
}
