import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import type { RdsService, SnsService } from '@keyturn/laptop';
import type { RotationRecord, Rotations } from './rotations.ts';
import type { Screen } from './screen.ts';
import type { Stage } from './stage.ts';
import { pause, until } from './wait.ts';

export interface Play {
  readonly stage: Stage;
  readonly screen: Screen;
  readonly rotations: Rotations;
}

const DATABASE = 'example/database';

/** The first of the month, three o'clock: all three kinds rotate while people use the application. */
export async function scheduledRotations({ stage, screen, rotations }: Play): Promise<void> {
  screen.title('The schedule rotates all three secrets');
  const due = [
    { secret: DATABASE, kind: 'postgres', place: 'DatabaseRotation' },
    { secret: 'example/jwt', kind: 'jwt', place: 'JwtRotation' },
    { secret: 'example/bedrock-api-key', kind: 'api-key', place: 'ApiKeyRotation' },
  ];
  for (const { secret, kind, place } of due) {
    const { record, cause } = await rotations.follow(secret, kind, 'schedule', () => fire(stage, place));
    print(screen, record, cause);
  }
}

async function fire(stage: Stage, place: string): Promise<void> {
  const schedule = stage.resource('AWS::Scheduler::Schedule', place);
  const { endpointUrl, pageToken } = stage.cloud;
  const answer = await fetch(`${endpointUrl}/_local/schedules/${schedule}/fire`, {
    method: 'POST',
    headers: { 'x-laptop-token': pageToken },
    redirect: 'error',
  });
  if (!answer.ok) throw new Error(`The schedule ${schedule} could not be fired: ${await answer.text()}`);
}

/** A person changes a parameter and a switch: the functions show it, without a deployment. */
export async function configSync({ stage, screen }: Play): Promise<void> {
  screen.title('A parameter and an unrotated secret are changed by hand');
  const Name = '/example/banner';
  await stage.parameters.send(new PutParameterCommand({ Name, Value: 'rotating', Type: 'String', Overwrite: true }));
  const features = await stage.secrets.send(new GetSecretValueCommand({ SecretId: 'example/features' }));
  const SecretString = JSON.stringify({ ...JSON.parse(features.SecretString ?? '{}'), chat: 'still on' });
  await stage.secrets.send(new PutSecretValueCommand({ SecretId: 'example/features', SecretString }));
  await until('the new banner and the new switch in /health', async () => {
    const response = await fetch(`${stage.output('ApiUrl')}/health`, { redirect: 'error' });
    const health = (await response.json()) as { banner?: string; features?: { chat?: string } };
    return health.banner === 'rotating' && health.features?.chat === 'still on' ? true : undefined;
  });
  screen.good('/health shows both');
}

/** The grace period passes; the old login is not in use any more, and it is switched off. */
export async function retirement({ screen, rotations }: Play): Promise<void> {
  screen.title('The previous database login is retired once it is not in use');
  await rotations.retired(DATABASE);
  screen.good('its grace period has passed, no session of it is open, it may not log in any more');
}

/** “Rotate secret immediately” in the console of Secrets Manager. */
export async function rotationByHand({ stage, screen, rotations }: Play): Promise<void> {
  screen.title('A person presses “Rotate secret immediately”');
  const press = () => stage.secrets.send(new RotateSecretCommand({ SecretId: DATABASE }));
  const { record, cause } = await rotations.follow(DATABASE, 'postgres', 'native', press);
  print(screen, record, cause);
  await rotations.retired(DATABASE);
}

/** A right is missing for the check's write: the new value is undone by itself, and a person gets a notice. */
export async function failedCheck({ stage, screen, rotations }: Play): Promise<string[]> {
  screen.title('A rotation whose check fails');
  const fault = stage.cloud
    .service<RdsService>('rds')
    .postgres('example')
    .relay.inject({
      kind: 'fail',
      statement: /keyturn_check/,
      times: 1_000,
      // About the login, unlike a server that is read-only for a moment: that would be no verdict.
      error: { code: '42501', message: 'permission denied to create temporary tables in database "app"' },
    });
  const { record, cause } = await rotations.follow(DATABASE, 'postgres', 'schedule', async () => {
    await fire(stage, 'DatabaseRotation');
    await until('the roll-back', async () => (await isRollingBack(stage)) || undefined);
    fault.remove();
  });
  if (record.outcome === 'rolled-back') screen.good(`rolled back after ${record.durationMs} ms. ${cause}`);
  else screen.bad(`expected a roll-back, came: ${record.outcome}. ${cause}`);
  const alarms = await until('an alarm', () => {
    const rung = alarmsOf(stage);
    return rung.length > 0 ? rung : undefined;
  });
  // The last notices of the failure are on their way.
  await pause(500);
  screen.good(`alarms rang: ${alarms.join(', ')}`);
  const notice = outbox(stage).find(({ subject }) => /rolled back/.test(subject ?? ''));
  if (notice) screen.line(`  notice: ${notice.subject}`);
  return alarmsOf(stage);
}

async function isRollingBack(stage: Stage): Promise<boolean> {
  const { VersionIdsToStages = {} } = await stage.secrets.send(new DescribeSecretCommand({ SecretId: DATABASE }));
  return Object.values(VersionIdsToStages).some((stages) => stages.includes('KEYTURN_FAILED'));
}

function outbox(stage: Stage): { subject?: string; message?: string }[] {
  return stage.cloud.service<SnsService>('sns').outbox() as { subject?: string; message?: string }[];
}

/** The names of the alarms that rang, from the notices that CloudWatch sent. */
export function alarmsOf(stage: Stage): string[] {
  const names = outbox(stage).flatMap(({ subject = '', message = '' }) => {
    const found =
      /ALARM: "([^"]+)"/.exec(subject) ?? /"AlarmName":"([^"]+)","[^}]*"NewStateValue":"ALARM"/.exec(message);
    return found?.[1] ? [found[1]] : [];
  });
  return [...new Set(names)].sort();
}

function print(screen: Screen, record: RotationRecord, cause: string): void {
  const { secret, outcome, durationMs, checks } = record;
  const passed = checks.map(({ name, ok }) => `${name} ${ok ? 'passed' : 'failed'}`).join(', ');
  if (outcome === 'succeeded') screen.good(`${secret}: rotated in ${durationMs} ms; checks: ${passed}`);
  else screen.bad(`${secret}: ${outcome}. ${cause}`);
}
