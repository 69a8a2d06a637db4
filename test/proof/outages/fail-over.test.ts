import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { sleep, systemClock } from '../../../packages/laptop/clock.ts';
import type { RdsService } from '../../../packages/laptop/services/rds/service.ts';
import type { Execution } from '../../../packages/laptop/services/states/state.ts';
import { eventually } from '../../eventually.ts';
import { byExtent } from '../../extent.ts';
import { type FailOverServer, startFailOverServer } from '../../pipeline/rotators/postgres/fail-over-server.ts';
import { type Login, SUPERUSER_SECRET, synthesize } from './fail-over-stack.ts';
import { LeapingClock } from './leaping-clock.ts';
import type { MachineState } from './machine-states.ts';
import { Stage } from './stage.ts';

const FAIL_OVER_SECONDS = 60;
const isLong = byExtent({ short: false, wide: false, long: true });

/** Where each login is when the server fails over: no function is answered for it any more until the standby is there. */
const held: Readonly<Record<string, MachineState>> = {
  'fail-over/set': 'rotate-secret RotateSecret',
  'fail-over/set-single': 'rotate-secret RotateSecret',
  'fail-over/check': 'rotate-secret RunChecks',
  'fail-over/roll-back': 'rotate-secret RollBack',
  'fail-over/retire': 'retire-credential Retire',
};
const logins = Object.keys(held).map(
  (name): Login => ({
    name,
    username: name.replace('fail-over/', 'app_').replaceAll('-', '_'),
    strategy: name.endsWith('single') ? 'single-user' : 'alternating-users',
  }),
);

let folder: string;
let server: FailOverServer;
let stage: Stage;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-fail-over-'));
  server = await startFailOverServer();
  await server.createDatabase('app');
  synthesize(folder, { host: server.host, port: server.port }, logins);
  const names = logins.map(({ name }) => name);
  stage = await Stage.open(folder, [...names].sort().reverse(), isLong ? systemClock : new LeapingClock());
  // The server's own authority, beside the one of the laptop's databases.
  appendFileSync(stage.cloud.service<RdsService>('rds').caBundlePath, `\n${server.caPem}`);
  const superuser = readValue(SUPERUSER_SECRET);
  await server.createAdministrator({ user: superuser.username, password: superuser.password });
  for (const name of names) {
    await eventually(
      `the end of the trial of ${name}`,
      () => stage.label(name, 'AWSPENDING') === undefined || undefined,
    );
    await stage.atRest(name);
    const { username, password } = readValue(name);
    await asAdministrator(`CREATE ROLE ${username} LOGIN`);
    await server.setPassword(username, password);
    await server.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${username}`, [], 'app');
  }
  stage.go();
}, 240_000);
afterAll(async () => {
  await stage?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Value {
  username: string;
  password: string;
}

const readValue = (name: string): Value => JSON.parse(stage.secretsManager.read(stage.cloud.region, name) ?? '{}');

async function logIn({ username: user, password }: Value, statement = 'SELECT 1'): Promise<void> {
  const { host, port, caPem: ca } = server;
  const client = new pg.Client({ host, port, database: 'app', user, password, ssl: { ca } });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

const asAdministrator = (statement: string) => logIn(readValue(SUPERUSER_SECRET), statement);

/** Logs in with AWSCURRENT again and again. A server that is not there for a moment has not refused it. */
function watch(name: string) {
  const seen = { logins: 0, away: 0, refusals: [] as string[] };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const value = readValue(name);
      const failure = await logIn(value).then(
        () => undefined,
        (error: Error & { code?: string }) => error,
      );
      const hasMoved = value.password !== readValue(name).password;
      if (!failure) seen.logins += 1;
      else if (!['28P01', '28000'].includes(failure.code ?? '')) seen.away += 1;
      else if (!hasMoved) seen.refusals.push(`${name} as ${value.username}: ${failure.message}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return async () => {
    isOver = true;
    await watching;
    return seen;
  };
}

/** Nothing is invoked about the secret from the moment on in which it enters its state. */
function holdAt(name: string): Promise<void> {
  return new Promise((resolve) => {
    stage.listen(name, (state) => {
      if (state !== held[name]) return;
      stage.cloud.faults.add({
        id: name,
        kind: 'error',
        service: 'lambda',
        mentions: `${name}-`,
        rate: 1,
        httpStatus: 500,
      });
      resolve();
    });
  });
}

/** What Tasks of an execution failed with. */
const failures = ({ history }: Execution) =>
  history.flatMap(({ taskFailedEventDetails: details }) => {
    const { error = '', cause = '' } = (details ?? {}) as { error?: string; cause?: string };
    return error ? [`${error} ${cause}`] : [];
  });
const failuresOf = (name: string) => stage.executions(name).flatMap(failures).join('\n');
/** What the logins' rotations came to, and what was seen of each meanwhile. */
interface Outcome {
  readonly ends: Readonly<Record<string, string>>;
  readonly seen: Readonly<Record<string, { logins: number; away: number; refusals: string[] }>>;
  /** When the server could be written again, as the cloud dates it. */
  readonly promotedAt: Date;
  readonly first: Readonly<Record<string, string | undefined>>;
  /** Of Tasks, until then; and which version was AWSCURRENT then. */
  readonly failures: Readonly<Record<string, string>>;
  readonly current: Readonly<Record<string, string | undefined>>;
}

const ofEach = <Found>(find: (name: string) => Found) =>
  Object.fromEntries(logins.map(({ name }) => [name, find(name)] as const));

async function failOver(): Promise<Outcome> {
  const first = ofEach((name) => stage.label(name, 'AWSCURRENT'));
  const watches = ofEach(watch);
  stage.secret('fail-over/roll-back').tags = [{ Key: 'gate', Value: `open-for:${first['fail-over/roll-back']}` }];
  const rotations: Record<string, Promise<Execution>> = {};
  const arrive = (names: string[]) =>
    Promise.all(
      names.map((name) => {
        const arrival = holdAt(name);
        rotations[name] = stage.run('rotate-secret', { secretId: name });
        return arrival;
      }),
    );
  // Secrets Manager's own attempts end after half a minute: those that set come last.
  await arrive(logins.map(({ name }) => name).filter((name) => !name.includes('set')));
  await arrive(logins.map(({ name }) => name).filter((name) => name.includes('set')));
  await server.demote();
  for (const { name } of logins) stage.cloud.faults.remove(name);
  await sleep(stage.cloud.clock, FAIL_OVER_SECONDS * 1_000);
  const promotedAt = stage.cloud.clock.now();
  const failures = ofEach(failuresOf);
  const current = ofEach((name) => stage.label(name, 'AWSCURRENT'));
  await server.promote();
  const ends: Record<string, string> = {};
  const seen: Record<string, Outcome['seen'][string]> = {};
  for (const { name } of logins) {
    const { error, status } = (await rotations[name]) as Execution;
    ends[name] = error ?? status;
    await stage.atRest(name);
  }
  for (const { name } of logins) seen[name] = await (watches[name] as ReturnType<typeof watch>)();
  return { ends, seen, promotedAt, first, failures, current };
}

let outcome: Outcome;
test(`AWSCURRENT works throughout while set, check, roll-back and retirement meet ${FAIL_OVER_SECONDS} seconds of a server in recovery`, async () => {
  outcome = await failOver();
  const { seen } = outcome;
  console.info(
    Object.entries(seen)
      .map(([name, { logins, away }]) => `${name}: ${logins} logins, ${away} while the server started, none refused`)
      .join('\n'),
  );
  expect(Object.values(seen).flatMap(({ refusals }) => refusals)).toEqual([]);
  for (const { logins } of Object.values(seen)) expect(logins).toBeGreaterThan(10);
}, 600_000);

test('each of them was tried while the server could not be written, and none of them ended then', async () => {
  const { failures, current, first, promotedAt } = outcome;
  expect(failures['fail-over/check']).toContain('ReadOnlyReplica');
  expect(failures['fail-over/roll-back']).toContain('TargetUnavailable');
  expect(failures['fail-over/retire']).toContain('TargetUnavailable');
  for (const name of ['fail-over/set', 'fail-over/set-single']) {
    const failed = (await stage.story(name)).filter(({ type }) => type === 'Rotation Step Failed');
    expect(failed.map(({ detail: { step, code } }) => `${step} ${code}`)).toContain('setSecret TargetUnavailable');
    expect(current[name]).toBe(first[name]);
  }
  for (const { name } of logins) {
    const last = Math.max(...stage.executions(name).map(({ stoppedAt }) => stoppedAt?.getTime() ?? 0));
    expect(last).toBeGreaterThan(promotedAt.getTime());
  }
});

test('all end by themselves as without it: only the check that fails about the credential rolls back', async () => {
  const { ends, first } = outcome;
  expect(ends).toEqual({ ...ofEach(() => 'SUCCEEDED'), 'fail-over/roll-back': 'RotationRolledBack' });
  for (const { name } of logins) {
    const isRolledBack = name === 'fail-over/roll-back';
    const story = (await stage.story(name)).map(({ type }) => type);
    expect(story.includes('Rotation Rolled Back')).toBe(isRolledBack);
    expect(story).toContain('Credential Retired');
    expect(stage.label(name, 'AWSCURRENT') === first[name]).toBe(isRolledBack);
    expect(stage.label(name, 'KEYTURN_IN_FLIGHT')).toBeUndefined();
    await logIn(readValue(name), 'CREATE TEMPORARY TABLE proof (n int)');
  }
});
