import { setTimeout as wait } from 'node:timers/promises';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import type { Finding } from '../../../pipeline/contracts/audit.ts';
import { RotationRequest } from '../../../pipeline/contracts/execution.ts';
import { parse } from '../../../pipeline/contracts/parse.ts';
import type { ConsumerSettings, SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { KeyturnError } from '../../../pipeline/errors.ts';
import { describeAnswer } from '../../../pipeline/rotation/secret-store.ts';
import { decide } from '../../../pipeline/workflow/decide.ts';
import type { Laptop } from '../../pipeline/rotators/native-rotation.ts';
import { askAsWorkflow } from '../crash/faults.ts';
import { type Action, GRACE_SECONDS, type Of } from './actions.ts';
import { audit, type Row, repair, type Surroundings } from './audit.ts';
import type { Subject } from './subjects.ts';

/** How long a consumer keeps a value. Shorter than the grace period: the manifest refuses anything else. */
const MOST_AGE_SECONDS = 300;
const GRACE = GRACE_SECONDS * 1000;
/** A rotation's time-out and an event's delivery: what is younger may be under way. */
const AUDIT_PATIENCE = 31 * 60_000;
const CONSUMER: ConsumerSettings = {
  name: 'consumer',
  functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:consumer',
  freshness: 'expire',
  maxAgeSeconds: MOST_AGE_SECONDS,
  longestInvocationSeconds: 0,
};
const SETTINGS: SecretSettings = {
  schemaVersion: 1,
  name: '',
  kind: 'api-key',
  rotated: true,
  rotator: {},
  gracePeriodSeconds: GRACE_SECONDS,
  promotionTimeoutSeconds: 900,
  evidenceIntervalSeconds: 60,
  rollBackHandPutValues: false,
  consumers: [CONSUMER],
  checks: [],
  mirrors: [],
};
const isMendable = ({ repair: found }: Finding) => found !== undefined;

interface Held {
  readonly value: string;
  readonly versionId: string;
  readonly readAt: number;
}

/** What the audits of all schedules have found. */
export const findingsByCode = new Map<string, number>();
/** How many rotations of all schedules were promoted. */
export const promotionsByKind = new Map<string, number>();
const countIn = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

/** One secret, what the workflow knows about it, and three consumers that keep what they have read. */
class Life {
  readonly subject: Subject;
  readonly laptop: Laptop;
  readonly settings: SecretSettings;
  /** The retirement that an execution waits with. */
  story: { token: string; previous: string; promotedAt: string; notBefore: number } | undefined;
  readonly rows: Row[] = [];
  readonly managedSince: Date;
  lastToken: string | undefined;
  /** Before this nothing was spared, on purpose. */
  emergencyAt = Number.NEGATIVE_INFINITY;
  consumers: Held[] = [];
  /** The label is on the last one only. */
  readonly rolledBack = new Set<string>();
  /** What an audit has found and its repair has not mended. */
  readonly unmended: string[] = [];
  /** Calls around which AWSCURRENT was refused by its target. */
  readonly refusedAt: string[] = [];
  #running = 0;

  constructor(laptop: Laptop, subject: Subject) {
    this.laptop = laptop;
    this.subject = subject;
    this.managedSince = new Date(this.now);
    const { calls, name, value } = subject.secret;
    this.settings = { ...SETTINGS, name, kind: subject.kind };
    const watched = calls.watch;
    calls.watch = async () => {
      await watched?.();
      if (!(await subject.works(value()))) this.refusedAt.push(`call ${calls.names.length}, ${calls.names.at(-1)}`);
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

  async rotate({ native, attempts, emergency, kill, twice, event: told }: Of<'rotate'>): Promise<void> {
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
      countIn(promotionsByKind, this.subject.kind);
      this.story = { token, previous, promotedAt: new Date(this.now).toISOString(), notBefore: this.now + GRACE };
      if (told !== 'lost') this.tell({ type: 'Secret Promoted', versionId: token });
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
    const answer = await this.ask({ operation: 'RollBack', versionId, previousVersionId }, how);
    if (answer?.rolledBack) this.tell({ type: 'Rotation Rolled Back', restoredVersionId: previousVersionId });
    this.story = undefined;
  }

  /** As retire-credential does: not before the grace is over, and with evidence. */
  async retire(how: Of<'retire'>): Promise<void> {
    if (!this.story) return;
    const { token: versionId, previous: previousVersionId, promotedAt, notBefore } = this.story;
    const isEmergency = versionId.startsWith('keyturn-emergency-');
    if (!isEmergency && this.now < notBefore) return;
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
        return this.labelUpdated(await this.subject.putByHand(), one.event);
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
      case 'execution is lost':
        this.story = undefined;
        return;
      case 'audit':
        return this.audit(one);
    }
  }

  tell(row: Omit<Row, 'at'>): void {
    this.rows.push({ at: new Date(this.now), ...row });
  }

  /** Secrets Manager's event about AWSCURRENT, as the workflow takes it. */
  async labelUpdated(versionId: string, event: 'once' | 'twice' | 'lost'): Promise<void> {
    for (let time = 0; time < { lost: 0, once: 1, twice: 2 }[event]; time += 1) {
      const { path } = decide(
        { startedBy: 'hand', secretId: 'a', versionId } as RotationRequest,
        await this.describe(),
        { gracePeriodSeconds: GRACE_SECONDS, rotated: true },
        'by-hand',
      );
      if (path === 'promoted-by-hand') this.tell({ type: 'Rotation Started', versionId, path });
      await this.laptop.clock.advance(1);
    }
  }

  /** When everything has had its time: what the audit finds and can mend, is mended; looked at again, nothing is left. */
  async audit({ kill }: Of<'audit'>): Promise<void> {
    await this.laptop.clock.advance(AUDIT_PATIENCE);
    await this.quiet();
    const around = this.surroundings();
    const found = await audit(around);
    for (const { code } of found) countIn(findingsByCode, code);
    await this.armed(kill, async () => {
      for (const finding of found.filter(isMendable)) {
        // A process that died, and a roll-back that is refused in our words, are told to whoever asked.
        await repair(around, finding).catch((error) => {
          if (!(error instanceof KeyturnError) && error.name !== 'Killed') throw error;
        });
      }
    });
    // A second look mends what the first one's repair has brought to light, and what its death has left.
    for (const finding of (await audit(this.surroundings())).filter(isMendable)) {
      await repair(this.surroundings(), finding).catch((error) => {
        if (!(error instanceof KeyturnError)) throw error;
      });
    }
    const left = (await audit(this.surroundings())).filter((finding) => isMendable(finding) && finding.isSafe);
    this.unmended.push(...left.map(({ code, message }) => `${code} is there after its repair: ${message}`));
  }

  surroundings(): Surroundings {
    const { laptop, subject, rows, managedSince } = this;
    return {
      laptop,
      secret: subject.secret,
      managedSince,
      rows,
      settings: this.settings,
      isRetiring: (versionId) => this.story?.token === versionId,
      started: (machine, input) => this.started(machine, input),
    };
  }

  async started(machine: string, input: any): Promise<void> {
    if (machine === 'propagate') return this.tell({ type: 'Consumer Converged', versionId: input.versionId });
    if (machine === 'retire') {
      const { versionId: token, previousVersionId: previous, promotedAt, gracePeriodSeconds } = input;
      this.story = { token, previous, promotedAt, notBefore: this.now + gracePeriodSeconds * 1000 };
      return;
    }
    if (input.startedBy === 'hand') return this.labelUpdated(input.versionId, 'once');
    const decided = decide(
      parse('The input', RotationRequest, input),
      await this.describe(),
      { gracePeriodSeconds: GRACE_SECONDS, rotated: true },
      'roll-back',
    );
    if (decided.repair) {
      await this.subject.secret.invoke(JSON.parse(JSON.stringify(decided.repair)));
      return;
    }
    const { versionId: token, previousVersionId: previous = '' } = decided;
    this.story = { token, previous, promotedAt: new Date(this.now).toISOString(), notBefore: this.now };
    await this.failedCheck({ kind: 'failed check', secret: 0, kill: null, twice: false });
  }

  /** The promises, at any moment. Answers what is broken. */
  async broken(): Promise<string[]> {
    const found = [...this.unmended, ...this.refusedAt.map((where) => `AWSCURRENT was refused around ${where}`)];
    const { secret: managed } = this.subject;
    const works = (value: string) => this.subject.works(value);
    const stages = await managed.stages();
    const current = Object.entries(stages).filter(([, labels]) => labels.includes('AWSCURRENT'));
    if (current.length !== 1) found.push(`${current.length} versions are AWSCURRENT`);
    if (current.some(([, labels]) => labels.includes('KEYTURN_FAILED')))
      found.push('AWSCURRENT carries KEYTURN_FAILED');
    if (!(await works(managed.value()))) found.push('AWSCURRENT is refused by its target');
    for (const { value, versionId, readAt } of this.consumers) {
      const isFresh = this.now - readAt <= MOST_AGE_SECONDS * 1000;
      const isSpared = readAt >= this.emergencyAt && !this.rolledBack.has(versionId);
      if (isFresh && isSpared && !(await works(value)))
        found.push(`a consumer was refused with ${versionId}, which it read ${(this.now - readAt) / 1000} s ago`);
    }
    return found;
  }
}

export { Life };
