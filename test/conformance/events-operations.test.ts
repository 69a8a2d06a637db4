import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  type EventBridgeClient,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal, uniqueName } from './endpoint.ts';
import { EventBus, type Queue } from './event-bus.ts';

let bus: EventBus;
let events: EventBridgeClient;
let queue: Queue;
beforeAll(async () => {
  bus = await EventBus.open();
  events = bus.events;
  queue = await bus.queue();
});
afterAll(() => bus?.close());

const pattern = { source: ['never'] };
const invalid = (message: unknown) => ({ code: 'ValidationException', message, status: 400 });
const missing = (message: string) => ({ code: 'ResourceNotFoundException', message, status: 400 });

describe('PutEvents', () => {
  const entry = { Source: 'app', DetailType: 'Case', Detail: '{}' };
  const put = (...Entries: PutEventsRequestEntry[]) => events.send(new PutEventsCommand({ Entries }));

  test.each([
    ['Source', { ...entry, Source: undefined }],
    ['DetailType', { ...entry, DetailType: undefined }],
    ['Detail', { ...entry, Detail: undefined }],
  ])('an entry without %s fails, and the others go on', async (name, broken) => {
    const ErrorMessage = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
    expect(await put(entry, broken, entry)).toMatchObject({
      FailedEntryCount: 1,
      Entries: [
        { EventId: expect.any(String) },
        { ErrorCode: 'InvalidArgument', ErrorMessage },
        { EventId: expect.any(String) },
      ],
    });
  });

  test.each([
    'a text',
    '"a text"',
    '[{"a":1}]',
    '{"a":',
    '{"a":1} and more',
    '7',
    'null',
  ])('%s is no detail', async (Detail) => {
    expect(await put({ ...entry, Detail })).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' }],
    });
  });

  test('only AWS has sources that begin with aws.', async () => {
    expect(await put({ ...entry, Source: 'aws.secretsmanager' })).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' }],
    });
  });

  test('takes ten entries, not eleven, and says what came', async () => {
    expect((await put(...Array(10).fill(entry))).FailedEntryCount).toBe(0);
    const shown =
      'PutEventsRequestEntry(time=null, source=app, resources=null, detailType=Case, detail={}, eventBusName=null, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)';
    const list = Array(11).fill(shown).join(', ');
    expect(await refusal(put(...Array(11).fill(entry)))).toEqual(
      invalid(
        `1 validation error detected: Value '[${list}]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10`,
      ),
    );
  });

  test('takes 256 KiB at least, and never more than a megabyte in all', async () => {
    const detail = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - 8) });
    const overhead = 'app'.length + 'Case'.length;
    expect((await put({ ...entry, Detail: detail(262_144 - overhead) })).FailedEntryCount).toBe(0);
    const half = { ...entry, Detail: detail(600_000) };
    expect(await refusal(put(half, half))).toEqual(
      invalid('Total size of the entries in the request is over the limit.'),
    );
  });

  test('to a bus by name or ARN; to one that is not there an event goes unseen', async () => {
    const own = await bus.queue();
    await bus.rule({ source: [own.arn] }, [{ Id: 'own', Arn: own.arn }]);
    const body = await bus.arrival(own, own.arn, { by: 'ARN' }, { EventBusName: bus.arn });
    expect(JSON.parse(body).detail).toEqual({ by: 'ARN' });
    expect(await put({ ...entry, EventBusName: uniqueName('nowhere') })).toMatchObject({
      FailedEntryCount: 0,
      Entries: [{ EventId: expect.any(String) }],
    });
  });
});

describe('rules', () => {
  const describeRule = (Name: string) => events.send(new DescribeRuleCommand({ Name, EventBusName: bus.name }));

  test('are described as they were made; put again, what is left out goes, but targets and tags stay', async () => {
    const Name = uniqueName('replaced');
    const EventPattern = JSON.stringify(pattern);
    const EventBusName = bus.name;
    const Tags = [{ Key: 'a', Value: '1' }];
    const { RuleArn } = await events.send(
      new PutRuleCommand({ Name, EventBusName, EventPattern, Description: 'first', State: 'DISABLED', Tags }),
    );
    expect(RuleArn).toBe(`${bus.arn.replace(/:event-bus.*/, '')}:rule/${bus.name}/${Name}`);
    expect(await describeRule(Name)).toMatchObject({
      Name,
      Arn: RuleArn,
      EventPattern,
      State: 'DISABLED',
      Description: 'first',
      EventBusName,
      CreatedBy: bus.arn.split(':')[4],
    });
    await events.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets: [{ Id: 'q', Arn: queue.arn }] }));
    await events.send(new PutRuleCommand({ Name, EventBusName, EventPattern: '{"source":["other"]}' }));
    const replaced = await describeRule(Name);
    expect(replaced).toMatchObject({ State: 'ENABLED', EventPattern: '{"source":["other"]}' });
    expect(replaced.Description).toBeUndefined();
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: Name, EventBusName }));
    expect(Targets).toEqual([{ Id: 'q', Arn: queue.arn }]);
    expect((await events.send(new ListTagsForResourceCommand({ ResourceARN: RuleArn }))).Tags).toEqual(Tags);
  });

  test('are disabled and enabled', async () => {
    const { name: Name } = await bus.rule(pattern);
    await events.send(new DisableRuleCommand({ Name, EventBusName: bus.name }));
    expect((await describeRule(Name)).State).toBe('DISABLED');
    await events.send(new EnableRuleCommand({ Name, EventBusName: bus.name }));
    expect((await describeRule(Name)).State).toBe('ENABLED');
  });

  test('that are not there', async () => {
    const Name = uniqueName('absent');
    const onDefault = missing(`Rule ${Name} does not exist on EventBus default.`);
    expect(await refusal(events.send(new DescribeRuleCommand({ Name })))).toEqual(onDefault);
    expect(await refusal(events.send(new EnableRuleCommand({ Name })))).toEqual(onDefault);
    expect(await refusal(events.send(new ListTargetsByRuleCommand({ Rule: Name })))).toEqual(onDefault);
    const Targets = [{ Id: 'q', Arn: queue.arn }];
    const put = new PutTargetsCommand({ Rule: Name, EventBusName: bus.name, Targets });
    expect(await refusal(events.send(put))).toEqual(missing(`Rule ${Name} does not exist on EventBus ${bus.name}.`));
    await events.send(new DeleteRuleCommand({ Name }));
    const EventBusName = uniqueName('no-bus');
    const EventPattern = JSON.stringify(pattern);
    expect(await refusal(events.send(new PutRuleCommand({ Name, EventBusName, EventPattern })))).toEqual(
      missing(`Event bus ${EventBusName} does not exist.`),
    );
  });

  test('with targets are not deleted', async () => {
    const { name: Name } = await bus.rule(pattern, [{ Id: 'q', Arn: queue.arn }]);
    const remove = () => events.send(new DeleteRuleCommand({ Name, EventBusName: bus.name }));
    expect(await refusal(remove())).toEqual(invalid("Rule can't be deleted since it has targets."));
    const gone = await events.send(new RemoveTargetsCommand({ Rule: Name, EventBusName: bus.name, Ids: ['q'] }));
    expect(gone).toMatchObject({ FailedEntryCount: 0, FailedEntries: [] });
    await remove();
    expect((await refusal(describeRule(Name))).code).toBe('ResourceNotFoundException');
  });

  test.each([
    ['neither pattern nor schedule', {}, 'Parameter(s) EventPattern or ScheduleExpression must be specified.'],
    [
      'a schedule on a bus of one’s own',
      { ScheduleExpression: 'rate(1 minute)' },
      'ScheduleExpression is supported only on the default event bus.',
    ],
  ])('refused: %s', async (_, members, message) => {
    const put = new PutRuleCommand({ Name: uniqueName('refused'), EventBusName: bus.name, ...members });
    expect(await refusal(events.send(put))).toEqual(invalid(message));
  });

  test('refused: a name with a space, a pattern that is none', async () => {
    const EventPattern = JSON.stringify(pattern);
    expect(await refusal(events.send(new PutRuleCommand({ Name: 'a b', EventPattern })))).toEqual(
      invalid(
        "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
      ),
    );
    const broken = new PutRuleCommand({ Name: uniqueName('refused'), EventPattern: '{"source":"app"}' });
    expect(await refusal(events.send(broken))).toMatchObject({
      code: 'InvalidEventPatternException',
      message: expect.stringContaining('Event pattern is not valid. Reason: "source" must be an object or an array'),
    });
  });

  test('are listed in pages, by prefix, and by target', async () => {
    const own = await bus.queue();
    const NamePrefix = uniqueName('listed').slice(0, 60);
    const names = [0, 1, 2].map((number) => `${NamePrefix}-${number}`);
    for (const name of names) await bus.rule(pattern, [{ Id: 'q', Arn: own.arn }], name);
    const EventBusName = bus.name;
    const list = async (more: object) => {
      const { Rules, NextToken } = await events.send(new ListRulesCommand({ EventBusName, NamePrefix, ...more }));
      return { names: Rules?.map(({ Name }) => Name), NextToken };
    };
    const first = await list({ Limit: 2 });
    expect(first.names).toEqual(names.slice(0, 2));
    expect(await list({ Limit: 2, NextToken: first.NextToken })).toEqual({
      names: names.slice(2),
      NextToken: undefined,
    });
    expect((await list({ NamePrefix: names[1] })).names).toEqual([names[1]]);
    const byTarget = async (TargetArn: string) =>
      (await events.send(new ListRuleNamesByTargetCommand({ EventBusName, TargetArn }))).RuleNames;
    expect(await byTarget(own.arn)).toEqual(names);
    expect(await byTarget(`${own.arn}x`)).toEqual([]);
  });
});

describe('schedules', () => {
  const put = (ScheduleExpression: string) =>
    events.send(new PutRuleCommand({ Name: schedule, ScheduleExpression, State: 'DISABLED' }));
  const schedule = uniqueName('schedule');
  afterAll(() => events.send(new DeleteRuleCommand({ Name: schedule })));

  test.each([
    'rate(1 minute)',
    'rate(2 minutes)',
    'rate(1 hour)',
    'rate(7 days)',
    'cron(0 10 * * ? *)',
    'cron(0 18 ? * MON-FRI *)',
    'cron(0/15 * * * ? *)',
    'cron(0/5 8-17 ? * MON-FRI *)',
    'cron(5,35 14 * * ? *)',
    'cron(15 10 ? * 6L 2002-2005)',
    'cron(0 2 ? * SAT#3 *)',
    'cron(0 9 L * ? *)',
    'cron(0 9 15W * ? *)',
  ])('%s', async (expression) => {
    await put(expression);
    const described = await events.send(new DescribeRuleCommand({ Name: schedule }));
    expect(described.ScheduleExpression).toBe(expression);
  });

  test.each([
    'rate(10 seconds)',
    'rate(10 years)',
    'rate(1 minutes)',
    'rate(10 minute)',
    'rate(0 minutes)',
    'rate(-10 minutes)',
    'rate(1.5 minutes)',
    'rate()',
    'rate(10)',
    'rate(10 MINUTES)',
    'rate( 10 minutes )',
    ' rate(10 minutes)',
    'rate(foo minutes)',
    'at(2030-01-01T00:00:00)',
    'cron(INVALID)',
    'cron(0 dummy ? * MON-FRI *)',
    'cron(7 20 * * NOT *)',
    'cron(71 8 1 * ? *)',
    'cron(0 1 * * * *)',
    'cron(0 1 ? * ? *)',
    'cron(0 1 * * ?)',
  ])('refused: %s', async (expression) => {
    expect(await refusal(put(expression))).toEqual(invalid('Parameter ScheduleExpression is not valid.'));
  });
});

describe('targets', () => {
  const putTargets = async (Targets: { Id: string; Arn: string; [member: string]: unknown }[]) => {
    const { name: Rule } = await bus.rule(pattern);
    await events.send(new PutTargetsCommand({ Rule, EventBusName: bus.name, Targets }));
    return Rule;
  };
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ Id: `t${index}`, Arn: queue.arn }));

  test('are five at most, and are listed in pages', async () => {
    const Rule = await putTargets(many(5));
    const listed = new ListTargetsByRuleCommand({ Rule, EventBusName: bus.name, Limit: 3 });
    const first = await events.send(listed);
    const second = await events.send(new ListTargetsByRuleCommand({ ...listed.input, NextToken: first.NextToken }));
    expect([...(first.Targets ?? []), ...(second.Targets ?? [])]).toEqual(many(5));
    expect(first.Targets).toHaveLength(3);
    expect(await refusal(putTargets(many(6)))).toEqual({
      code: 'LimitExceededException',
      message: 'The requested resource exceeds the maximum number allowed.',
      status: 400,
    });
  });

  test('with an id that is there already take its place', async () => {
    const Rule = await putTargets([
      { Id: 'a', Arn: queue.arn },
      { Id: 'a', Arn: queue.arn, InputPath: '$.detail' },
    ]);
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule, EventBusName: bus.name }));
    expect(Targets).toEqual([{ Id: 'a', Arn: queue.arn, InputPath: '$.detail' }]);
  });

  test.each([
    [
      'an id',
      { Id: '!@#' },
      "Value '!@#' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    ],
    [
      'a long id',
      { Id: 'x'.repeat(65) },
      `Value '${'x'.repeat(65)}' at 'targets.1.member.id' failed to satisfy constraint: Member must have length less than or equal to 64`,
    ],
    [
      'retries',
      { RetryPolicy: { MaximumRetryAttempts: 186 } },
      "Value '186' at 'targets.1.member.retryPolicy.maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 185",
    ],
    [
      'an age',
      { RetryPolicy: { MaximumEventAgeInSeconds: 59 } },
      "Value '59' at 'targets.1.member.retryPolicy.maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60",
    ],
  ])('refused for %s', async (_, members, fault) => {
    const refused = await refusal(putTargets([{ Id: 'q', Arn: queue.arn, ...members }]));
    expect(refused).toEqual(invalid(`1 validation error detected: ${fault}`));
  });

  test('refused: what is no ARN, and a state machine without a role', async () => {
    expect(await refusal(putTargets([{ Id: 'q', Arn: 'nowhere' }]))).toEqual(
      invalid('Parameter nowhere is not valid. Reason: Provided Arn is not in correct format.'),
    );
    const machine = `${bus.arn.replace(':events:', ':states:').replace(/:event-bus.*/, '')}:stateMachine:m`;
    expect(await refusal(putTargets([{ Id: 'q', Arn: machine }]))).toEqual(
      invalid(`RoleArn is required for target ${machine}.`),
    );
  });
});
