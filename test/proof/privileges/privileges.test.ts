import { randomUUID } from 'node:crypto';
import { InvokeCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { DescribeSecretCommand, PutSecretValueCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import type { LambdaService } from '../../../packages/laptop/services/lambda/service.ts';
import { eventually } from '../../eventually.ts';
import { byExtent } from '../../extent.ts';
import { askLocal } from '../../laptop-requests.ts';
import { Laptop } from '../../scenarios/lab/laptop.ts';
import { type Grant, grantsOf, takeAway, unusedGrants } from './grants.ts';

const DATABASE_SECRETS = ['lab/alternating', 'lab/single', 'lab/proxied'];

let laptop: Laptop;
beforeAll(async () => {
  laptop = await Laptop.start();
  for (const secretId of DATABASE_SECRETS) await laptop.createLogin(secretId);
}, 180_000);
afterAll(() => laptop?.close());

async function invoke(logicalId: string, payload: unknown): Promise<unknown> {
  const { Functions = [] } = await laptop.lambda.send(new ListFunctionsCommand({}));
  const found = Functions.find(({ FunctionName = '' }) => FunctionName.includes(logicalId));
  if (!found) throw new Error(`No function is named after ${logicalId}.`);
  const answer = await laptop.lambda.send(
    new InvokeCommand({ FunctionName: found.FunctionName, Payload: new TextEncoder().encode(JSON.stringify(payload)) }),
  );
  const text = new TextDecoder().decode(answer.Payload);
  if (answer.FunctionError) throw new Error(`${logicalId}: ${text}`);
  return JSON.parse(text);
}

/** The audit's schedule, as when it is due. */
async function fireAudit(): Promise<void> {
  const { endpointUrl: endpoint, region, administrator: credentials } = laptop.cloud;
  const scheduler = new SchedulerClient({ endpoint, region, credentials });
  const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
  const schedule = Schedules.find(({ Target }) => Target?.Arn?.includes('KeyturnAudit'));
  const answer = await askLocal(laptop.cloud, `/_local/schedules/${schedule?.Name}/fire`, { method: 'POST' });
  expect(answer.ok).toBe(true);
  await eventually(
    'the scheduled audit',
    () =>
      laptop.cloud.recorder
        .accesses()
        .some(
          ({ identity, action }) => identity.includes('KeyturnAuditScheduleRole') && action === 'lambda:InvokeFunction',
        ) || undefined,
  );
  scheduler.destroy();
}

async function rotateToTheEnd(secretId: string): Promise<void> {
  await laptop.rest(secretId);
  expect(await laptop.executions.rotate(secretId)).toMatchObject({ status: 'SUCCEEDED' });
  await laptop.rest(secretId);
}

/** What people and schedules do with a pipeline. */
async function everything(): Promise<void> {
  const secretId = 'lab/alternating';
  // An audit that finds candidates of another tool, and a login that somebody has disabled.
  for (const each of DATABASE_SECRETS) await laptop.leavePending(each);
  const { username } = await laptop.value(secretId);
  const administrator = await laptop.value('lab/superuser');
  await laptop.query(administrator, `ALTER ROLE "${username}" NOLOGIN`);
  await invoke('KeyturnAudit', {});
  await laptop.query(administrator, `ALTER ROLE "${username}" LOGIN`);
  for (const each of DATABASE_SECRETS) {
    expect(await laptop.executions.rotate(each, { force: true })).toMatchObject({ status: 'SUCCEEDED' });
  }
  for (const each of [...DATABASE_SECRETS, 'lab/superuser']) await rotateToTheEnd(each);
  // A check that fails rolls back: every strategy.
  for (const each of [...DATABASE_SECRETS, 'lab/superuser']) {
    const { AWSCURRENT } = await laptop.labels(each);
    await laptop.gate(each, `open-for:${AWSCURRENT}`);
    expect(await laptop.executions.rotate(each)).toMatchObject({ error: 'RotationRolledBack' });
    await laptop.gate(each, 'open');
    await laptop.rest(each);
  }
  // Secrets Manager's own rotation, given to the workflow.
  const { VersionId = '' } = await laptop.secrets.send(new RotateSecretCommand({ SecretId: secretId }));
  await laptop.executions.ofVersion('rotate-secret', VersionId);
  await laptop.rest(secretId);
  // What is retired before the next.
  expect(await laptop.executions.rotate(secretId)).toMatchObject({ status: 'SUCCEEDED' });
  expect(await laptop.executions.rotate(secretId, { retireNow: true })).toMatchObject({ status: 'SUCCEEDED' });
  await laptop.rest(secretId);
  const value = await laptop.value(secretId);
  const { VersionId: byHand = '' } = await laptop.secrets.send(
    new PutSecretValueCommand({ SecretId: secretId, SecretString: JSON.stringify({ ...value, note: 'by hand' }) }),
  );
  await laptop.executions.ofVersion('rotate-secret', byHand);
  expect(await laptop.executions.rotate(secretId, { operation: 'check' })).toMatchObject({ status: 'SUCCEEDED' });
  const { AWSCURRENT: before } = await laptop.labels(secretId);
  await laptop.fireSchedule('app');
  await eventually('the scheduled rotation', async () =>
    (await laptop.labels(secretId)).AWSCURRENT === before ? undefined : true,
  );
  await laptop.rest(secretId);
  for (const input of [{ group: 'lab' }, { tag: { key: 'nobody' } }])
    await laptop.executions.run('rotate-fleet', input);
  for (const each of DATABASE_SECRETS) await laptop.rest(each);
  await fireAudit();
  await invoke('KeyturnDashboardWidget', {});
  const { ARN: secretArn } = await laptop.secrets.send(new DescribeSecretCommand({ SecretId: secretId }));
  await invoke('KeyturnDashboardPressButton', {
    operation: 'check',
    secretArn,
    secretName: secretId,
    press: randomUUID(),
  });
}

/** What a scenario on this template cannot use, each with its reason. */
const reasons: { grant: RegExp; reason: string }[] = [
  {
    grant:
      /(AwaitConvergence|PropagateSecret)Role (?!logs|xray)|RotateSecretRole states:(StartExecution|DescribeExecution) .*propagate-secret/,
    reason: 'no secret of the lab has consumers or mirrors: test/scenarios/convergence.test.ts has a pipeline that has',
  },
  {
    grant: /RetireCredentialRole (states:StartExecution .*rotate-secret|lambda:InvokeFunction .*Gate)/,
    reason:
      'a check without a verdict is asked again before a retirement, and may start a roll-back: test/statemachines',
  },
  {
    grant: /ReportRole dynamodb:Query /,
    reason: 'only a rotation that failed looks back for its last failed step: test/handlers/report.test.ts',
  },
  { grant: / (logs|xray|ec2):/, reason: 'log groups, traces and network interfaces are the platform’s own affair' },
  {
    grant: / events:(DescribeRule|PutRule|PutTargets) .*StepFunctionsGetEventsForStepFunctionsExecutionRule$/,
    reason: 'AWS makes this rule for nested executions that are waited for; the laptop tells their ends without it',
  },
  {
    grant: / states:StopExecution /,
    reason: 'AWS stops a nested execution when the one that waits for it is stopped; nobody stops one here',
  },
  {
    grant:
      /(PropagateSecretRole|AuditRole) lambda:InvokeFunction .*-Keyturn(MirrorSecret|CompareMirror|RecycleConsumer)Function/,
    reason: 'secrets of the lab have no mirrors and no consumers: consumers-converge and doctor-repairs look at theirs',
  },
  {
    grant: /RetireCredentialRole states:(StartExecution|DescribeExecution) .*keyturn-propagate-secret/,
    reason: 'only a mirror that is behind is brought along once more: doctor-repairs has one',
  },
  {
    grant: /VerifypostgresRole rds:Describe/,
    reason:
      'where RDS manages the superuser’s secret, the address of the database comes from RDS: the lab’s secret has it',
  },
  {
    grant: /AuditScheduleRole sqs:SendMessage /,
    reason: 'the dead-letter queue of a schedule whose target was always there',
  },
  {
    grant: /(Report|ProjectHistory|NotifyPerson|Audit)Role sqs:SendMessage /,
    reason:
      'dead letters of functions that handle all that they are given here: test/proof/outages/lost-events.test.ts',
  },
  {
    grant: /ReportRole states:DescribeExecution .*(await-convergence|retire-credential)/,
    reason: 'an execution that failed is asked why, and of these two none fails here: test/proof/outages has some',
  },
];

test('every grant of Keyturn’s roles is used by a scenario, or its reason is written down', async () => {
  await everything();
  const grants = grantsOf(laptop.cloud);
  const unused = unusedGrants(grants, laptop.cloud.recorder.accesses()).map(
    ({ role, action, resource }) => `${role} ${action} ${resource}`,
  );
  const unexplained = unused.filter((grant) => !reasons.some((one) => one.grant.test(grant)));
  console.info(
    `${grants.length} grants, ${grants.length - unused.length} used, ${unused.length - unexplained.length} explained`,
  );
  expect(unexplained).toEqual([]);
  expect(reasons.filter(({ grant }) => !unused.some((one) => grant.test(one)))).toEqual([]);
}, 600_000);

/** Waits until no execution runs and no function is at work, for a second: what an audit began may go on after it. */
async function untilStill(): Promise<void> {
  const machines = ['rotate-secret', 'propagate-secret', 'retire-credential', 'rotate-fleet'] as const;
  const lambda = laptop.cloud.service<LambdaService>('lambda');
  let stillSince = Date.now();
  await eventually('the end of everything that was begun', async () => {
    const executions = (await Promise.all(machines.map((machine) => laptop.executions.list(machine)))).flat();
    const isStill =
      executions.every(({ status }) => status !== 'RUNNING') &&
      lambda.environments().every(({ state }) => state === 'idle' || state === 'ended');
    if (!isStill) stillSince = Date.now();
    return Date.now() - stillSince > 1_000 || undefined;
  });
}

/** What a warm environment remembers it need not ask for: a grant is missed by those that start. */
function coldStart(): void {
  const lambda = laptop.cloud.service<LambdaService>('lambda');
  for (const { id } of lambda.environments()) lambda.killEnvironment(id);
}

const MUTATIONS = byExtent({ short: 2, wide: 4, long: Number.POSITIVE_INFINITY });

test('a grant that is taken away is missed: in a rotation somebody is refused', async () => {
  const secretId = 'lab/alternating';
  await laptop.rest(secretId);
  await untilStill();
  laptop.cloud.recorder.clear();
  await rotateToTheEnd(secretId);
  const grants = grantsOf(laptop.cloud);
  const notNeeded = new Set(unusedGrants(grants, laptop.cloud.recorder.accesses()).map((one) => JSON.stringify(one)));
  const needed = grants.filter(
    (one) => !notNeeded.has(JSON.stringify(one)) && !/ProjectHistory|NotifyPerson/.test(one.role),
  );
  const step = Math.max(1, needed.length / MUTATIONS);
  const sample = Array.from(
    { length: Math.min(MUTATIONS, needed.length) },
    (_, at) => needed[Math.floor(at * step)] as Grant,
  );
  const survived: string[] = [];
  for (const grant of sample) {
    const giveBack = takeAway(laptop.cloud, grant);
    coldStart();
    laptop.cloud.recorder.clear();
    const executionArn = await laptop.executions.start('rotate-secret', { secretId });
    // The execution is refused, or what it leaves to others is: it shows in what was asked and not allowed.
    const isRefused = await eventually(
      'a call that is refused',
      () =>
        laptop.cloud.recorder
          .accesses()
          .some(
            ({ allowed, identity, action }) => !allowed && identity.includes(grant.role) && action === grant.action,
          ) || undefined,
    ).catch(() => false);
    if (!isRefused) survived.push(JSON.stringify(grant));
    giveBack();
    await laptop.executions.end(executionArn);
    // What the removal left behind may need a second run; the third one would be a fault of the pipeline.
    const again = await laptop.executions.rotate(secretId, { force: true, retireNow: true });
    const last =
      again.status === 'SUCCEEDED' ? again : await laptop.executions.rotate(secretId, { force: true, retireNow: true });
    if (last.status !== 'SUCCEEDED') {
      const [first, second] = [again, last].map(({ error, cause }) => `${error}: ${cause}`);
      throw new Error(`After ${JSON.stringify(grant)} was given back: ${first}; then: ${second}`);
    }
    await laptop.rest(secretId);
  }
  console.info(
    `${sample.length} of ${needed.length} grants of a rotation taken away: ${sample.length - survived.length} missed`,
  );
  expect(survived).toEqual([]);
}, 1_800_000);
