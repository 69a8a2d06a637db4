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

/** A value is put by hand: the version that `propagate-secret` is to bring along. */
async function promote(world: PropagationWorld): Promise<string> {
  await secretArn(world);
  return putSecret(world.cloud, SECRET, `value-${randomUUID()}`);
}

const SECRET = 'app/db';
const secretArns = new WeakMap<PropagationWorld, Promise<string>>();
/** The secret of the parts that need no value of their own. */
function secretArn(world: PropagationWorld): Promise<string> {
  const made = secretArns.get(world) ?? makeSecret(world.cloud, SECRET, 'first').then(({ arn }) => arn);
  secretArns.set(world, made);
  return made;
}

async function changeOf(
  world: PropagationWorld,
  versionId: string,
  more: Partial<Propagation> = {},
): Promise<Propagation> {
  const promotedAt = world.clock.now().toISOString();
  const secret = { secretArn: await secretArn(world), secretName: SECRET };
  return { ...secret, versionId, promotedAt, consumers: [], mirrors: [], ...more };
}

/** Of a promotion and consumer: each state is published under an id of its own, and the evidence comes, and comes last. */
function evidenceOf(world: PropagationWorld, { versionId, promotedAt }: Propagation, name: string) {
  const said = world.told.filter(
    ({ detail }) => detail.consumer === name && detail.versionId === versionId && detail.promotedAt === promotedAt,
  );
  expect(new Set(said.map(({ detail }) => detail.id)).size).toBe(new Set(said.map(({ type }) => type)).size);
  const evidence = said.filter(({ type }) => type === 'Consumer Converged').at(-1);
  expect(evidence).toBeDefined();
  // An event that was put twice, since the answer to the first was lost, is the same event.
  expect(said.at(-1)?.type).toBe('Consumer Converged');
  expect(evidence?.at.getTime()).toBeGreaterThanOrEqual(Date.parse(evidence?.detail.convergedAt));
  return evidence?.detail as { evidence: string; convergedAt: string };
}

/** Propagates and watches until every evidence is what it is meant to be: once, or once more, as a repair does it. */
async function untilConverged(
  world: PropagationWorld,
  change: Propagation,
  { look, between }: { look(change: Propagation, output: any): boolean; between?(): Promise<void> },
): Promise<number> {
  for (let count = 1; ; count += 1) {
    const promotion = count === 1 ? change : { ...change, promotedAt: world.clock.now().toISOString() };
    const execution = await world.start(promotion);
    const { output, awaited } = await world.converged(execution);
    expect(execution.status).toBe('SUCCEEDED');
    if (promotion.consumers.length > 0) expect(awaited).toMatchObject({ outcome: 'converged' });
    world.faults.disarm();
    const isAsMeant = look(promotion, output);
    await between?.();
    if (isAsMeant) return count;
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
      const change = await changeOf(world, await promote(world), { consumers: [consumer.settings] });
      consumer.promoted();
      expectTruth(world, consumer);
      world.faults.deploy = () => consumer.deploy();
      world.faults.arm(strike);
      const executions = await untilConverged(world, change, {
        look: (promotion) => evidenceOf(world, promotion, name).evidence === 'recycled',
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
    const change = await changeOf(world, versionId, { consumers: [consumer.settings] });
    await world.converged(await world.start(change));
    expect(evidenceOf(world, change, name).evidence).toBe('recycled');
    expect(consumer.isConverged()).toBe(true);
  };
  const goBack = (versionId: string, from: string) =>
    world.person('secretsmanager', 'UpdateSecretVersionStage', {
      SecretId: SECRET,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: versionId,
      RemoveFromVersionId: from,
    });
  let before = await promote(world);
  return {
    async run(strike) {
      const change = await changeOf(world, await promote(world), { consumers: [consumer.settings] });
      consumer.promoted();
      world.faults.arm(strike);
      world.onFailure = () => world.stopAll();
      await world.converged(await world.start(change));
      world.onFailure = undefined;
      world.faults.disarm();
      await consumer.settle();
      await world.clock.advance(60_000);
      if (options.next === 'another version') before = await promote(world);
      else await goBack(before, change.versionId);
      await converge(before);
      before = await promote(world);
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
      const change = await changeOf(world, await promote(world), { consumers: [settings] });
      world.faults.arm(strike);
      const executions = await untilConverged(world, change, {
        look: (promotion) => {
          // One environment has answered, which proves nothing: never before the bound.
          const convergedAt = new Date(Date.parse(promotion.promotedAt) + 330_000).toISOString();
          expect(evidenceOf(world, promotion, name)).toMatchObject({ evidence: 'bound', convergedAt });
          return true;
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
      const change = await changeOf(world, versionId, { secretArn: arn, secretName: name, mirrors: settings });
      world.faults.arm(strike);
      const executions = await untilConverged(world, change, {
        look: (promotion, { mirrors: said }) => {
          expect(said.map(({ mirror }: any) => mirror)).toEqual([parameterName, region]);
          for (const mirror of [parameterName, region]) {
            expect(evidenceOf(world, promotion, mirror)).toMatchObject({ evidence: 'copied' });
          }
          return true;
        },
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
      const started = world.executions().filter((one) => !before.has(one) && one.machine.arn === world.machineArn);
      expect(started).toHaveLength(1);
      await world.converged(started[0] as Execution);
      world.faults.disarm();
      expect(evidenceOf(world, JSON.parse(started[0]?.input as string), name).evidence).toBe('recycled');
      expect(consumer.isConverged()).toBe(true);
      consumer.expectUntouched();
      return { calls: world.faults.calls, executions: 1 };
    },
  };
}
