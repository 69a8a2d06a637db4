import { randomUUID } from 'node:crypto';
import type { Timer } from '../../clock.ts';
import type { Cloud } from '../../cloud.ts';
import { AwsError } from '../../service.ts';
import { InvalidPattern, matchesPattern, parsePattern } from './pattern.ts';
import { InvalidSchedule, type NextRun, parseSchedule } from './schedule-expression.ts';
import { deliver, type Target } from './targets.ts';

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly busName: string;
  readonly targets: Map<string, Target>;
  description?: string;
  roleArn?: string;
  pattern?: string;
  schedule?: string;
  isEnabled: boolean;
  tags: { Key?: string; Value?: string }[];
  timer?: Timer;
}

export interface Bus {
  readonly name: string;
  readonly arn: string;
  policy?: string;
  readonly rules: Map<string, Rule>;
}

/** Buses and rules of each region, and the deliveries under way. */
export class Buses {
  readonly #cloud: Cloud;
  readonly #byRegion = new Map<string, Map<string, Bus>>();
  #closed = new AbortController();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  clear(): void {
    this.#closed.abort(new Error('the cloud was reset'));
    this.#closed = new AbortController();
    for (const buses of this.#byRegion.values()) {
      for (const bus of buses.values()) for (const rule of bus.rules.values()) rule.timer?.cancel();
    }
    this.#byRegion.clear();
  }

  all(region: string): Map<string, Bus> {
    const known = this.#byRegion.get(region);
    if (known) return known;
    const made = new Map<string, Bus>([['default', this.#bus(region, 'default')]]);
    this.#byRegion.set(region, made);
    return made;
  }

  create(region: string, name: string): Bus {
    if (this.all(region).has(name))
      throw new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
    const bus = this.#bus(region, name);
    this.all(region).set(name, bus);
    return bus;
  }

  /** By name or ARN. */
  require(region: string, nameOrArn = 'default'): Bus {
    const name = nameOrArn.startsWith('arn:') ? (nameOrArn.split('/').pop() ?? '') : nameOrArn;
    const bus = this.all(nameOrArn.split(':')[3] || region).get(name);
    if (bus) return bus;
    throw new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
  }

  requireRule(region: string, name: string, busName?: string): Rule {
    const bus = this.require(region, busName);
    const rule = bus.rules.get(name);
    if (rule) return rule;
    throw new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus.name}.`);
  }

  putRule(
    region: string,
    input: {
      Name: string;
      EventPattern?: string;
      ScheduleExpression?: string;
      State?: string;
      Description?: string;
      RoleArn?: string;
      EventBusName?: string;
      Tags?: Rule['tags'];
    },
  ): Rule {
    const bus = this.require(region, input.EventBusName);
    if (!input.EventPattern && !input.ScheduleExpression)
      throw new AwsError('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.');
    if (input.EventPattern) checkPattern(input.EventPattern);
    const nextRun = input.ScheduleExpression === undefined ? undefined : checkSchedule(input.ScheduleExpression);
    if (nextRun && bus.name !== 'default')
      throw new AwsError('ValidationException', 'ScheduleExpression is supported only on the default event bus.');
    const existing = bus.rules.get(input.Name);
    existing?.timer?.cancel();
    const path = bus.name === 'default' ? input.Name : `${bus.name}/${input.Name}`;
    const rule: Rule = {
      name: input.Name,
      arn: `arn:aws:events:${region}:${this.#cloud.accountId}:rule/${path}`,
      busName: bus.name,
      targets: existing?.targets ?? new Map(),
      description: input.Description,
      roleArn: input.RoleArn,
      pattern: input.EventPattern,
      schedule: input.ScheduleExpression,
      isEnabled: input.State !== 'DISABLED',
      tags: existing?.tags ?? input.Tags ?? [],
    };
    bus.rules.set(rule.name, rule);
    if (nextRun) this.#arm(rule, nextRun, region);
    return rule;
  }

  deleteRule(bus: Bus, rule: Rule): void {
    if (rule.targets.size > 0) throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.");
    rule.timer?.cancel();
    bus.rules.delete(rule.name);
  }

  /** Delivers an event to every enabled rule that it matches; answers at once. */
  dispatch(bus: Bus, event: Record<string, unknown>): void {
    for (const rule of bus.rules.values()) {
      if (!rule.isEnabled || !rule.pattern || !matchesPattern(JSON.parse(rule.pattern), event)) continue;
      this.#deliver(rule, event);
    }
  }

  #deliver(rule: Rule, event: Record<string, unknown>): void {
    for (const target of rule.targets.values()) {
      deliver(this.#cloud, { rule, target, event }, this.#closed.signal).catch((error) =>
        this.#cloud.log(`events: rule ${rule.name}: ${error instanceof Error ? error.stack : error}`),
      );
    }
  }

  #arm(rule: Rule, nextRun: NextRun, region: string): void {
    const now = this.#cloud.clock.now();
    const next = nextRun(now);
    if (!next) return;
    rule.timer = this.#cloud.clock.after(next.getTime() - now.getTime(), () => {
      this.#arm(rule, nextRun, region);
      if (rule.isEnabled) this.#deliver(rule, this.#scheduledEvent(rule, region));
    });
  }

  #scheduledEvent(rule: Rule, region: string): Record<string, unknown> {
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: this.#cloud.accountId,
      time: seconds(this.#cloud.clock.now()),
      region,
      resources: [rule.arn],
      detail: {},
    };
  }

  #bus(region: string, name: string): Bus {
    return { name, arn: `arn:aws:events:${region}:${this.#cloud.accountId}:event-bus/${name}`, rules: new Map() };
  }
}

export function checkPattern(pattern: string): void {
  try {
    parsePattern(pattern);
  } catch (error) {
    if (error instanceof InvalidPattern)
      throw new AwsError('InvalidEventPatternException', error.message, { cause: error });
    throw error;
  }
}

function checkSchedule(expression: string): NextRun {
  try {
    return parseSchedule(expression);
  } catch (error) {
    if (error instanceof InvalidSchedule)
      throw new AwsError('ValidationException', 'Parameter ScheduleExpression is not valid.', { cause: error });
    throw error;
  }
}

export function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
