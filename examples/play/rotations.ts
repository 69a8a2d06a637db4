import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  ListExecutionsCommand,
} from '@aws-sdk/client-sfn';
import { readStory } from '../../pipeline/history/story-rows.ts';
import { type Convergence, convergenceOf } from './convergence.ts';
import type { Stage } from './stage.ts';
import { until } from './wait.ts';

/** One rotation, as the report has it. */
export interface RotationRecord {
  readonly secret: string;
  readonly kind: string;
  readonly startedBy: string;
  readonly outcome: 'succeeded' | 'rolled-back' | 'failed';
  readonly durationMs: number;
  /** Filled in at the end of the play: what was measured by then, and nothing else. */
  convergence: Convergence;
  readonly checks: { name: string; ok: boolean }[];
  /** Filled in when the whole story of the rotation is over. */
  secretsManagerWrites: number;
}

/** All of a play. */
const STORY_ROWS = 300;
const WRITES = ['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage'];

/** A session that is still open is asked about ever less often. */
const RETIREMENT_SECONDS = 240;

/** Follows the rotations of the example by what Step Functions and Secrets Manager say of them. */
export class Rotations {
  readonly records: RotationRecord[] = [];
  readonly #rotated: { secretArn: string; versionId: string }[] = [];
  readonly #stage: Stage;
  readonly #starts: { secret: string; sequence: number }[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Starts a rotation in some way, and waits for the end of its execution. */
  async follow(
    secret: string,
    kind: string,
    startedBy: string,
    start: () => Promise<unknown>,
  ): Promise<{ record: RotationRecord; cause: string }> {
    const before = new Set((await this.#executions()).map(({ executionArn }) => executionArn));
    this.#starts.push({ secret, sequence: this.#sequence() });
    await start();
    const execution = await until(`the end of the rotation of ${secret}`, async () => {
      for (const { executionArn } of await this.#executions()) {
        if (before.has(executionArn)) continue;
        const described = await this.#stage.machines.send(new DescribeExecutionCommand({ executionArn }));
        if (await this.#isAbout(described, secret, startedBy)) {
          return described.status === 'RUNNING' ? undefined : described;
        }
      }
      return undefined;
    });
    const record = recordOf(execution, { secret, kind, startedBy });
    this.records.push(record);
    const { secretArn = '', versionId = '' } = JSON.parse(execution.output ?? '{}');
    this.#rotated.push({ secretArn, versionId });
    return { record, cause: execution.cause ?? '' };
  }

  /** Waits until the previous credential of a secret has been retired. */
  async retired(secret: string): Promise<void> {
    await until(
      `the retirement of the previous credential of ${secret}`,
      async () => {
        const { VersionIdsToStages = {} } = await this.#stage.secrets.send(
          new DescribeSecretCommand({ SecretId: secret }),
        );
        const inFlight = Object.values(VersionIdsToStages).some(
          (stages) => stages.includes('KEYTURN_IN_FLIGHT') && stages.includes('AWSCURRENT'),
        );
        return inFlight ? undefined : true;
        // A session that is still open is asked about ever less often.
      },
      RETIREMENT_SECONDS,
    );
  }

  /** How far each rotation's consumers are by now. What was rolled back has none. */
  async lookAtConvergence(): Promise<void> {
    const stage = this.#stage;
    const table = stage.resource('AWS::DynamoDB::Table', 'History');
    for (const [index, record] of this.records.entries()) {
      const { secretArn, versionId } = this.#rotated[index] as { secretArn: string; versionId: string };
      if (record.outcome !== 'succeeded') continue;
      const story = await readStory(stage.tables, { table, secretArn, limit: STORY_ROWS });
      record.convergence = convergenceOf(story, versionId, new Date());
    }
  }

  /** Writes of each rotation: those on its secret from its start until the next one of the same secret. */
  countWrites(): void {
    for (const [index, record] of this.records.entries()) {
      const start = this.#starts[index];
      if (!start) continue;
      const next = this.#starts.slice(index + 1).find(({ secret }) => secret === start.secret);
      const calls = this.#stage.cloud.recorder.calls({
        service: 'secretsmanager',
        resource: `:secret:${start.secret}-`,
        afterSequence: start.sequence,
        outcome: 'ok',
      });
      record.secretsManagerWrites = calls.filter(
        ({ operation, sequence }) => WRITES.includes(operation) && (!next || sequence <= next.sequence),
      ).length;
    }
  }

  #sequence(): number {
    return this.#stage.cloud.recorder.calls({}).at(-1)?.sequence ?? 0;
  }

  async #executions() {
    const { region, accountId } = this.#stage.cloud;
    const stateMachineArn = `arn:aws:states:${region}:${accountId}:stateMachine:keyturn-rotate-secret`;
    const { executions = [] } = await this.#stage.machines.send(new ListExecutionsCommand({ stateMachineArn }));
    return executions.map(({ executionArn = '' }) => ({ executionArn }));
  }

  async #isAbout(execution: DescribeExecutionCommandOutput, secret: string, startedBy: string): Promise<boolean> {
    const input = JSON.parse(execution.input ?? '{}');
    const named = String(input.secretId);
    return (named === secret || named.includes(`:secret:${secret}-`)) && input.startedBy === startedBy;
  }
}

function recordOf(
  execution: DescribeExecutionCommandOutput,
  about: { secret: string; kind: string; startedBy: string },
): RotationRecord {
  const output = JSON.parse(execution.output ?? '{}');
  const started = execution.startDate?.getTime() ?? 0;
  const ended = execution.stopDate?.getTime() ?? started;
  const outcome = execution.status === 'SUCCEEDED' ? 'succeeded' : 'failed';
  return {
    ...about,
    outcome: execution.error === 'RotationRolledBack' ? 'rolled-back' : outcome,
    durationMs: ended - started,
    convergence: { state: 'unpublished' },
    checks: (output.checks ?? []).map(checkOf),
    secretsManagerWrites: 0,
  };
}

/** A check says how it ended by its outcome, or by `ok`. */
function checkOf({ name, ok, outcome }: { name: string; ok?: boolean; outcome?: string }) {
  return { name, ok: outcome === undefined ? ok === true : outcome === 'passed' };
}
