import { describe, expect, test } from '@jest/globals';
import { account, arnOf, document, EventsLaptop } from './laptop.ts';

const BUS = arnOf('events', 'event-bus/pipeline');
const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const denied = { Effect: 'Deny', Principal: '*', Action: 'events:PutEvents', Resource: BUS };
const othersThan = (...names: string[]) => ({ ArnNotEquals: { 'aws:PrincipalArn': names.map(roleArn) } });

/** All but two roles put nothing, and all but one put no other thing than a request. */
const policy = document(
  { ...denied, Sid: 'OthersPutNothing', Condition: othersThan('own', 'asks*') },
  {
    ...denied,
    Sid: 'RequestersPutRequests',
    Condition: { ...othersThan('own'), 'ForAnyValue:StringNotEquals': { 'events:detail-type': 'Requested' } },
  },
);

async function start(Policy?: string): Promise<EventsLaptop> {
  const laptop = await EventsLaptop.start();
  await laptop.call('events', 'CreateEventBus', { Name: 'pipeline' });
  if (Policy) await laptop.call('events', 'PutPermission', { EventBusName: 'pipeline', Policy });
  for (const name of ['own', 'asks-in-the-night', 'other']) {
    await laptop.role(name, 'lambda.amazonaws.com', ['events:PutEvents']);
  }
  return laptop;
}

/** Puts one event of each detail-type in one call, in a session of the role. */
async function put(laptop: EventsLaptop, role: string, detailTypes: string[], bus = 'pipeline'): Promise<string> {
  const Entries = detailTypes.map((DetailType) => ({ EventBusName: bus, Source: 'app', DetailType, Detail: '{}' }));
  const { principal } = laptop.cloud.assumeRole(roleArn(role), 'a-session');
  const input = { Entries };
  return laptop.cloud.call({ service: 'events', operation: 'PutEvents', input, principal }).then(
    (answer: any) => (answer.FailedEntryCount === 0 ? 'put' : JSON.stringify(answer)),
    (error) => `${error.code}: ${error.message}`,
  );
}

const refused = expect.stringMatching(/^AccessDenied.*: .*explicit deny in a resource-based policy/);

describe('a policy that denies', () => {
  test.each([
    ['the role that it spares', 'own', ['Started', 'Requested'], 'put'],
    ['a role whose name fits, with what is left to it', 'asks-in-the-night', ['Requested', 'Requested'], 'put'],
    ['a role whose name fits, with anything else', 'asks-in-the-night', ['Started'], refused],
    ['one such event among others of the call', 'asks-in-the-night', ['Requested', 'Started'], refused],
    ['any other role, whatever its own policies allow', 'other', ['Requested'], refused],
  ])('%s', async (_case, role, detailTypes, outcome) => {
    const laptop = await start(policy);
    expect(await put(laptop, role, detailTypes)).toEqual(outcome);
    await laptop.cloud.close();
  });

  test('holds by name and by ARN of the bus, and on that bus alone', async () => {
    const laptop = await start(policy);
    expect(await put(laptop, 'other', ['Requested'], BUS)).toEqual(refused);
    expect(await put(laptop, 'other', ['Requested'], 'default')).toBe('put');
    await laptop.cloud.close();
  });

  test('holds for an administrator too, and for the role by which a rule of another bus forwards', async () => {
    const laptop = await start(policy);
    const Entries = [{ EventBusName: 'pipeline', Source: 'app', DetailType: 'Requested', Detail: '{}' }];
    await expect(laptop.call('events', 'PutEvents', { Entries })).rejects.toMatchObject({
      message: expect.stringContaining('explicit deny in a resource-based policy'),
    });
    const dead = await laptop.queue('dead');
    const RoleArn = await laptop.role('forwarder', 'events.amazonaws.com', ['events:PutEvents']);
    await laptop.rule('app', { Id: 't', Arn: BUS, RoleArn, DeadLetterConfig: { Arn: dead } });
    await laptop.put('app');
    expect(await laptop.deadLetter('dead')).toMatchObject({ ERROR_CODE: 'NO_PERMISSIONS' });
    await laptop.cloud.close();
  });

  test('without it each of them may: in one account a policy of the role is enough', async () => {
    const laptop = await start();
    expect(await put(laptop, 'other', ['Started'])).toBe('put');
    await laptop.cloud.close();
  });

  test('is refused when it is larger than 10 KB', async () => {
    const laptop = await start();
    const Policy = document({
      ...denied,
      Condition: othersThan(...Array.from({ length: 200 }, (_, at) => `${at}`.padEnd(40, 'x'))),
    });
    await expect(laptop.call('events', 'PutPermission', { EventBusName: 'pipeline', Policy })).rejects.toMatchObject({
      code: 'PolicyLengthExceededException',
    });
    await laptop.cloud.close();
  });
});
