import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DescribeEventBusCommand,
  type EventBridgeClient,
  ListEventBusesCommand,
  ListTagsForResourceCommand,
  PutPermissionCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal, uniqueName } from './endpoint.ts';
import { EventBus } from './event-bus.ts';

let bus: EventBus;
let events: EventBridgeClient;
beforeAll(async () => {
  bus = await EventBus.open();
  events = bus.events;
});
afterAll(() => bus?.close());

const pattern = { source: ['never'] };
const invalid = (message: unknown) => ({ code: 'ValidationException', message, status: 400 });
const missing = (message: string) => ({ code: 'ResourceNotFoundException', message, status: 400 });

describe('buses', () => {
  test('are made, described, listed and deleted; a name is taken once', async () => {
    const Name = uniqueName('made');
    const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name, Description: 'a bus' }));
    const described = await events.send(new DescribeEventBusCommand({ Name }));
    expect(described).toMatchObject({ Name, Arn: EventBusArn, Description: 'a bus', CreationTime: expect.any(Date) });
    expect(described.Policy).toBeUndefined();
    const { EventBuses } = await events.send(new ListEventBusesCommand({ NamePrefix: Name }));
    expect(EventBuses?.map((one) => one.Arn)).toEqual([EventBusArn]);
    expect(await refusal(events.send(new CreateEventBusCommand({ Name })))).toEqual({
      code: 'ResourceAlreadyExistsException',
      message: `Event bus ${Name} already exists.`,
      status: 400,
    });
    await events.send(new DeleteEventBusCommand({ Name }));
    expect(await refusal(events.send(new DescribeEventBusCommand({ Name })))).toEqual(
      missing(`Event bus ${Name} does not exist.`),
    );
  });

  test('the default one stays', async () => {
    expect(await refusal(events.send(new DeleteEventBusCommand({ Name: 'default' })))).toEqual(
      invalid('Cannot delete event bus default.'),
    );
  });

  test('permissions are statements of the bus’s policy', async () => {
    const statement = { EventBusName: bus.name, Action: 'events:PutEvents', Principal: '*', StatementId: 'all' };
    await events.send(new PutPermissionCommand(statement));
    await events.send(new PutPermissionCommand(statement));
    const { Policy } = await events.send(new DescribeEventBusCommand({ Name: bus.name }));
    expect(JSON.parse(String(Policy))).toEqual({
      Version: '2012-10-17',
      Statement: [{ Sid: 'all', Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: bus.arn }],
    });
    const remove = () => events.send(new RemovePermissionCommand({ EventBusName: bus.name, StatementId: 'all' }));
    await remove();
    expect((await events.send(new DescribeEventBusCommand({ Name: bus.name }))).Policy).toBeUndefined();
    expect((await refusal(remove())).code).toBe('ResourceNotFoundException');
  });
});

describe('tags', () => {
  test.each(['rule', 'bus'])('of a %s', async (kind) => {
    const ResourceARN = kind === 'bus' ? bus.arn : (await bus.rule(pattern)).arn;
    const Tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ];
    await events.send(new TagResourceCommand({ ResourceARN, Tags }));
    expect((await events.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual(Tags);
    await events.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['b', 'not-there'] }));
    expect((await events.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([Tags[0]]);
  });

  test('of what is not there', async () => {
    const prefix = bus.arn.replace(/:event-bus.*/, '');
    const list = (ResourceARN: string) => refusal(events.send(new ListTagsForResourceCommand({ ResourceARN })));
    expect(await list(`${prefix}:event-bus/absent`)).toEqual(missing('Event bus absent does not exist.'));
    expect(await list(`${prefix}:rule/absent`)).toEqual(missing('Rule absent does not exist on EventBus default.'));
  });
});
