import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { BranchRecord } from './branches.ts';
import { consumerOf, PREVIOUS, SECRET_ARN, TOKEN } from './rotation.ts';
import { EPOCH, FunctionFailed, functionArn, MachineWorld, serviceFailed } from './world.ts';

let world: MachineWorld;
beforeAll(async () => {
  world = await MachineWorld.start();
}, 60_000);
afterAll(() => world?.laptop.cloud.close());
const record = new BranchRecord('await-convergence');
afterEach(() => record.add(world.executions('await-convergence')));
let isCurrent = true;
beforeEach(() => {
  world.reset();
  isCurrent = true;
  world.secretsManager.DescribeSecret = () => ({
    VersionIdsToStages: { [isCurrent ? TOKEN : PREVIOUS]: ['AWSCURRENT'] },
  });
});

const notified = consumerOf('shop', 'Shop');
const expiring = { ...consumerOf('cron', 'Cron', 'expire'), maxAgeSeconds: 30, longestInvocationSeconds: 0 };
const recycled = consumerOf('api', 'Api', 'recycle');
const parameterMirror = { to: 'parameter', parameterName: '/app/db' } as const;

/** Propagates the version now, and answers what `propagate-secret` says; the seconds count from then. */
async function propagate(more: object): Promise<{ output: any; promotedAt: number }> {
  const promotedAt = Math.ceil(world.clock.now().getTime() / 1000) * 1000;
  const change = { secretArn: SECRET_ARN, secretName: 'app/db', versionId: TOKEN };
  const input = { ...change, promotedAt: new Date(promotedAt).toISOString(), consumers: [], mirrors: [], ...more };
  const execution = await world.run('propagate-secret', input);
  expect(execution).toMatchObject({ status: 'SUCCEEDED' });
  return { output: JSON.parse(execution.output as string), promotedAt };
}
const awaiting = () => world.executions('await-convergence').at(-1);
async function converge(): Promise<any> {
  await world.pass(() => awaiting()?.status !== 'RUNNING');
  return awaiting()?.output && JSON.parse(awaiting()?.output as string);
}
const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
/** What was reported, each with the second after the promotion. */
const story = (promotedAt: number) =>
  world.calls
    .filter(({ name }) => name === 'ReportFunction')
    .flatMap(({ atSeconds, payload }) =>
      [...(payload.consumers ?? []), ...(payload.mirrors ?? [])].map((one) => {
        const second = Math.round(EPOCH / 1000 + atSeconds - promotedAt / 1000);
        const state = payload.report === 'converged' ? `converged by ${one.evidence}` : (one.state ?? payload.report);
        return `${one.consumer ?? one.mirror}: ${state} after ${second} s`;
      }),
    );

describe('propagate-secret', () => {
  test('returns before anybody has converged, and promises nothing', async () => {
    world.functions.Shop = () => ({ keyturn: { environmentId: 'one' } });
    world.functions.RecycleConsumerFunction = () => ({ done: false, waitingFor: 'the update' });
    const { output, promotedAt } = await propagate({ consumers: [notified, expiring, recycled] });
    expect(world.clock.now().getTime() - promotedAt).toBeLessThan(2_000);
    expect(output).toEqual({
      consumers: [
        {
          consumer: 'shop',
          freshness: 'notify',
          state: 'converging',
          expectedAt: iso(promotedAt + 330_000),
          sample: { environmentId: 'one' },
        },
        { consumer: 'cron', freshness: 'expire', state: 'converging', expectedAt: iso(promotedAt + 30_000) },
        { consumer: 'api', freshness: 'recycle', state: 'converging', expectedAt: iso(promotedAt + 330_000) },
      ],
      mirrors: [],
    });
    expect(world.reports('propagated')).toMatchObject([{ consumers: output.consumers, mirrors: [] }]);
    expect(world.reports('converged')).toEqual([]);
  });

  test('a consumer whose function cannot start lags at once, with the reason, and its bound runs', async () => {
    world.functions.Shop = () => {
      throw new FunctionFailed('Runtime.ImportModuleError', "Cannot find module 'index'");
    };
    const { output, promotedAt } = await propagate({ consumers: [notified] });
    expect(world.clock.now().getTime() - promotedAt).toBeLessThan(2_000);
    expect(output.consumers).toEqual([
      {
        consumer: 'shop',
        freshness: 'notify',
        state: 'lagging',
        reason: expect.stringMatching(/^Runtime\.ImportModuleError: .*Cannot find module/),
        expectedAt: iso(promotedAt + 330_000),
      },
    ]);
    await converge();
    expect(story(promotedAt)).toEqual(['shop: lagging after 0 s', 'shop: converged by bound after 330 s']);
  });

  test('a throttled notice is sent again', async () => {
    world.functions.Shop = (_, call) => {
      if (call < 4) throw serviceFailed('TooManyRequestsException', 429);
      return {};
    };
    const { output } = await propagate({ consumers: [notified] });
    expect(output.consumers).toMatchObject([{ state: 'converging' }]);
  });

  test('a recycle that is refused lags until its bound; a mirror that is behind lags until it is in step', async () => {
    world.functions.RecycleConsumerFunction = () => {
      throw new FunctionFailed('RecycleRefused', 'the environment would not fit');
    };
    world.functions.MirrorSecretFunction = (_, call) => {
      if (call < 3) throw new FunctionFailed('MirrorFailed', 'the key is disabled');
      return { mirror: '/app/db', changed: true };
    };
    const { output, promotedAt } = await propagate({ consumers: [recycled], mirrors: [parameterMirror] });
    expect(output.consumers).toMatchObject([{ state: 'lagging', reason: expect.stringContaining('RecycleRefused') }]);
    expect(output.mirrors).toMatchObject([{ mirror: '/app/db', state: 'lagging' }]);
    expect(await converge()).toMatchObject({ outcome: 'converged', mirrorsBehind: [] });
    expect(story(promotedAt)).toEqual([
      'api: lagging after 0 s',
      '/app/db: lagging after 0 s',
      '/app/db: in-step after 75 s',
      'api: converged by bound after 330 s',
    ]);
  });

  test('with nobody to bring along, nothing is watched', async () => {
    world.functions.MirrorSecretFunction = () => ({ mirror: '/app/db', changed: true });
    const { output } = await propagate({ mirrors: [parameterMirror] });
    expect(output).toEqual({ consumers: [], mirrors: [{ mirror: '/app/db', state: 'in-step' }] });
    expect(world.executions('await-convergence')).toEqual([]);
  });

  test('the same promotion propagated twice is watched once, another promotion of the version anew', async () => {
    const first = await propagate({ consumers: [expiring] });
    const again = { consumers: [expiring], promotedAt: iso(first.promotedAt) };
    await propagate(again);
    expect(world.executions('await-convergence')).toHaveLength(1);
    await converge();
    await propagate({ consumers: [expiring] });
    expect(world.executions('await-convergence')).toHaveLength(2);
  });
});

describe('await-convergence', () => {
  test('publishes each consumer when its bound is over, in the order of the bounds', async () => {
    world.functions.Shop = () => ({});
    const { promotedAt } = await propagate({ consumers: [notified, expiring] });
    expect(await converge()).toMatchObject({ outcome: 'converged', versionId: TOKEN });
    expect(story(promotedAt).slice(2)).toEqual([
      'cron: converged by bound after 30 s',
      'shop: converged by bound after 330 s',
    ]);
    expect(world.reports('converged')[0].consumers).toEqual([
      { consumer: 'cron', freshness: 'expire', evidence: 'bound', convergedAt: iso(promotedAt + 30_000) },
    ]);
  });

  test('a recycle is gone on with until it is done, and the longest invocation is over', async () => {
    world.functions.RecycleConsumerFunction = (_, call) =>
      call < 4 ? { done: false, waitingFor: 'the update' } : { done: true, timeoutSeconds: 30 };
    const { promotedAt } = await propagate({ consumers: [recycled] });
    await converge();
    expect(story(promotedAt)).toEqual([
      'api: converging after 0 s',
      expect.stringMatching(/^api: converged by recycled/),
    ]);
    const [{ consumers }] = world.reports('converged');
    const doneAt = world.callsOf('RecycleConsumerFunction').at(-1)?.atSeconds ?? 0;
    expect(consumers[0].convergedAt).toBe(iso(EPOCH + (doneAt + 30) * 1000));
  });

  test('a recycle that is overdue lags from then on, and its bound is its evidence', async () => {
    const slow = { ...recycled, maxAgeSeconds: 7_200 };
    world.functions.RecycleConsumerFunction = ({ since }) => {
      if (world.clock.now().getTime() - Date.parse(since) < 1_800_000) return { done: false, waitingFor: 'the update' };
      throw new FunctionFailed('RecycleOverdue', 'look at the function');
    };
    const { promotedAt } = await propagate({ consumers: [slow] });
    await converge();
    const [converging, lagging, converged] = story(promotedAt);
    expect(converging).toBe('api: converging after 0 s');
    expect(lagging).toMatch(/^api: lagging after 18\d\d s$/);
    expect(converged).toBe('api: converged by bound after 7230 s');
  });

  test('ends as superseded where another version is current when it wakes, and publishes nothing', async () => {
    const { promotedAt } = await propagate({ consumers: [expiring] });
    isCurrent = false;
    expect(await converge()).toMatchObject({ outcome: 'superseded' });
    expect(story(promotedAt)).toEqual(['cron: converging after 0 s']);
  });

  test('Secrets Manager away for a quarter of an hour: the evidence is published when it is back', async () => {
    const { promotedAt } = await propagate({ consumers: [expiring] });
    const describeSecret = world.secretsManager.DescribeSecret;
    world.secretsManager.DescribeSecret = (input, call) => {
      if (world.clock.now().getTime() < promotedAt + 930_000) throw serviceFailed('InternalServiceError');
      return describeSecret?.(input, call);
    };
    expect(await converge()).toMatchObject({ outcome: 'converged' });
    expect(world.reports('converged')[0].consumers).toMatchObject([{ convergedAt: iso(promotedAt + 30_000) }]);
  });

  test('where it cannot look, its consumers lag with the reason, and the execution fails', async () => {
    const { promotedAt } = await propagate({ consumers: [expiring] });
    world.secretsManager.DescribeSecret = () => {
      throw serviceFailed('ResourceNotFoundException', 400);
    };
    await converge();
    expect(awaiting()).toMatchObject({ status: 'FAILED', error: 'SecretsManager.ResourceNotFoundException' });
    expect(story(promotedAt).at(-1)).toBe('cron: lagging after 30 s');
  });

  test('a parameter has versions as well', async () => {
    const parameter = {
      secretArn: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/flag',
      secretName: '/app/flag',
      versionId: '7.label.0123abcd',
      parameterFunctionArn: functionArn('LookAtParameter'),
    };
    world.functions.LookAtParameter = () => ({ version: 7 });
    await propagate({ ...parameter, consumers: [expiring] });
    expect(await converge()).toMatchObject({ outcome: 'converged' });
    expect(world.callsOf('LookAtParameter')[0]?.payload).toEqual({
      parameterName: '/app/flag',
    });
    world.functions.LookAtParameter = () => ({ version: 8 });
    await propagate({ ...parameter, consumers: [expiring] });
    expect(await converge()).toMatchObject({ outcome: 'superseded' });
  });

  test('a mirror that is never in step ends it after days, within what a history holds', async () => {
    world.functions.MirrorSecretFunction = () => {
      throw new FunctionFailed('MirrorFailed', 'the key is disabled');
    };
    await propagate({
      consumers: [expiring],
      mirrors: [1, 2, 3].map((one) => ({ ...parameterMirror, parameterName: `/app/${one}` })),
    });
    expect(await converge()).toMatchObject({ mirrorsBehind: ['/app/1', '/app/2', '/app/3'] });
    expect(awaiting()?.history.length).toBeLessThan(20_000);
  }, 60_000);
});

describe('what keeps await-convergence from its work', () => {
  const passing = serviceFailed('ServiceException');
  const forGood = new FunctionFailed('InputInvalid', 'a fault in the request');
  /** The first reports of this kind, after the one of propagate-secret where that is of the same kind, fail. */
  const failReports = (report: string, error: Error, times: number, after = 0) => {
    let turn = 0;
    world.functions.ReportFunction = (payload) => {
      if (payload.report !== report) return {};
      turn += 1;
      if (turn > after && turn <= after + times) throw error;
      return {};
    };
  };
  const behindAtFirst = () => {
    world.functions.Shop = () => ({});
    world.functions.MirrorSecretFunction = (_, call) => {
      if (call < 3) throw new FunctionFailed('MirrorFailed', 'the key is disabled');
      return { mirror: '/app/db' };
    };
  };
  const overdueAtSecond = () => {
    world.functions.RecycleConsumerFunction = (_, call) => {
      if (call > 1) throw new FunctionFailed('RecycleOverdue', 'look at the function');
      return { done: false, waitingFor: 'the update' };
    };
  };
  const scenes: [string, string, number, () => void, object][] = [
    ['evidence', 'converged', 0, () => {}, { consumers: [expiring] }],
    ['mirrors in step', 'propagated', 1, behindAtFirst, { consumers: [notified], mirrors: [parameterMirror] }],
    ['a recycle that lags', 'lagging', 0, overdueAtSecond, { consumers: [recycled] }],
  ];

  test.each(scenes)('the report of %s is made again after passing faults', async (_, report, after, given, change) => {
    given();
    failReports(report, passing, 30, after);
    await propagate(change);
    expect(await converge()).toMatchObject({ outcome: 'converged' });
    expect(world.reports(report)).toHaveLength(after + 31);
  });

  test.each(scenes)('the report of %s cannot be made: what is open lags, and it fails', async (...scene) => {
    const [, report, after, given, change] = scene;
    given();
    failReports(report, forGood, report === 'lagging' ? 1 : 99, after);
    await propagate(change);
    await converge();
    expect(awaiting()).toMatchObject({ status: 'FAILED', error: 'InputInvalid' });
    expect(world.reports('lagging').at(-1).consumers).toMatchObject([
      { state: 'lagging', reason: 'Its convergence was not watched to the end: InputInvalid' },
    ]);
  });

  test.each([
    ['is made again after passing faults', passing, 30, 31, 'SecretsManager.ResourceNotFoundException'],
    ['that cannot be made is what it ends with', forGood, 99, 1, 'ReportFailed'],
  ])('the report that it cannot look %s', async (_, error, times, made, code) => {
    await propagate({ consumers: [expiring] });
    failReports('lagging', error, times);
    world.secretsManager.DescribeSecret = () => {
      throw serviceFailed('ResourceNotFoundException', 400);
    };
    await converge();
    expect(awaiting()).toMatchObject({ status: 'FAILED', error: code });
    expect(world.reports('lagging')).toHaveLength(made);
  });

  describe('a parameter', () => {
    const parameter = {
      secretArn: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/flag',
      secretName: '/app/flag',
      versionId: '7.label.0123abcd',
      consumers: [expiring],
    };
    const asked = { ...parameter, parameterFunctionArn: functionArn('LookAtParameter') };

    test('whose version no function can say is taken for current: its bound is its evidence', async () => {
      await propagate(parameter);
      expect(await converge()).toMatchObject({ outcome: 'converged' });
      expect(world.callsOf('DescribeSecret')).toEqual([]);
    });

    test('is looked at again after passing faults', async () => {
      world.functions.LookAtParameter = (_, call) => {
        if (call <= 30) throw passing;
        return { version: 7 };
      };
      await propagate(asked);
      expect(await converge()).toMatchObject({ outcome: 'converged' });
    });

    test('that is gone is not asked for again: its consumers lag, and it fails', async () => {
      world.functions.LookAtParameter = () => {
        throw new FunctionFailed('ResourceNotFoundException', 'no such parameter');
      };
      await propagate(asked);
      await converge();
      expect(awaiting()).toMatchObject({ status: 'FAILED', error: 'ResourceNotFoundException' });
      expect(world.callsOf('LookAtParameter')).toHaveLength(1);
      expect(world.reports('lagging')).toMatchObject([{ consumers: [{ consumer: 'cron', state: 'lagging' }] }]);
    });
  });

  test('a recycle that meets nothing but faults is gone on with at the next look, and is never called recycled', async () => {
    world.functions.RecycleConsumerFunction = (_, call) => {
      if (call > 1) throw passing;
      return { done: false, waitingFor: 'the update' };
    };
    const { promotedAt } = await propagate({ consumers: [recycled] });
    expect(await converge()).toMatchObject({ outcome: 'converged' });
    expect(world.callsOf('RecycleConsumerFunction').length).toBeGreaterThan(10);
    expect(story(promotedAt).at(-1)).toMatch(/^api: converged by bound/);
  });

  test('a mirror is tried again after a passing fault, within the same look', async () => {
    world.functions.MirrorSecretFunction = (_, call) => {
      if (call === 1) throw new FunctionFailed('MirrorFailed', 'the key is disabled');
      if (call < 5) throw passing;
      return { mirror: '/app/db' };
    };
    await propagate({ consumers: [expiring], mirrors: [parameterMirror] });
    expect(await converge()).toMatchObject({ outcome: 'converged', mirrorsBehind: [] });
    const looks = world.callsOf('MirrorSecretFunction').map(({ atSeconds }) => atSeconds);
    expect((looks[4] ?? 0) - (looks[1] ?? 0)).toBeLessThan(30);
  });

  test('a look that cannot be made for a fault of its input: what is open lags, and it fails', async () => {
    const promotedAt = iso(world.clock.now().getTime());
    const consumer = { consumer: 'cron', freshness: 'expire', state: 'converging', evidence: 'bound' };
    const consumers = [{ ...consumer, expectedAt: iso(world.clock.now().getTime() + 30_000) }];
    const change = { secretArn: SECRET_ARN, secretName: 'app/db', versionId: TOKEN, promotedAt };
    world.functions.MirrorSecretFunction = () => {
      throw new FunctionFailed('MirrorFailed');
    };
    const execution = await world.run('await-convergence', { ...change, consumers, mirrors: ['/app/db'] });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
    expect(world.reports('lagging')).toMatchObject([{ consumers: [{ consumer: 'cron', state: 'lagging' }] }]);
  });
});

test('every branch of await-convergence was entered', () => {
  expect(record.notEntered()).toEqual([]);
});
