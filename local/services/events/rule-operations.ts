import { type Access, AwsError, type Call, type Operation } from '../../service.ts';
import type { Bus, Buses, Rule } from './buses.ts';
import type { Target } from './targets.ts';

const MOST_TARGETS = 5;

/** Rules, targets, buses and tags. */
export function ruleOperations(buses: Buses): Record<string, Operation> {
  return { ...rules(buses), ...targets(buses), ...busOperations(buses), ...tagOperations(buses) };
}

function ruleAccess(action: string): (input: any, call: Call) => Access[] {
  return (input, call) => {
    const bus =
      input.EventBusName && input.EventBusName !== 'default' ? `${String(input.EventBusName).split('/').pop()}/` : '';
    return [
      {
        action: `events:${action}`,
        resource: `arn:aws:events:${call.region}:${call.accountId}:rule/${bus}${input.Name ?? input.Rule ?? '*'}`,
      },
    ];
  };
}

function rules(buses: Buses): Record<string, Operation> {
  const switchTo = (action: string, isEnabled: boolean): Operation => ({
    access: ruleAccess(action),
    handle: (input, call) => {
      buses.requireRule(call.region, input.Name, input.EventBusName).isEnabled = isEnabled;
      return {};
    },
  });
  return {
    PutRule: {
      access: ruleAccess('PutRule'),
      handle: (input, call) => ({ RuleArn: buses.putRule(call.region, input).arn }),
    },
    DescribeRule: {
      access: ruleAccess('DescribeRule'),
      handle: (input, call) => ({
        ...describeRule(buses.requireRule(call.region, input.Name, input.EventBusName)),
        CreatedBy: call.accountId,
      }),
    },
    ListRules: {
      access: ruleAccess('ListRules'),
      handle: (input, call) => {
        const all = [...buses.require(call.region, input.EventBusName).rules.values()];
        const { page, nextToken } = paginate(
          all.filter((rule) => rule.name.startsWith(input.NamePrefix ?? '')),
          input,
        );
        return { Rules: page.map(describeRule), NextToken: nextToken };
      },
    },
    EnableRule: switchTo('EnableRule', true),
    DisableRule: switchTo('DisableRule', false),
    DeleteRule: {
      access: ruleAccess('DeleteRule'),
      handle: (input, call) => {
        const bus = buses.require(call.region, input.EventBusName);
        const rule = bus.rules.get(input.Name);
        if (rule) buses.deleteRule(bus, rule);
        return {};
      },
    },
  };
}

function targets(buses: Buses): Record<string, Operation> {
  return {
    PutTargets: {
      access: ruleAccess('PutTargets'),
      handle: (input: { Rule: string; EventBusName?: string; Targets: Target[] }, call) => {
        const rule = buses.requireRule(call.region, input.Rule, input.EventBusName);
        for (const target of input.Targets) rule.targets.set(target.Id, target);
        if (rule.targets.size > MOST_TARGETS)
          throw new AwsError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    },
    RemoveTargets: {
      access: ruleAccess('RemoveTargets'),
      handle: (input: { Rule: string; EventBusName?: string; Ids: string[] }, call) => {
        const rule = buses.requireRule(call.region, input.Rule, input.EventBusName);
        for (const id of input.Ids) rule.targets.delete(id);
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    },
    ListTargetsByRule: {
      access: ruleAccess('ListTargetsByRule'),
      handle: (input, call) => {
        const rule = buses.requireRule(call.region, input.Rule, input.EventBusName);
        const { page, nextToken } = paginate([...rule.targets.values()], input);
        return { Targets: page, NextToken: nextToken };
      },
    },
    ListRuleNamesByTarget: {
      access: ruleAccess('ListRuleNamesByTarget'),
      handle: (input, call) => {
        const all = [...buses.require(call.region, input.EventBusName).rules.values()];
        const { page, nextToken } = paginate(
          all.filter((rule) => [...rule.targets.values()].some((target) => target.Arn === input.TargetArn)),
          input,
        );
        return { RuleNames: page.map((rule) => rule.name), NextToken: nextToken };
      },
    },
  };
}

function busOperations(buses: Buses): Record<string, Operation> {
  const busAccess =
    (action: string) =>
    (input: any, call: Call): Access[] => [
      {
        action: `events:${action}`,
        resource: `arn:aws:events:${call.region}:${call.accountId}:event-bus/${input.Name ?? input.EventBusName ?? 'default'}`,
      },
    ];
  return {
    CreateEventBus: {
      access: busAccess('CreateEventBus'),
      handle: (input, call) => ({ EventBusArn: buses.create(call.region, input.Name).arn }),
    },
    DescribeEventBus: {
      access: busAccess('DescribeEventBus'),
      handle: (input, call) => describeBus(buses.require(call.region, input.Name)),
    },
    ListEventBuses: {
      access: busAccess('ListEventBuses'),
      handle: (input, call) => {
        const { page, nextToken } = paginate(
          [...buses.all(call.region).values()].filter((bus) => bus.name.startsWith(input.NamePrefix ?? '')),
          input,
        );
        return { EventBuses: page.map(describeBus), NextToken: nextToken };
      },
    },
    DeleteEventBus: {
      access: busAccess('DeleteEventBus'),
      handle: (input, call) => {
        if (input.Name === 'default') throw new AwsError('ValidationException', 'Cannot delete event bus default.');
        buses.all(call.region).delete(input.Name);
        return {};
      },
    },
  };
}

function tagOperations(buses: Buses): Record<string, Operation> {
  const find = (arn: string): Rule => {
    const [, , , region] = arn.split(':');
    const parts = arn.split('/').slice(1);
    const [name, busName] = [parts.pop() ?? '', parts.pop()];
    return buses.requireRule(region ?? '', name, busName);
  };
  const access =
    (action: string) =>
    (input: any): Access[] => [{ action: `events:${action}`, resource: input.ResourceARN }];
  return {
    ListTagsForResource: {
      access: access('ListTagsForResource'),
      handle: (input) => ({ Tags: find(input.ResourceARN).tags }),
    },
    TagResource: {
      access: access('TagResource'),
      handle: (input: { ResourceARN: string; Tags: Rule['tags'] }) => {
        const rule = find(input.ResourceARN);
        rule.tags = [...rule.tags.filter((tag) => !input.Tags.some((added) => added.Key === tag.Key)), ...input.Tags];
        return {};
      },
    },
    UntagResource: {
      access: access('UntagResource'),
      handle: (input: { ResourceARN: string; TagKeys: string[] }) => {
        const rule = find(input.ResourceARN);
        rule.tags = rule.tags.filter((tag) => !input.TagKeys.includes(tag.Key ?? ''));
        return {};
      },
    },
  };
}

function describeRule(rule: Rule): Record<string, unknown> {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.pattern,
    State: rule.isEnabled ? 'ENABLED' : 'DISABLED',
    Description: rule.description,
    ScheduleExpression: rule.schedule,
    RoleArn: rule.roleArn,
    EventBusName: rule.busName,
  };
}

function describeBus(bus: Bus): Record<string, unknown> {
  return { Name: bus.name, Arn: bus.arn, Policy: bus.policy };
}

function paginate<Item>(
  items: Item[],
  input: { Limit?: number; NextToken?: string },
): { page: Item[]; nextToken?: string } {
  const size = input.Limit ?? 100;
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0) throw new AwsError('ValidationException', 'NextToken is not valid.');
  const end = start + size;
  return {
    page: items.slice(start, end),
    ...(end < items.length && { nextToken: Buffer.from(String(end)).toString('base64url') }),
  };
}
