import { setTimeout as wait } from 'node:timers/promises';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { RotationRequest } from '../../../pipeline/contracts/execution.ts';
import { parse } from '../../../pipeline/contracts/parse.ts';
import { KeyturnError } from '../../../pipeline/errors.ts';
import { describeAnswer } from '../../../pipeline/rotation/secret-store.ts';
import { decide } from '../../../pipeline/workflow/plan.ts';
import type { Subject } from '../../pipeline/rotators/api-key/subjects.ts';
import type { Laptop } from '../../pipeline/rotators/native-rotation.ts';
import { askAsWorkflow } from '../crash/faults.ts';

export const GRACE_SECONDS = 3_600;
/** How long a consumer keeps a value. Shorter than the grace period: the manifest refuses anything else. */
const MOST_AGE_SECONDS = 300;

const secret = fc.nat(1);
/** What may befall two secrets. `twice`: its event comes a second time. `kill`: the process dies around that call, if there is one. */
export const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('rotate' as const),
      secret,
      native: fc.boolean(),
      attempts: fc.constantFrom(1, 5, 5),
      emergency: fc.constantFrom(false, false, false, false, true),
      kill: fc.option(fc.nat(25), { freq: 2 }),
      twice: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('put by hand' as const), secret, twice: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('failed check' as const),
      secret,
      kill: fc.option(fc.nat(12)),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('retire' as const),
      secret,
      kill: fc.option(fc.nat(12)),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('give up' as const),
      secret,
      kill: fc.option(fc.nat(12)),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      seconds: fc.constantFrom(1, 60, 299, 1_800, GRACE_SECONDS, 90_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('consumers read' as const), secret }) },
);
export type Action = typeof action extends fc.Arbitrary<infer One> ? One : never;
type Of<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;

interface Held {
  readonly value: string;
  readonly versionId: string;
  readonly readAt: number;
}

/** One secret, what the workflow knows about it, and three consumers that keep what they have read. */
class Life {
  readonly subject: Subject;
  readonly laptop: Laptop;
  readonly putByHand: () => Promise<string>;
  story: { token: string; previous: string; promotedAt: string } | undefined;
  lastToken: string | undefined;
  /** Before this nothing was spared, on purpose. */
  emergencyAt = Number.NEGATIVE_INFINITY;
  consumers: Held[] = [];
  /** The label is on the last one only. */
  readonly rolledBack = new Set<string>();
  /** Calls around which AWSCURRENT was refused by its target. */
  readonly refusedAt: string[] = [];
  #running = 0;

  constructor(laptop: Laptop, subject: Subject, putByHand: () => Promise<string>) {
    this.laptop = laptop;
    this.subject = subject;
    this.putByHand = putByHand;
    const { calls, name, value } = subject.secret;
    const watched = calls.watch;
    calls.watch = () => {
      watched?.();
      if (!subject.works(value())) this.refusedAt.push(`call ${calls.names.length}, ${calls.names.at(-1)}`);
    };
    const arn = [...laptop.functions.keys()].find((key) => key.endsWith(`:${name.replace('/', '-')}`)) as string;
    const run = laptop.functions.get(arn) as (event: unknown) => Promise<unknown>;
    laptop.functions.set(arn, async (event) => {
      this.#running += 1;
      try {
        return await run(event);
      } finally {
        this.#running -= 1;
      }
    });
  }

  /** Secrets Manager's own attempts come when time passes: until they are over, the schedule does not go on. */
  async quiet(): Promise<void> {
    const deadline = Date.now() + 30_000;
    do await wait(1);
    while (this.#running > 0 && Date.now() < deadline);
  }

  get now(): number {
    return this.laptop.clock.now().getTime();
  }

  async describe() {
    const answer = await this.laptop.secrets.send(new DescribeSecretCommand({ SecretId: this.subject.secret.arn }));
    return describeAnswer(this.subject.secret.arn, answer);
  }

  async read(): Promise<void> {
    const versionId = (await this.subject.secret.versionWith('AWSCURRENT')) as string;
    const held = { value: this.subject.secret.value(), versionId, readAt: this.now };
    this.consumers = [...this.consumers.slice(-2), held];
  }

  /** Kills the process around its n-th call from here; a call that does not come is no kill. */
  armed<Answer>(kill: number | null, work: () => Promise<Answer>): Promise<Answer> {
    const { calls } = this.subject.secret;
    calls.kill =
      kill === null ? undefined : { call: calls.names.length + kill + 1, when: kill % 2 ? 'after' : 'before' };
    return work().finally(() => {
      calls.kill = undefined;
    });
  }

  async rotate({ native, attempts, emergency, kill, twice }: Of<'rotate'>): Promise<void> {
    for (let time = 0; time < (twice ? 2 : 1); time += 1) {
      if (!native && !(await this.isAllowed({ emergency }))) return;
      const secretsManagerSays = await this.armed(kill, () =>
        this.subject.secret
          .rotate({ attempts, native, emergency: emergency && !native })
          .catch((error: Error) => error),
      );
      // RotateSecret's own lock: another one is under way.
      // It spares nothing from its first call on, whether it is promoted or not.
      if (emergency && !native) this.emergencyAt = this.now;
      if (secretsManagerSays instanceof Error) {
        if (secretsManagerSays.name !== 'InvalidRequestException') throw secretsManagerSays;
        return;
      }
      const { token, previous, promoted } = secretsManagerSays;
      this.lastToken = token;
      if (!promoted) continue;
      this.story = { token, previous, promotedAt: new Date(this.now).toISOString() };
    }
  }

  async isAllowed(request: object): Promise<boolean> {
    try {
      const input = parse('The input', RotationRequest, { startedBy: 'console', secretId: 'a', ...request });
      decide(
        input,
        { ...(await this.describe()), rotationFunctionArn: 'arn:x' },
        { gracePeriodSeconds: GRACE_SECONDS, rotated: true },
        `execution-${this.now}-${Math.random()}`,
      );
      return true;
    } catch (error) {
      if (error instanceof KeyturnError) return false;
      throw error;
    }
  }

  async ask(
    request: { operation: string } & Record<string, unknown>,
    { kill, twice }: { kill: number | null; twice: boolean },
  ) {
    const { secret: managed } = this.subject;
    try {
      const answer = await this.armed(kill, () => askAsWorkflow(managed, request));
      return twice ? await askAsWorkflow(managed, request) : answer;
    } catch (error) {
      // Refused in words of ours: too late, superseded, gone. Nothing else may come out.
      if (error instanceof KeyturnError) return undefined;
      throw error;
    }
  }

  async failedCheck(how: Of<'failed check'>): Promise<void> {
    if (!this.story) return;
    const { token: versionId, previous: previousVersionId } = this.story;
    this.rolledBack.add(versionId);
    await this.ask({ operation: 'RollBack', versionId, previousVersionId }, how);
    this.story = undefined;
  }

  /** As retire-credential does: not before the grace is over, and with evidence. */
  async retire(how: Of<'retire'>): Promise<void> {
    if (!this.story) return;
    const { token: versionId, previous: previousVersionId, promotedAt } = this.story;
    const isEmergency = versionId.startsWith('keyturn-emergency-');
    if (!isEmergency && this.now < Date.parse(promotedAt) + GRACE_SECONDS * 1000) return;
    const request = { versionId, previousVersionId, promotedAt };
    const evidence = await this.ask({ operation: 'GatherEvidence', ...request }, { kill: null, twice: false });
    if (evidence?.verdict !== 'free' && !isEmergency) return;
    if (isEmergency) this.emergencyAt = this.now;
    await this.ask({ operation: 'Retire', ...request }, how);
    this.story = undefined;
  }

  async carryOut(one: Action): Promise<void> {
    // Nothing happens at the same instant.
    await this.laptop.clock.advance(1_000);
    switch (one.kind) {
      case 'rotate':
        return this.rotate(one);
      case 'put by hand':
        await this.putByHand();
        if (one.twice) await this.laptop.clock.advance(1);
        return;
      case 'failed check':
        return this.failedCheck(one);
      case 'retire':
        return this.retire(one);
      case 'give up':
        if (this.lastToken) await this.ask({ operation: 'Abandon', versionId: this.lastToken }, one);
        return;
      case 'consumers read':
        return this.read();
      case 'time':
        return this.laptop.clock.advance(one.seconds * 1000);
    }
  }

  /** The promises, at any moment. Answers what is broken. */
  async broken(): Promise<string[]> {
    const found = this.refusedAt.map((where) => `AWSCURRENT was refused around ${where}`);
    const { secret: managed, works } = this.subject;
    const stages = await managed.stages();
    const current = Object.entries(stages).filter(([, labels]) => labels.includes('AWSCURRENT'));
    if (current.length !== 1) found.push(`${current.length} versions are AWSCURRENT`);
    if (current.some(([, labels]) => labels.includes('KEYTURN_FAILED')))
      found.push('AWSCURRENT carries KEYTURN_FAILED');
    if (!works(managed.value())) found.push('AWSCURRENT is refused by its target');
    for (const { value, versionId, readAt } of this.consumers) {
      const isFresh = this.now - readAt <= MOST_AGE_SECONDS * 1000;
      const isSpared = readAt >= this.emergencyAt && !this.rolledBack.has(versionId);
      if (isFresh && isSpared && !works(value))
        found.push(`a consumer was refused with ${versionId}, which it read ${(this.now - readAt) / 1000} s ago`);
    }
    return found;
  }
}

export { Life };
