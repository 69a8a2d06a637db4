import { sleep } from '../../../packages/laptop/clock.ts';
import { eventually } from '../../eventually.ts';
import type { MachineState } from './machine-states.ts';
import { BOUND_SECONDS, consumerOf, mirrorOf } from './outages-stack.ts';
import type { Point, World } from './world.ts';

/** One secret on its way, and what people, vendors and other tools do to it meanwhile. */
export class Trial {
  readonly world: World;
  readonly name: string;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  get vendor() {
    const vendor = this.world.vendors.get(this.name);
    if (!vendor) throw new Error(`${this.name} has no vendor.`);
    return vendor;
  }

  rotate(more: object = {}) {
    return this.world.stage.run('rotate-secret', { secretId: this.name, ...more });
  }

  /** Past the API, so that an outage does not keep a person from it: what the check does from now on. */
  gate(state: 'closed' | 'mute' | 'open'): void {
    this.world.stage.secret(this.name).tags = state === 'open' ? [] : [{ Key: 'gate', Value: state }];
  }

  /** Past the API: another tool's candidate, or a late invocation's, under AWSPENDING. */
  putPending(versionId: string): void {
    const { versions } = this.world.stage.secret(this.name);
    const known = versions.get(versionId);
    if (known) known.stages.add('AWSPENDING');
    else {
      const value = { string: JSON.stringify({ api_key: 'of-another-tool', api_key_id: 'key-of-another-tool' }) };
      versions.set(versionId, { versionId, createdAt: new Date(), value, stages: new Set(['AWSPENDING']) });
    }
  }

  pause(seconds: number): Promise<void> {
    return sleep(this.world.stage.cloud.clock, seconds * 1_000);
  }
}

export interface Path {
  readonly name: string;
  readonly consumers: Point['consumers'];
  /** Ends when nothing more is begun; what was begun may go on. */
  walk(trial: Trial): Promise<unknown>;
  /** What happens as a state is entered, for the n-th time. */
  entering?(trial: Trial, state: MachineState, nth: number): void;
}

const notified = { consumers: 'notified' } as const;
const recycled = { consumers: 'recycled' } as const;

/** Ways through the machines, the plain ones first: a state is tried on the first way that leads to it. */
export const paths: readonly Path[] = [
  { name: 'a rotation', ...notified, walk: (trial) => trial.rotate() },
  { name: 'a rotation with a recycled consumer', ...recycled, walk: (trial) => trial.rotate() },
  { name: 'a check', ...notified, walk: (trial) => trial.rotate({ operation: 'check' }) },
  {
    name: 'a label event about a value that nobody put',
    ...notified,
    walk: (trial) =>
      trial.rotate({ startedBy: 'hand', versionId: String(trial.world.stage.label(trial.name, 'AWSCURRENT')) }),
  },
  {
    name: 'a check that fails',
    ...notified,
    walk(trial) {
      trial.gate('closed');
      return trial.rotate();
    },
  },
  {
    name: 'a check without a verdict, which passes later',
    ...notified,
    walk(trial) {
      trial.gate('mute');
      return trial.rotate();
    },
    entering(trial, state, nth) {
      if (state === 'retire-credential JudgeChecksAgain' && nth === 1) trial.gate('open');
    },
  },
  {
    name: 'a check without a verdict, which fails later',
    ...notified,
    walk(trial) {
      trial.gate('mute');
      return trial.rotate();
    },
    entering(trial, state) {
      if (state === 'retire-credential WaitForGrace') trial.gate('closed');
    },
  },
  {
    name: 'a candidate that the vendor refuses, and a late invocation',
    ...notified,
    walk(trial) {
      trial.vendor.refusesNewKeys = true;
      return trial.rotate();
    },
    entering(trial, state, nth) {
      if (state !== 'rotate-secret WaitForStragglers' || nth > 1) return;
      const candidate = [...trial.world.stage.secret(trial.name).versions.keys()].find((id) =>
        id.startsWith('keyturn-'),
      );
      trial.putPending(String(candidate));
    },
  },
  {
    name: 'a candidate of another tool, given up',
    ...notified,
    walk(trial) {
      trial.putPending('00000000-0000-4000-8000-000000000001');
      return trial.rotate({ force: true });
    },
  },
  {
    name: 'a rotation that retires the previous credential first',
    ...notified,
    async walk(trial) {
      await trial.rotate();
      await trial.pause(BOUND_SECONDS + 3);
      return trial.rotate({ retireNow: true });
    },
  },
  {
    name: 'a rotation whose previous credential is in use',
    ...notified,
    async walk(trial) {
      await trial.rotate();
      trial.vendor.use(true);
      return trial.rotate({ retireNow: true });
    },
    entering(trial, state) {
      if (state === 'retire-credential RetirementFailed') trial.vendor.use(false);
    },
  },
  {
    name: 'a roll-back by hand',
    ...notified,
    async walk(trial) {
      await trial.rotate();
      return trial.rotate({ operation: 'roll-back' });
    },
  },
  {
    name: 'a mirror that is behind',
    ...notified,
    walk(trial) {
      const { faults } = trial.world.stage.cloud;
      faults.add({ id: trial.name, kind: 'error', service: 'ssm', operation: 'PutParameter', ...refusedMirror(trial) });
      return trial.rotate();
    },
    entering(trial, state, nth) {
      const isLater = state === 'await-convergence WaitForEvidence' && nth > 2;
      if (isLater || state === 'retire-credential PropagateAgain') trial.world.stage.cloud.faults.remove(trial.name);
    },
  },
  {
    name: 'a recycle that is refused half-way',
    ...recycled,
    walk: (trial) => trial.rotate(),
    entering(trial, state, nth) {
      if (state === 'await-convergence WaitForEvidence' && nth === 1) void fillEnvironment(trial);
    },
  },
  {
    name: 'a vendor that is away for two minutes',
    ...notified,
    async walk(trial) {
      trial.vendor.goAway();
      const rotation = trial.rotate();
      await trial.pause(120);
      trial.vendor.comeBack();
      return rotation;
    },
  },
];

const refusedMirror = ({ name }: Trial) => ({
  code: 'ParameterPatternMismatchException',
  resource: mirrorOf(name),
  rate: 1,
});

/** Somebody deploys a function whose variables leave no room for ours. */
async function fillEnvironment({ world, name }: Trial): Promise<void> {
  const FunctionName = consumerOf(name);
  const Environment = { Variables: { FULL: 'x'.repeat(4_070) } };
  await eventually(`a deployment of ${FunctionName}`, () =>
    world.stage.ask('lambda', 'UpdateFunctionConfiguration', { FunctionName, Environment }).catch((error: Error) => {
      if (error.name === 'ResourceConflictException' || error.name === 'ServiceException') return undefined;
      throw error;
    }),
  );
}
