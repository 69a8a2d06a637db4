import { randomUUID } from 'node:crypto';
import type { Execution } from '../../../packages/laptop/services/states/state.ts';
import { type ParameterSettings, parameterSettingsName } from '../../../pipeline/contracts/settings/parameter.ts';
import type { ConsumerSettings, MirrorSettings } from '../../../pipeline/contracts/settings/secret.ts';
import type { Propagation } from '../../../pipeline/propagation/sync-parameter.ts';
import { makeSecret, putSecret } from '../../packages/consumer/laptop.ts';
import type { Call, Strike } from './faults.ts';
import { Consumer } from './propagation-consumer.ts';
import { type PropagationWorld, SETTINGS_PREFIX } from './propagation-world.ts';

/** Gets a change to whom it concerns while one call meets a fault; ends with everybody there, whoever had to try again. */
export interface PropagationPart {
  run(strike?: Strike): Promise<{ calls: Call[]; executions: number }>;
}

const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';

function changeOf(world: PropagationWorld, versionId: string, more: Partial<Propagation> = {}): Propagation {
  const promotedAt = world.clock.now().toISOString();
  return { secretArn: SECRET, secretName: 'app/db', versionId, promotedAt, consumers: [], mirrors: [], ...more };
}

const newVersion = () => randomUUID();

/** What an execution has said of a consumer, on the bus, and once only. */
function expectTold(world: PropagationWorld, execution: Execution, name: string, isLagging: boolean): void {
  const told = world.told.filter(({ detail }) => detail.executionArn === execution.arn && detail.consumer === name);
  expect(told.length).toBeGreaterThan(0);
  expect(new Set(told.map(({ detail }) => detail.id)).size).toBe(1);
  expect(told[0]?.type).toBe(isLagging ? 'Consumer Lagging' : 'Consumer Converged');
}

/** Runs `propagate-secret` until nobody lags: once, or once more. */
async function untilConverged(
  world: PropagationWorld,
  propagate: () => Promise<Execution>,
  { look, between }: { look(output: any, execution: Execution): void; between?(): Promise<void> },
): Promise<number> {
  for (let count = 1; ; count += 1) {
    const execution = await propagate();
    const output = await world.ended(execution);
    expect(execution.status).toBe('SUCCEEDED');
    world.faults.disarm();
    look(output, execution);
    await between?.();
    if (output.lagging.length === 0) return count;
    if (count === 2) throw new Error(`It lags although nothing was in the way: ${JSON.stringify(output)}`);
  }
}

/** Whoever says that the consumer was recycled says it when it was. */
function expectTruth(world: PropagationWorld, consumer: Consumer): void {
  world.onAnswer = (name, _event, answer) => {
    if (name !== 'RecycleConsumerFunctionArn' || !answer.done) return;
    if (!consumer.isConverged()) world.lies.push(`${consumer.settings.name} was called recycled, and was not`);
  };
}

export async function recycle(world: PropagationWorld, name: string, hasAlias: boolean): Promise<PropagationPart> {
  const consumer = await Consumer.make(world, name, hasAlias);
  return {
    async run(strike) {
      const change = changeOf(world, newVersion(), { consumers: [consumer.settings] });
      consumer.promoted();
      expectTruth(world, consumer);
      world.faults.deploy = () => consumer.deploy();
      world.faults.arm(strike);
      const executions = await untilConverged(world, () => world.start(change), {
        look: (output, execution) => expectTold(world, execution, name, output.consumers[0].lagging),
        between: () => consumer.finishDeployment(),
      });
      expect(consumer.isConverged()).toBe(true);
      consumer.expectUntouched();
      return { calls: world.faults.calls, executions };
    },
  };
}

/** The execution is stopped where the fault struck, and what comes next is the roll-back, or another rotation. */
export async function recycleStopped(
  world: PropagationWorld,
  name: string,
  options: { hasAlias: boolean; next: 'the version before' | 'another version' },
): Promise<PropagationPart> {
  const consumer = await Consumer.make(world, name, options.hasAlias);
  const converge = async (versionId: string) => {
    consumer.promoted();
    expectTruth(world, consumer);
    const change = changeOf(world, versionId, { consumers: [consumer.settings] });
    const output = await world.ended(await world.start(change));
    expect(output.lagging).toEqual([]);
    expect(consumer.isConverged()).toBe(true);
  };
  let before = newVersion();
  return {
    async run(strike) {
      const change = changeOf(world, newVersion(), { consumers: [consumer.settings] });
      consumer.promoted();
      world.faults.arm(strike);
      const execution = await world.start(change);
      world.onFailure = () => world.stop(execution);
      await world.ended(execution);
      world.onFailure = undefined;
      world.faults.disarm();
      await consumer.settle();
      await world.clock.advance(60_000);
      await converge(options.next === 'another version' ? newVersion() : before);
      before = newVersion();
      await converge(before);
      consumer.expectUntouched();
      return { calls: world.faults.calls, executions: 1 };
    },
  };
}

export async function notify(world: PropagationWorld, name: string): Promise<PropagationPart> {
  const settings: ConsumerSettings = {
    name,
    functionArn: `arn:aws:lambda:${world.cloud.region}:${world.cloud.accountId}:function:${name}`,
    freshness: 'notify',
    maxAgeSeconds: 300,
    longestInvocationSeconds: 30,
  };
  let heard: unknown[] = [];
  world.functions.set(name, async (event) => {
    heard.push(event);
    return { keyturn: { refreshed: true } };
  });
  return {
    async run(strike) {
      heard = [];
      const change = changeOf(world, newVersion(), { consumers: [settings] });
      world.faults.arm(strike);
      const executions = await untilConverged(world, () => world.start(change), {
        look: ({ consumers }, execution) => {
          // One environment has answered, which proves nothing: never before the bound.
          const convergedAt = new Date(Date.parse(change.promotedAt) + 330_000).toISOString();
          expect(consumers).toMatchObject([{ consumer: name, evidence: 'bound', convergedAt, notifyError: null }]);
          expectTold(world, execution, name, false);
        },
      });
      const { secretArn, secretName, versionId } = change;
      expect(heard).toContainEqual({
        keyturn: { operation: 'invalidate', schemaVersion: 1, secretArn, secretName, versionId },
      });
      return { calls: world.faults.calls, executions };
    },
  };
}

export async function mirrors(world: PropagationWorld, name: string): Promise<PropagationPart> {
  const { arn } = await makeSecret(world.cloud, name, 'first');
  const parameterName = `/${name}`;
  const region = 'eu-west-1';
  await world.person('secretsmanager', 'ReplicateSecretToRegions', {
    SecretId: name,
    AddReplicaRegions: [{ Region: region }],
  });
  const settings: MirrorSettings[] = [
    { to: 'parameter', parameterName },
    { to: 'replica', region },
  ];
  return {
    async run(strike) {
      const value = `value-${randomUUID()}`;
      const versionId = await putSecret(world.cloud, name, value);
      const change = changeOf(world, versionId, { secretArn: arn, secretName: name, mirrors: settings });
      world.faults.arm(strike);
      const executions = await untilConverged(world, () => world.start(change), {
        look: ({ mirrors: said }) => expect(said.map(({ mirror }: any) => mirror)).toEqual([parameterName, region]),
      });
      const { Parameter } = await world.person('ssm', 'GetParameter', { Name: parameterName, WithDecryption: true });
      expect(Parameter).toMatchObject({ Value: value, Type: 'SecureString' });
      return { calls: world.faults.calls, executions };
    },
  };
}

/** EventBridge invokes again what has failed; the parameter is deleted and made anew each time, so versions begin at 1. */
export async function parameterChange(world: PropagationWorld, name: string): Promise<PropagationPart> {
  const consumer = await Consumer.make(world, name, false);
  const parameterName = `/app/${name}`;
  const declared: ParameterSettings = { schemaVersion: 1, name: parameterName, consumers: [consumer.settings] };
  await world.person('ssm', 'PutParameter', {
    Name: parameterSettingsName(SETTINGS_PREFIX, parameterName),
    Value: JSON.stringify(declared),
    Type: 'String',
  });
  const change = async () => {
    await world.person('ssm', 'DeleteParameter', { Name: parameterName }).catch((error) => {
      if (error.code !== 'ParameterNotFound') throw error;
    });
    await world.person('ssm', 'PutParameter', { Name: parameterName, Value: randomUUID(), Type: 'String' });
    const resources = [`arn:aws:ssm:us-east-1:000000000000:parameter${parameterName}`];
    const detail = { operation: 'Create', name: parameterName, type: 'String' };
    const time = world.clock.now().toISOString();
    return { id: randomUUID(), source: 'aws.ssm', 'detail-type': 'Parameter Store Change', time, resources, detail };
  };
  return {
    async run(strike) {
      await world.clock.advance(60_000);
      const event = await change();
      consumer.promoted();
      expectTruth(world, consumer);
      const before = new Set(world.executions());
      world.faults.deploy = () => consumer.deploy();
      world.faults.arm(strike);
      const Payload = Buffer.from(JSON.stringify(event));
      const FunctionName = `arn:aws:lambda:us-east-1:000000000000:function:SyncParameter`;
      const once = () => world.person('lambda', 'Invoke', { FunctionName, Payload });
      for (let attempt = 1; ; attempt += 1) {
        const answer = await once().catch(() => ({ FunctionError: 'Unhandled' }));
        if (!answer.FunctionError) break;
        expect(attempt).toBeLessThan(3);
      }
      const started = world.executions().filter((execution) => !before.has(execution));
      expect(started).toHaveLength(1);
      expect((await world.ended(started[0] as Execution)).lagging).toEqual([]);
      world.faults.disarm();
      expect(consumer.isConverged()).toBe(true);
      consumer.expectUntouched();
      return { calls: world.faults.calls, executions: 1 };
    },
  };
}
