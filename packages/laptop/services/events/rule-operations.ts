import type { Access, Call, Operation } from '../../cloud.ts';
import { between, check, longest, oneOf, pattern } from '../constraints.ts';
import type { Buses, RuleInput } from './buses.ts';
import { paginate } from './errors.ts';
import { expectPatternLength } from './put-events.ts';
import type { Rule } from './state.ts';

export const NAME = '[\\.\\-_A-Za-z0-9]+';
const states = ['ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'];

export function ruleArnOf(call: Call, input: { EventBusName?: string; Name?: string; Rule?: string }): string {
  const bus = input.EventBusName?.split('/').pop() ?? 'default';
  const path = bus === 'default' ? '' : `${bus}/`;
  return `arn:aws:events:${call.region}:${call.accountId}:rule/${path}${input.Name ?? input.Rule ?? '*'}`;
}

export function ruleAccess(action: string): (input: any, call: Call) => Access[] {
  return (input, call) => [{ action: `events:${action}`, resource: ruleArnOf(call, input) }];
}

export const passRole = (roleArn: string): Access => ({
  action: 'iam:PassRole',
  resource: roleArn,
  context: { 'iam:PassedToService': 'events.amazonaws.com' },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html: rules */
export function ruleOperations(buses: Buses): Record<string, Operation> {
  const switchTo = (action: string, state: Rule['state']): Operation => ({
    access: ruleAccess(action),
    handle: (input, call) => {
      buses.requireRule(call.region, input.Name, input.EventBusName).state = state;
      return {};
    },
  });
  return {
    PutRule: {
      validate: expectRule,
      access: (input: RuleInput, call) => [
        { action: 'events:PutRule', resource: ruleArnOf(call, input) },
        ...(input.RoleArn ? [passRole(input.RoleArn)] : []),
      ],
      handle: (input: RuleInput, call) => ({ RuleArn: buses.putRule(call.region, input).arn }),
    },
    DescribeRule: {
      access: ruleAccess('DescribeRule'),
      handle: (input, call) => ({
        ...describeRule(buses.requireRule(call.region, input.Name, input.EventBusName)),
        CreatedBy: call.accountId,
      }),
    },
    ListRules: {
      validate: (input) => check(['limit', input.Limit, between(1, 100)]),
      access: ruleAccess('ListRules'),
      handle: (input, call) => {
        const all = sorted(buses.require(call.region, input.EventBusName).rules);
        const { page, nextToken } = paginate(
          all.filter((rule) => rule.name.startsWith(input.NamePrefix ?? '')),
          input,
        );
        return { Rules: page.map(describeRule), NextToken: nextToken };
      },
    },
    ListRuleNamesByTarget: {
      validate: (input) => check(['limit', input.Limit, between(1, 100)]),
      access: ruleAccess('ListRuleNamesByTarget'),
      handle: (input, call) => {
        const all = sorted(buses.require(call.region, input.EventBusName).rules);
        const { page, nextToken } = paginate(
          all.filter((rule) => [...rule.targets.values()].some((target) => target.Arn === input.TargetArn)),
          input,
        );
        return { RuleNames: page.map((rule) => rule.name), NextToken: nextToken };
      },
    },
    EnableRule: switchTo('EnableRule', 'ENABLED'),
    DisableRule: switchTo('DisableRule', 'DISABLED'),
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

function expectRule(input: RuleInput): void {
  check(
    ['name', input.Name, pattern(NAME), longest(64)],
    ['scheduleExpression', input.ScheduleExpression, longest(256)],
    ['state', input.State, oneOf(...states)],
    ['description', input.Description, longest(512)],
    ['roleArn', input.RoleArn, longest(1600)],
  );
  expectPatternLength(input.EventPattern);
}

const sorted = (rules: ReadonlyMap<string, Rule>) => [...rules.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

function describeRule(rule: Rule): Record<string, unknown> {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.pattern?.text,
    State: rule.state,
    Description: rule.description,
    ScheduleExpression: rule.schedule,
    RoleArn: rule.roleArn,
    EventBusName: rule.busName,
  };
}
