import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Execution } from '../../packages/laptop/services/states/state.ts';
import { BranchRecord } from './branches.ts';
import { PREVIOUS, SECRET_ARN, TOKEN } from './rotation.ts';
import { FunctionFailed, functionArn, MachineWorld, serviceFailed } from './world.ts';

let world: MachineWorld;
const record = new BranchRecord('retire-credential');
beforeAll(async () => {
  world = await MachineWorld.start();
}, 60_000);
afterAll(() => world?.laptop.cloud.close());
beforeEach(() => {
  world.laptop.cloud.faults.clear();
  world.reset();
});

const free = { verdict: 'free', observed: 'no session of the login', blockers: [] };
const inUse = { verdict: 'in-use', observed: 'one session', blockers: ['billing from 10.0.0.1'] };
const check = { name: 'login', type: 'database', functionArn: functionArn('Check'), parameters: {} };
const mirror = { to: 'parameter', parameterName: '/app/db' };

const request = (more: object = {}) => ({
  secretArn: SECRET_ARN,
  secretName: 'app/db',
  kind: 'postgres',
  startedBy: 'console',
  versionId: TOKEN,
  previousVersionId: PREVIOUS,
  promotedAt: '2026-01-01T00:00:00.000Z',
  rotationFunctionArn: functionArn('Rotate'),
  gracePeriodSeconds: 60,
  evidenceIntervalSeconds: 60,
  emergency: false,
  ...more,
});

/** What the rotation function answers to each operation, one answer after the other; the last one stays. */
function rotatorSays(answers: { GatherEvidence?: unknown[]; Retire?: unknown[] }): void {
  const { GatherEvidence = [free], Retire = [{ retired: true }] } = answers;
  const left: Record<string, unknown[]> = { GatherEvidence: [...GatherEvidence], Retire: [...Retire] };
  world.functions.Rotate = ({ operation }) => {
    const turns = left[operation] as unknown[];
    const answer = turns.length > 1 ? turns.shift() : turns[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

async function retire(more: object = {}): Promise<Execution> {
  const execution = await world.run('retire-credential', request(more));
  record.add(world.executions('retire-credential'));
  return execution;
}
const outcome = (execution: Execution) => JSON.parse(String(execution.output)).outcome;
const reported = () => world.reports().map(({ report }) => report);
const operations = () => world.callsOf('Rotate').map(({ payload }) => payload.operation);

describe('a retirement', () => {
  test('waits for the grace period, asks for evidence, retires and reports it', async () => {
    rotatorSays({});
    expect(outcome(await retire())).toBe('retired');
    expect(operations()).toEqual(['GatherEvidence', 'Retire']);
    expect(world.callsOf('Rotate')[0]?.atSeconds).toBeGreaterThanOrEqual(60);
    expect(reported()).toEqual(['retired']);
  });

  test('waits for the last consumer’s evidence where that comes after the grace period', async () => {
    rotatorSays({});
    const since = world.clock.now().getTime();
    await retire({ evidenceExpectedAt: new Date(since + 600_000).toISOString() });
    expect(world.clock.now().getTime() - since).toBeGreaterThanOrEqual(600_000);
  });

  test('that is superseded ends without a word, and retires nothing', async () => {
    rotatorSays({ GatherEvidence: [{ verdict: 'superseded', observed: 'AWSCURRENT has moved on', blockers: [] }] });
    expect(outcome(await retire())).toBe('superseded');
    expect(operations()).toEqual(['GatherEvidence']);
    expect(reported()).toEqual([]);
  });

  test('that is superseded between evidence and retirement ends without a word', async () => {
    rotatorSays({ Retire: [{ retired: false, reason: 'superseded' }] });
    expect(outcome(await retire())).toBe('superseded');
    expect(reported()).toEqual([]);
  });

  test('that is blocked says by whom, looks again and retires then', async () => {
    rotatorSays({ GatherEvidence: [inUse, inUse, free] });
    expect(outcome(await retire())).toBe('retired');
    expect(reported()).toEqual(['retirement-blocked', 'retirement-blocked', 'retired']);
    expect(world.reports('retirement-blocked').map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(world.reports('retirement-blocked')[0].evidence.blockers).toEqual(inUse.blockers);
  });

  test('that is asked for once and is blocked fails, with who blocks it, or until when', async () => {
    rotatorSays({ GatherEvidence: [inUse] });
    expect(await retire({ once: true })).toMatchObject({ status: 'FAILED', error: 'RetirementBlocked' });
    expect(world.reports('retirement-failed')[0].failure.cause).toContain('billing from 10.0.0.1');
    world.reset();
    rotatorSays({ GatherEvidence: [{ ...inUse, blockers: [], notBefore: '2026-02-01T00:00:00.000Z' }] });
    await retire({ once: true });
    expect(world.reports('retirement-failed')[0].failure.cause).toContain('until 2026-02-01T00:00:00.000Z');
    expect(operations()).toEqual(['GatherEvidence']);
  });

  test('that is still blocked after five hundred looks fails, and says what to do', async () => {
    rotatorSays({ GatherEvidence: [inUse] });
    expect(await retire()).toMatchObject({ status: 'FAILED', error: 'RetirementOverdue' });
    expect(operations()).toHaveLength(500);
    expect(world.reports('retirement-failed')[0].failure.cause).toContain('keyturn doctor');
  });

  test('of an emergency waits for neither evidence, nor mirrors, nor checks', async () => {
    rotatorSays({ GatherEvidence: [inUse] });
    const emergency = { emergency: true, gracePeriodSeconds: 0, mirrorsBehind: [mirror], checks: [check] };
    expect(outcome(await retire(emergency))).toBe('retired');
    expect(operations()).toEqual(['GatherEvidence', 'Retire']);
    expect(world.executions('propagate-secret')).toEqual([]);
    expect(world.callsOf('Check')).toEqual([]);
  });
});

describe('mirrors that are behind', () => {
  const mirrors = { mirrorsBehind: [mirror] };

  test('are brought along, and the credential is retired', async () => {
    rotatorSays({});
    world.functions.MirrorSecretFunction = () => ({ state: 'converged' });
    expect(outcome(await retire(mirrors))).toBe('retired');
    expect(world.callsOf('MirrorSecretFunction')).toHaveLength(1);
  });

  test('and stay so block the retirement, which names their readers', async () => {
    rotatorSays({});
    let turn = 0;
    world.functions.MirrorSecretFunction = () => {
      turn += 1;
      if (turn === 1) throw new FunctionFailed('MirrorFailed');
      return { state: 'converged' };
    };
    expect(outcome(await retire(mirrors))).toBe('retired');
    const [blocked] = world.reports('retirement-blocked');
    expect(blocked.evidence.blockers).toEqual(['readers of the mirror /app/db']);
    expect(operations()).toEqual(['GatherEvidence', 'GatherEvidence', 'Retire']);
  });

  test('that cannot be asked about block the retirement too', async () => {
    rotatorSays({});
    world.functions.MirrorSecretFunction = () => ({ state: 'converged' });
    const fault = {
      service: 'states',
      operation: 'StartExecution',
      kind: 'error',
      code: 'InvalidName',
      nth: 2,
    } as const;
    world.laptop.cloud.faults.add({ ...fault, times: 1 });
    expect(outcome(await retire(mirrors))).toBe('retired');
    expect(reported()).toContain('retirement-blocked');
  });

  test('are asked for again where Step Functions is throttled', async () => {
    rotatorSays({});
    world.functions.MirrorSecretFunction = () => ({ state: 'converged' });
    world.throttleNestedStart();
    expect(outcome(await retire(mirrors))).toBe('retired');
    expect(reported()).not.toContain('retirement-blocked');
  });

  test('come before the checks that had no verdict', async () => {
    rotatorSays({});
    world.functions.MirrorSecretFunction = () => ({ state: 'converged' });
    world.functions.Check = () => ({ outcome: 'passed' });
    expect(outcome(await retire({ ...mirrors, checks: [check] }))).toBe('retired');
    expect(world.callsOf('Check')).toHaveLength(1);
  });
});

describe('a check that had no verdict', () => {
  const checks = { checks: [check] };

  test('passes now: the credential is retired, and the check is reported', async () => {
    rotatorSays({});
    world.functions.Check = () => ({ outcome: 'passed' });
    expect(outcome(await retire(checks))).toBe('retired');
    expect(reported()).toEqual(['checks', 'retired']);
  });

  test.each([
    ['by its error', () => new FunctionFailed('CheckFailed')],
    ['by its answer', () => ({ outcome: 'failed' })],
  ])('fails now, %s: a roll-back is started, and nothing is retired', async (_how, answer) => {
    rotatorSays({});
    world.functions.Check = () => {
      const said = answer();
      if (said instanceof Error) throw said;
      return said;
    };
    world.functions.PrepareFunction = () => {
      throw new FunctionFailed('RollBackImpossible');
    };
    expect(outcome(await retire(checks))).toBe('roll-back-started');
    expect(operations()).toEqual(['GatherEvidence']);
    const [rollBack] = world.executions('rotate-secret').slice(-1);
    expect(JSON.parse(String(rollBack?.input))).toMatchObject({ operation: 'roll-back', expectedVersionId: TOKEN });
  });
});

describe('a check that still has no verdict', () => {
  const checks = { checks: [check] };

  test('blocks the retirement and is asked at the next look, whatever kept it', async () => {
    rotatorSays({});
    const answers = [new FunctionFailed('InputInvalid'), { outcome: 'inconclusive' }, { outcome: 'passed' }];
    world.functions.Check = () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    };
    expect(outcome(await retire(checks))).toBe('retired');
    expect(reported().filter((report) => report === 'retirement-blocked')).toHaveLength(2);
    expect(world.reports('retirement-blocked')[0].evidence.observed).toContain('no verdict');
  });

  test('of a transient fault is asked again at once', async () => {
    rotatorSays({});
    world.functions.Check = (_payload, call) => {
      if (call === 1) throw serviceFailed('TooManyRequestsException', 429);
      return { outcome: 'passed' };
    };
    expect(outcome(await retire(checks))).toBe('retired');
    expect(reported()).toEqual(['checks', 'retired']);
  });

  test('whose settings cannot be read blocks the retirement: that is no verdict', async () => {
    rotatorSays({ GatherEvidence: [free, { verdict: 'superseded', observed: 'moved on', blockers: [] }] });
    expect(outcome(await retire({ checks: ['no settings'] }))).toBe('superseded');
    expect(reported()).toEqual(['checks', 'retirement-blocked']);
    expect(operations()).not.toContain('Retire');
  });

  test('after five hundred looks ends the retirement, and says what to do', async () => {
    rotatorSays({});
    world.functions.Check = () => ({ outcome: 'inconclusive' });
    expect(await retire(checks)).toMatchObject({ status: 'FAILED', error: 'CheckInconclusive' });
    expect(operations()).not.toContain('Retire');
  });
});

describe('a roll-back', () => {
  const failed = () => {
    rotatorSays({});
    world.functions.Check = () => ({ outcome: 'failed' });
    world.functions.PrepareFunction = () => {
      throw new FunctionFailed('RollBackImpossible');
    };
  };
  const startExecution = { service: 'states', operation: 'StartExecution', kind: 'error', nth: 2, times: 1 } as const;

  test('that was started already, with the same name, is not started again', async () => {
    failed();
    const twice = { checks: [check], versionId: `${TOKEN}-1` };
    expect([outcome(await retire(twice)), outcome(await retire(twice))]).toEqual(Array(2).fill('roll-back-started'));
    const rollBacks = world.executions('rotate-secret').filter(({ input }) => String(input).includes(`${TOKEN}-1`));
    expect(rollBacks).toHaveLength(1);
  });

  test('that a passing fault kept from starting is started again', async () => {
    failed();
    world.laptop.cloud.faults.add({ ...startExecution, code: 'ServiceUnavailable', httpStatus: 503 });
    expect(outcome(await retire({ checks: [check], versionId: `${TOKEN}-2` }))).toBe('roll-back-started');
  });

  test('that cannot be started for good is a failure with its reason: nothing is retired', async () => {
    failed();
    world.laptop.cloud.faults.add({ ...startExecution, code: 'InvalidName', httpStatus: 400 });
    const execution = await retire({ checks: [check], versionId: `${TOKEN}-3` });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'StepFunctions.InvalidNameException' });
    expect(reported()).toEqual(['checks', 'retirement-failed']);
  });
});

describe.each(['GatherEvidence', 'Retire'] as const)('%s', (operation) => {
  const answer = operation === 'Retire' ? { retired: true } : free;

  test('is tried again while the target is away', async () => {
    rotatorSays({ [operation]: [new FunctionFailed('TargetUnavailable'), serviceFailed('ServiceException'), answer] });
    expect(outcome(await retire())).toBe('retired');
    expect(operations().filter((one) => one === operation)).toHaveLength(3);
  });

  test('that no further try helps is tried once, and reported with its error', async () => {
    rotatorSays({ [operation]: [new FunctionFailed('TargetRefused', 'the key is another owner’s')] });
    expect(await retire()).toMatchObject({ status: 'FAILED', error: 'TargetRefused' });
    expect(operations().filter((one) => one === operation)).toHaveLength(1);
    expect(world.reports('retirement-failed')[0].failure).toMatchObject({ code: 'TargetRefused' });
    expect(reported()).toEqual(['retirement-failed']);
  });
});

describe.each([
  ['retired', {}, 'SUCCEEDED'],
  ['retirement-blocked', { GatherEvidence: [inUse, free] }, 'SUCCEEDED'],
  ['checks', {}, 'SUCCEEDED'],
  ['retirement-failed', { Retire: [new FunctionFailed('TargetRefused')] }, 'FAILED'],
])('the report %s', (report, answers, status) => {
  const given = (fail: (turn: number) => Error | undefined) => {
    rotatorSays(answers);
    world.functions.Check = () => ({ outcome: 'passed' });
    let turn = 0;
    world.functions.ReportFunction = (told) => {
      const error = told.report === report ? fail(++turn) : undefined;
      if (error) throw error;
      return { code: told.failure?.code ?? told.report, message: told.report };
    };
  };

  test('is made again after a passing fault', async () => {
    given((turn) => (turn === 1 ? serviceFailed('ServiceException') : undefined));
    expect(await retire({ checks: [check] })).toMatchObject({ status });
    expect(reported().filter((one) => one === report)).toHaveLength(2);
  });

  test('changes nothing of the outcome where it cannot be made; a failure says that it could not be published', async () => {
    given(() => new FunctionFailed('InputInvalid'));
    const execution = await retire({ checks: [check] });
    expect(execution).toMatchObject({ status });
    if (status === 'FAILED')
      expect(execution).toMatchObject({ error: 'ReportFailed', cause: expect.stringContaining('TargetRefused: ') });
    else expect(outcome(execution)).toBe('retired');
    expect(reported().filter((one) => one === report)).toHaveLength(1);
  });
});

test('a retirement that looks once ends where a check has no verdict', async () => {
  rotatorSays({});
  world.functions.Check = () => {
    throw new FunctionFailed('NoRoute');
  };
  expect(await retire({ checks: [check], once: true })).toMatchObject({ status: 'FAILED', error: 'CheckInconclusive' });
  expect(operations()).toEqual(['GatherEvidence']);
});

/** Branches that no input reaches, each with its reason. */
const outOfReach = {
  'RunChecksAgain Catch 0':
    'Its iterations catch everything, and its own expressions fail on no input; every Map has a Catch.',
};

test('every branch of retire-credential was entered, but for those that no input reaches', () => {
  expect(record.notEntered()).toEqual(Object.keys(outOfReach));
});
