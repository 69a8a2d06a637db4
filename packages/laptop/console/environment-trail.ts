import type { EnvironmentRecord } from '../environments/pool.ts';
import type { RunningCloud } from '../running-cloud.ts';
import type { LambdaService } from '../services/lambda/service.ts';

const KEPT_MILLISECONDS = 5 * 60_000;
const MOST_KEPT = 200;

/** The environments that ended a short time ago: without them a viewer would not see one turn into another. */
export class EnvironmentTrail {
  #ended: EnvironmentRecord[] = [];
  #isAttached = false;
  readonly #cloud: RunningCloud;

  constructor(cloud: RunningCloud) {
    this.#cloud = cloud;
  }

  /** From now on. May be called again. */
  attach(): void {
    const lambda = this.#cloud.services.get('lambda') as LambdaService | undefined;
    if (this.#isAttached || !lambda) return;
    this.#isAttached = true;
    lambda.onEnvironment((record) => {
      if (record.state === 'ended') this.#ended = [...this.#ended, record].slice(-MOST_KEPT);
    });
  }

  /** Those of a function that ended within the last minutes, the last first. */
  endedOf(functionArn: string): EnvironmentRecord[] {
    const oldest = this.#cloud.clock.now().getTime() - KEPT_MILLISECONDS;
    return this.#ended
      .filter((record) => record.functionArn === functionArn && record.since.getTime() >= oldest)
      .reverse();
  }
}
