import { setTimeout as pause } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
} from '@aws-sdk/client-sfn';
import type { RecordedCall } from '../packages/laptop/recording/recorder.ts';
import { documentedSecret, type Strategy, withWorld } from './database-world.ts';
import { type BenchLaptop, createLogin, settled, withStack } from './lab/laptop.ts';
import { countStateTransitions } from './state-transitions.ts';
import { median } from './statistics.ts';

export interface RotationCosts {
  readonly kind: string;
  readonly pipeline: string;
  readonly consumers: number;
  /** Calls to Secrets Manager by the rotation function, from its first step until AWSCURRENT has moved. */
  readonly functionCalls: number;
  /** Calls to Secrets Manager by everybody, until the previous credential is retired. */
  readonly calls: number;
  readonly writes: number;
  /** Over all executions that the rotation caused. */
  readonly stateTransitions: number;
  /** `functionCalls` against those of AWS's documented function of the same strategy; it has none for other kinds. */
  readonly ratio: number | null;
}

type Counts = Pick<RotationCosts, 'functionCalls' | 'calls' | 'writes' | 'stateTransitions'>;

const WRITES = ['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage'];
const MACHINES = ['rotate-secret', 'propagate-secret', 'await-convergence', 'retire-credential'] as const;
const STRATEGIES = ['alternating-users', 'single-user'] satisfies Strategy[];
const PLACES = ['alone', 'consumed'];

/** Counted by the laptop's recorder and from the executions' histories, warm, medians over rounds. */
export async function measureRotationCosts(rounds = 3): Promise<RotationCosts[]> {
  const peers = await documentedCosts();
  const ours = await withStack('costs', async (laptop) => {
    const postgres = PLACES.flatMap((place) => STRATEGIES.map((strategy) => `bench/${place}/postgres-${strategy}`));
    for (const name of postgres) {
      await settled(laptop, name);
      await createLogin(laptop, name);
    }
    // Those that read one superuser's secret take turns, so that it is known for whom it was read.
    const lanes = [postgres, ...PLACES.flatMap((place) => [[`bench/${place}/jwt`], [`bench/${place}/api-key`]])].map(
      async (names) => {
        const counted: RotationCosts[] = [];
        for (const name of names) counted.push(await countSecret(laptop, name, { rounds, peers }));
        return counted;
      },
    );
    return (await Promise.all(lanes)).flat();
  });
  return [...peers, ...ours];
}

/** AWS publishes rotation functions for databases: a JWT or an API key has no peer. */
async function documentedCosts(): Promise<RotationCosts[]> {
  return withWorld(async (world) => {
    const { recorder } = world.laptop.cloud;
    const results: RotationCosts[] = [];
    for (const strategy of STRATEGIES) {
      const secret = await documentedSecret(world, strategy);
      await secret.rotate();
      const afterSequence = recorder.calls().at(-1)?.sequence ?? 0;
      await secret.rotate();
      const calls = recorder.calls({ service: 'secretsmanager', afterSequence });
      results.push({
        kind: `postgres-${strategy}`,
        pipeline: "AWS's documented function",
        consumers: 0,
        // All but RotateSecret, which is the request for the rotation.
        functionCalls: calls.filter(({ operation }) => operation !== 'RotateSecret').length,
        calls: calls.length,
        writes: calls.filter(isWrite).length,
        stateTransitions: 0,
        ratio: 1,
      });
    }
    return results;
  });
}

async function countSecret(
  laptop: BenchLaptop,
  name: string,
  { rounds, peers }: { rounds: number; peers: readonly RotationCosts[] },
): Promise<RotationCosts> {
  const [, place, kind = ''] = name.split('/');
  await settled(laptop, name);
  const isJwt = kind === 'jwt';
  // Two rotations warm the functions and bring a ring to its length; tokens need not live out for that.
  for (let round = 0; round < 2; round += 1) await rotateToTheEnd(laptop, name, { emergency: isJwt });
  const all: Counts[] = [];
  // Retirement of a JWT key takes more than a minute, and its counts do not vary.
  for (let round = 0; round < (isJwt ? 1 : rounds); round += 1) all.push(await countOne(laptop, name));
  const of = (member: keyof Counts) => median(all.map((one) => one[member]));
  const functionCalls = of('functionCalls');
  const peer = peers.find((other) => other.kind === kind);
  return {
    kind,
    pipeline: 'Keyturn',
    consumers: place === 'consumed' ? 1 : 0,
    functionCalls,
    calls: of('calls'),
    writes: of('writes'),
    stateTransitions: of('stateTransitions'),
    ratio: peer ? functionCalls / peer.functionCalls : null,
  };
}

async function countOne(laptop: BenchLaptop, name: string): Promise<Counts> {
  const { recorder } = laptop.cloud;
  const calls: RecordedCall[] = [];
  const stop = recorder.subscribe((call) => {
    const isOurs = (arn: string) =>
      arn.includes(`:secret:${name}-`) || (name.includes('postgres') && arn.includes(':secret:bench-superuser-'));
    if (call.service === 'secretsmanager' && call.resources.some(isOurs)) calls.push(call);
  });
  const executions = await rotateToTheEnd(laptop, name);
  stop();
  const promoted = calls.findIndex(({ operation }) => operation === 'UpdateSecretVersionStage');
  const steps = calls.slice(0, promoted + 1).filter(({ principal }) => /Rotate(postgres|jwt|apikey)/i.test(principal));
  const histories = await Promise.all(executions.map((arn) => historyOf(laptop, arn)));
  return {
    functionCalls: steps.length,
    calls: calls.length,
    writes: calls.filter(isWrite).length,
    stateTransitions: histories.reduce((sum, history) => sum + countStateTransitions(history), 0),
  };
}

const isWrite = ({ operation }: RecordedCall) => WRITES.includes(operation);

/** Until the retirement has ended, and whatever else was started about the secret since. Answers the executions. */
async function rotateToTheEnd(laptop: BenchLaptop, name: string, more: object = {}): Promise<string[]> {
  const begunAt = Date.now();
  const rotation = await laptop.executions.rotate(name, more);
  if (rotation.status !== 'SUCCEEDED') throw new Error(`${name}: ${rotation.error} ${rotation.cause}`);
  for (;;) {
    const executions = await executionsAbout(laptop, name, begunAt);
    const failed = executions.find(({ status }) => status !== 'RUNNING' && status !== 'SUCCEEDED');
    if (failed) throw new Error(`${failed.arn} is ${failed.status}.`);
    const isRetired = executions.some(({ arn }) => arn.includes('retire-credential'));
    if (isRetired && executions.every(({ status }) => status === 'SUCCEEDED')) return executions.map(({ arn }) => arn);
    await pause(100);
  }
}

async function executionsAbout({ executions }: BenchLaptop, name: string, begunAt: number) {
  const found: { arn: string; status: string }[] = [];
  for (const machine of MACHINES) {
    const stateMachineArn = executions.arn(machine);
    const page = await executions.client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 200 }));
    for (const { executionArn = '', startDate, status = '' } of page.executions ?? []) {
      if (startDate === undefined || startDate.getTime() < begunAt) continue;
      const { input = '' } = await executions.client.send(new DescribeExecutionCommand({ executionArn }));
      if (input.includes(`"${name}"`) || input.includes(`:secret:${name}-`)) found.push({ arn: executionArn, status });
    }
  }
  return found;
}

async function historyOf({ executions }: BenchLaptop, executionArn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await executions.client.send(new GetExecutionHistoryCommand({ executionArn, nextToken }));
    events.push(...(page.events ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return events;
}
