import { setTimeout as pause } from 'node:timers/promises';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import type { SecretSettings } from '../pipeline/contracts/settings/secret.ts';
import { settingsParameterName } from '../pipeline/contracts/settings/settings-parameter.ts';
import { FLEET_SECRETS, fleetName } from './lab/fleet-stack.ts';
import { type BenchLaptop, settled, withStack } from './lab/laptop.ts';

export interface FleetOnLaptop {
  readonly how: string;
  readonly secrets: number;
  readonly seconds: number;
  readonly rotationsASecond: number;
  /** Against one at a time in the same run. */
  readonly ratio: number;
}

/** As many at once as keep two cores busy: what AWS's write quota allows (100) is more than they can run. */
const AT_ONCE = 16;
/** How many are made ready at once: few, so that the laptop starts few environments for it. */
const ADOPTED_AT_ONCE = 4;
const GROUP = 'fleet';

/**
 * Rotations of generated API keys, which reach out for nothing: alone, a rotation mostly waits for its promotion to be
 * seen. The waits of the machines take their own time (scale 1). One at a time over a sample, then all others as a fleet.
 */
export async function measureFleetOnLaptop(secrets = FLEET_SECRETS, sample = 20): Promise<FleetOnLaptop[]> {
  const work = async (laptop: BenchLaptop) => {
    const names = Array.from({ length: secrets + sample + 1 }, (_, index) => fleetName(index));
    await inLanes([...names.entries()], ADOPTED_AT_ONCE, ([index, name]) =>
      adopt(laptop, name, index > sample ? GROUP : undefined),
    );
    const [first = '', ...others] = names.slice(0, sample + 1);
    // The functions are warm when the loop begins.
    await rotate(laptop, 'rotate-secret', { secretId: first });
    const alone = await seconds(async () => {
      for (const secretId of others) await rotate(laptop, 'rotate-secret', { secretId });
    });
    const fleet = await seconds(() => rotate(laptop, 'rotate-fleet', { group: GROUP, maxConcurrency: AT_ONCE }));
    const [one, all] = [sample / alone, secrets / fleet];
    return [
      { how: 'one at a time', secrets: sample, seconds: alone, rotationsASecond: one, ratio: 1 },
      { how: `rotate-fleet, ${AT_ONCE} at once`, secrets, seconds: fleet, rotationsASecond: all, ratio: all / one },
    ];
  };
  return withStack('fleet', work, { recordedCalls: 100 });
}

/** As a deployment does: the secret, its settings, its rotation function. */
async function adopt(laptop: BenchLaptop, name: string, group?: string): Promise<void> {
  const { ask, outputs } = laptop;
  const settings: SecretSettings = {
    schemaVersion: 1,
    name,
    kind: 'api-key',
    rotated: true,
    ...(group && { group }),
    rotator: { provider: 'generated' },
    gracePeriodSeconds: 86_400,
    promotionTimeoutSeconds: 900,
    evidenceIntervalSeconds: 60,
    rollBackHandPutValues: false,
    consumers: [],
    checks: [],
    mirrors: [],
  };
  await ask('ssm', 'PutParameter', {
    Name: settingsParameterName(outputs.SettingsPrefix ?? '', name),
    Value: JSON.stringify(settings),
    Type: 'String',
  });
  const SecretString = JSON.stringify({ api_key: `first-of-${name}`, next_api_key: `second-of-${name}` });
  await ask('secretsmanager', 'CreateSecret', { Name: name, SecretString });
  await ask('secretsmanager', 'RotateSecret', {
    SecretId: name,
    RotationLambdaARN: outputs.RotationFunctionArn,
    RotationRules: { ScheduleExpression: 'rate(90 days)' },
    RotateImmediately: false,
  });
  await settled(laptop, name);
}

async function rotate(
  { executions }: BenchLaptop,
  machine: 'rotate-secret' | 'rotate-fleet',
  input: object,
): Promise<void> {
  const executionArn = await executions.start(machine, input);
  for (;;) {
    const { status, error, cause } = await executions.client.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'SUCCEEDED') return;
    if (status !== 'RUNNING') throw new Error(`${executionArn} is ${status}: ${error} ${cause}`);
    await pause(50);
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

async function inLanes<Item>(items: readonly Item[], lanes: number, work: (item: Item) => Promise<void>) {
  const left = items.values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const item of left) await work(item);
    }),
  );
}
