import { type Access, AwsError, type Call, type Operation } from '../../cloud.ts';
import { between, check, longest, pattern } from '../constraints.ts';
import type { Buses } from './buses.ts';
import { invalid, paginate } from './errors.ts';
import type { Bus, BusPolicy } from './state.ts';

const BUS_NAME = '[/\\.\\-_A-Za-z0-9]+';
const VERSION = '2012-10-17';
const MOST_POLICY_CHARACTERS = 10_240;

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html: buses and their policies */
export function busOperations(buses: Buses): Record<string, Operation> {
  return {
    CreateEventBus: {
      validate: (input) =>
        check(['name', input.Name, pattern(BUS_NAME), longest(256)], ['description', input.Description, longest(512)]),
      access: busAccess('CreateEventBus'),
      handle: (input, call) => {
        for (const member of ['EventSourceName', 'KmsKeyIdentifier', 'DeadLetterConfig', 'LogConfig']) {
          if (input[member] !== undefined) throw invalid(`${member} is not supported on the laptop.`);
        }
        const bus = buses.create(call.region, input);
        return { EventBusArn: bus.arn, Description: bus.description };
      },
    },
    DescribeEventBus: {
      access: busAccess('DescribeEventBus'),
      handle: (input, call) => describeBus(buses.require(call.region, input.Name)),
    },
    ListEventBuses: {
      validate: (input) => check(['limit', input.Limit, between(1, 100)]),
      access: () => [{ action: 'events:ListEventBuses', resource: '*' }],
      handle: (input, call) => {
        const all = [...buses.all(call.region).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        const { page, nextToken } = paginate(
          all.filter((bus) => bus.name.startsWith(input.NamePrefix ?? '')),
          input,
        );
        return { EventBuses: page.map(describeBus), NextToken: nextToken };
      },
    },
    DeleteEventBus: {
      access: busAccess('DeleteEventBus'),
      handle: (input, call) => {
        buses.remove(call.region, input.Name);
        return {};
      },
    },
    PutPermission: {
      access: busAccess('PutPermission'),
      handle: (input: PermissionInput, call) => {
        const bus = buses.require(call.region, input.EventBusName);
        bus.policy = fitting(permitted(bus, input));
        bus.lastModifiedAt = call.cloud.clock.now();
        return {};
      },
    },
    RemovePermission: {
      access: busAccess('RemovePermission'),
      handle: (input: { StatementId?: string; EventBusName?: string; RemoveAllPermissions?: boolean }, call) => {
        const bus = buses.require(call.region, input.EventBusName);
        const left = input.RemoveAllPermissions ? [] : withoutStatement(bus, input.StatementId);
        bus.policy = left.length === 0 ? undefined : { Version: VERSION, Statement: left };
        bus.lastModifiedAt = call.cloud.clock.now();
        return {};
      },
    },
  };
}

interface PermissionInput {
  EventBusName?: string;
  Action?: string;
  Principal?: string;
  StatementId?: string;
  Condition?: { Type: string; Key: string; Value: string };
  Policy?: string;
}

function busAccess(action: string): (input: any, call: Call) => Access[] {
  return (input, call) => {
    const name: string = input.Name ?? input.EventBusName ?? 'default';
    const resource = name.startsWith('arn:')
      ? name
      : `arn:aws:events:${call.region}:${call.accountId}:event-bus/${name}`;
    return [{ action: `events:${action}`, resource }];
  };
}

function permitted(bus: Bus, input: PermissionInput): BusPolicy {
  if (input.Policy !== undefined) return readPolicy(input.Policy);
  for (const name of ['Action', 'Principal', 'StatementId'] as const) {
    if (input[name] === undefined) throw invalid(`Parameter ${name} must be specified.`);
  }
  check(
    ['action', input.Action, pattern('events:[a-zA-Z]+'), longest(64)],
    ['principal', input.Principal, pattern('(\\d{12}|\\*)'), longest(12)],
    ['statementId', input.StatementId, pattern('[a-zA-Z0-9-_]+'), longest(64)],
  );
  const statement = {
    Sid: input.StatementId,
    Effect: 'Allow',
    Principal: input.Principal === '*' ? '*' : { AWS: `arn:aws:iam::${input.Principal}:root` },
    Action: input.Action,
    Resource: bus.arn,
    ...(input.Condition && { Condition: { [input.Condition.Type]: { [input.Condition.Key]: input.Condition.Value } } }),
  };
  const others = (bus.policy?.Statement ?? []).filter(({ Sid }) => Sid !== input.StatementId);
  return { Version: VERSION, Statement: [...others, statement] };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html */
export function fitting(policy: BusPolicy): BusPolicy {
  if (JSON.stringify(policy).length <= MOST_POLICY_CHARACTERS) return policy;
  throw new AwsError('PolicyLengthExceededException', 'The event bus policy is too long. Limit is 10240 characters.');
}

function readPolicy(text: string): BusPolicy {
  try {
    const policy = JSON.parse(text) as BusPolicy;
    if (policy.Statement) return { ...policy, Statement: [policy.Statement].flat() };
  } catch (cause) {
    throw invalid('Parameter Policy is not valid. Reason: it is not JSON.', cause);
  }
  throw invalid('Parameter Policy is not valid. Reason: it has no Statement.');
}

function withoutStatement(bus: Bus, id: string | undefined): BusPolicy['Statement'] {
  if (id === undefined) throw invalid('Parameter StatementId is required.');
  const statements = bus.policy?.Statement ?? [];
  const left = statements.filter(({ Sid }) => Sid !== id);
  if (left.length < statements.length) return left;
  throw new AwsError('ResourceNotFoundException', 'Statement with the provided id does not exist.');
}

function describeBus(bus: Bus): Record<string, unknown> {
  return {
    Name: bus.name,
    Arn: bus.arn,
    Description: bus.description,
    Policy: bus.policy && JSON.stringify(bus.policy),
    CreationTime: bus.createdAt,
    LastModifiedTime: bus.lastModifiedAt,
  };
}
