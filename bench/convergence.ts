import { setTimeout as pause } from 'node:timers/promises';
import { type Answered, convergedAt } from './convergence-time.ts';
import { type Answer, fingerprint } from './lab/answer.ts';
import { type BenchLaptop, createLogin, currentValue, settled, withStack } from './lab/laptop.ts';
import { median } from './statistics.ts';

export interface Convergence {
  readonly how: string;
  readonly environments: number;
  readonly seconds: number;
  readonly failedRequests: number;
  /** Against Powertools' five seconds with as many environments in the same run. */
  readonly ratio: number;
}

const functions = {
  expiring: 'Powertools, its default age of five seconds, single user',
  notified: 'notify and healing, single user',
  recycled: 'recycle, alternating users',
} as const;
type FunctionName = keyof typeof functions;

const DEADLINE_MILLISECONDS = 120_000;
/** Answers by another version that come within this belong to the time before. */
const QUIET_MILLISECONDS = 2_000;
/** A client of the application that was refused asks again as often as one that was served. */
const AFTER_FAILURE_MILLISECONDS = 1_000;

/**
 * From promotion until every environment holds the new version. Every environment serves one request a second without a
 * pause, each on a connection of its own; the waits of the machines take their own time.
 */
export async function measureConvergence(rounds = 3, sizes = [1, 8, 64]): Promise<Convergence[]> {
  return withStack('convergence', async (laptop) => {
    const names = Object.keys(functions) as FunctionName[];
    for (const name of names) {
      await settled(laptop, `bench/${name}`);
      await createLogin(laptop, `bench/${name}`);
    }
    const results: Convergence[] = [];
    for (const environments of sizes) {
      const measured: Omit<Convergence, 'ratio'>[] = [];
      for (const name of names) measured.push(await measure(laptop, name, { environments, rounds }));
      const peer = measured[0]?.seconds ?? Number.NaN;
      results.push(...measured.map((one) => ({ ...one, ratio: one.seconds / peer })));
    }
    return results;
  });
}

async function measure(
  laptop: BenchLaptop,
  name: FunctionName,
  { environments, rounds }: { environments: number; rounds: number },
): Promise<Omit<Convergence, 'ratio'>> {
  const load = new Load(laptop, name, environments);
  const times: number[] = [];
  let failedRequests = 0;
  try {
    await load.until('every environment has answered', () => load.seenSince(0).size >= environments);
    for (let round = 0; round < rounds; round += 1) {
      const from = load.answers.length;
      const { promotedAt, version } = await rotate(laptop, name);
      const find = () => convergedAt(load.answers, { version, environments, promotedAt });
      await load.until(`${environments} environments hold ${version}`, () => {
        const at = find();
        return at !== undefined && Date.now() > at + QUIET_MILLISECONDS;
      });
      times.push(((find() ?? Number.NaN) - promotedAt) / 1000);
      failedRequests += load.answers.slice(from).filter(({ holds }) => holds === undefined).length;
    }
  } finally {
    await load.stop();
  }
  return { how: functions[name], environments, seconds: median(times), failedRequests };
}

/** Ends with the execution. The function's answers say which version is current. */
async function rotate(laptop: BenchLaptop, name: FunctionName): Promise<{ promotedAt: number; version: string }> {
  const secretId = `bench/${name}`;
  let promotedAt: number | undefined;
  const stop = laptop.cloud.recorder.subscribe((call) => {
    const isMove = call.operation === 'UpdateSecretVersionStage' && call.outcome === 'ok';
    if (!isMove || !call.resources.some((arn) => arn.includes(`:secret:${secretId}-`))) return;
    // The first one may close the rotation before; the last one promotes.
    promotedAt = Date.parse(call.time) + call.durationMilliseconds;
  });
  const execution = await laptop.executions.rotate(secretId, { retireNow: true });
  stop();
  if (execution.status !== 'SUCCEEDED') throw new Error(`${secretId}: ${execution.error} ${execution.cause}`);
  if (promotedAt === undefined) throw new Error(`The recorder has no promotion of ${secretId}.`);
  const { versionId } = JSON.parse(execution.output ?? '{}');
  const version = name === 'expiring' ? fingerprint((await currentValue(laptop, secretId)).password) : versionId;
  return { promotedAt, version };
}

/** As many clients as there shall be environments, each with one request under way all the time. */
class Load {
  readonly answers: Answered[] = [];
  readonly #laptop: BenchLaptop;
  readonly #name: FunctionName;
  readonly #clients: Promise<void>[];
  #isOver = false;

  constructor(laptop: BenchLaptop, name: FunctionName, clients: number) {
    this.#laptop = laptop;
    this.#name = name;
    this.#clients = Array.from({ length: clients }, () => this.#client());
  }

  seenSince(index: number): Set<string | undefined> {
    const served = this.answers.slice(index).filter(({ holds }) => holds !== undefined);
    return new Set(served.map(({ environmentId }) => environmentId));
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = Date.now() + DEADLINE_MILLISECONDS;
    while (!isSo()) {
      if (Date.now() > deadline) throw new Error(`${this.#name}: after two minutes it is not so that ${what}.`);
      await pause(50);
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  async #client(): Promise<void> {
    while (!this.#isOver) {
      const answer = await this.#laptop.ask('lambda', 'Invoke', {
        FunctionName: this.#name,
        Payload: Buffer.from('{}'),
      });
      const served: Answer | undefined = answer.FunctionError
        ? undefined
        : JSON.parse(Buffer.from(answer.Payload).toString('utf8'));
      this.answers.push({ environmentId: served?.environmentId, holds: served?.holds, endedAt: Date.now() });
      if (!served) await pause(AFTER_FAILURE_MILLISECONDS);
    }
  }
}
