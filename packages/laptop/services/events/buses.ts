import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud } from '../../cloud.ts';
import { deliveriesOf } from '../../deliveries.ts';
import { invalid, noBus, noRule } from './errors.ts';
import { compilePattern, InvalidPattern, type Pattern } from './pattern/compile.ts';
import { flattenEvent, matchesPattern } from './pattern/match.ts';
import { InvalidSchedule, type NextRun, parseSchedule } from './schedule-expression.ts';
import type { Bus, BusEvent, Rule, Tag } from './state.ts';
import { deliver } from './targets.ts';

export interface RuleInput {
  readonly Name: string;
  readonly EventPattern?: string;
  readonly ScheduleExpression?: string;
  readonly State?: string;
  readonly Description?: string;
  readonly RoleArn?: string;
  readonly EventBusName?: string;
  readonly Tags?: Tag[];
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

  /** Every rule of every region that has a schedule. */
  scheduled(): { region: string; rule: Rule }[] {
    return [...this.#byRegion].flatMap(([region, buses]) =>
      [...buses.values()].flatMap((bus) =>
        [...bus.rules.values()].filter((rule) => rule.schedule !== undefined).map((rule) => ({ region, rule })),
      ),
    );
  }

  all(region: string): Map<string, Bus> {
    const known = this.#byRegion.get(region);
    if (known) return known;
    const made = new Map<string, Bus>([['default', this.#bus(region, { Name: 'default' })]]);
    this.#byRegion.set(region, made);
    return made;
  }

  create(region: string, input: { Name: string; Description?: string; Tags?: Tag[] }): Bus {
    if (this.all(region).has(input.Name))
      throw new AwsError('ResourceAlreadyExistsException', `Event bus ${input.Name} already exists.`);
    const bus = this.#bus(region, input);
    this.all(region).set(bus.name, bus);
    return bus;
  }

  remove(region: string, name: string): void {
    if (name === 'default') throw invalid('Cannot delete event bus default.');
    const bus = this.require(region, name);
    if (bus.rules.size > 0) throw invalid(`Event bus ${name} can't be deleted since it has rules.`);
    this.all(region).delete(bus.name);
  }

  /** By name or ARN. */
  find(region: string, nameOrArn = 'default'): Bus | undefined {
    const isArn = nameOrArn.startsWith('arn:');
    const name = isArn ? nameOrArn.slice(nameOrArn.indexOf('/') + 1) : nameOrArn;
    return this.all((isArn && nameOrArn.split(':')[3]) || region).get(name);
  }

  require(region: string, nameOrArn = 'default'): Bus {
    const bus = this.find(region, nameOrArn);
    if (bus) return bus;
    throw noBus(nameOrArn.slice(nameOrArn.startsWith('arn:') ? nameOrArn.indexOf('/') + 1 : 0));
  }

  requireRule(region: string, name: string, busName?: string): Rule {
    const bus = this.require(region, busName);
    const rule = bus.rules.get(name);
    if (rule) return rule;
    throw noRule(name, bus.name);
  }

  /** What is left out is taken away, but targets and tags stay. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html */
  putRule(region: string, input: RuleInput): Rule {
    const bus = this.require(region, input.EventBusName);
    if (!input.EventPattern && !input.ScheduleExpression)
      throw invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.');
    if (input.ScheduleExpression && bus.name !== 'default')
      throw invalid('ScheduleExpression is supported only on the default event bus.');
    const pattern = input.EventPattern && { text: input.EventPattern, compiled: checkPattern(input.EventPattern) };
    const nextRun = input.ScheduleExpression ? checkSchedule(input.ScheduleExpression) : undefined;
    const existing = bus.rules.get(input.Name);
    existing?.timer?.cancel();
    const path = bus.name === 'default' ? input.Name : `${bus.name}/${input.Name}`;
    const rule: Rule = {
      name: input.Name,
      arn: `arn:aws:events:${region}:${this.#cloud.accountId}:rule/${path}`,
      busName: bus.name,
      targets: existing?.targets ?? new Map(),
      ...(input.Description !== undefined && { description: input.Description }),
      ...(input.RoleArn !== undefined && { roleArn: input.RoleArn }),
      ...(pattern && { pattern }),
      ...(input.ScheduleExpression && { schedule: input.ScheduleExpression }),
      state: (input.State as Rule['state'] | undefined) ?? 'ENABLED',
      tags: existing?.tags ?? input.Tags ?? [],
    };
    bus.rules.set(rule.name, rule);
    if (nextRun) this.#arm(rule, nextRun, region);
    return rule;
  }

  deleteRule(bus: Bus, rule: Rule): void {
    if (rule.targets.size > 0) throw invalid("Rule can't be deleted since it has targets.");
    rule.timer?.cancel();
    bus.rules.delete(rule.name);
  }

  /** Delivers an event to every enabled rule that it matches; answers at once. `text` is the event as it was written. */
  dispatch(bus: Bus, event: BusEvent, from: { text?: string; wasForwarded?: boolean } = {}): void {
    const { text = JSON.stringify(event), wasForwarded = false } = from;
    const flat = flattenEvent(text);
    for (const rule of bus.rules.values()) {
      if (rule.state !== 'DISABLED' && rule.pattern && matchesPattern(rule.pattern.compiled, flat))
        this.#deliver(rule, event, wasForwarded);
    }
  }

  /** Sends a rule's scheduled event now, whatever its expression and state; its next run stays as it is. */
  fire(rule: Rule, region: string): void {
    this.#deliver(rule, this.#scheduledEvent(rule, region));
  }

  #deliver(rule: Rule, event: BusEvent, wasForwarded = false): void {
    const { signal } = this.#closed;
    for (const target of rule.targets.values()) {
      deliveriesOf(this.#cloud)
        .run(`events: rule ${rule.name}`, signal, () =>
          deliver(this.#cloud, { rule, target, event, wasForwarded }, signal),
        )
        .catch((error) =>
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
      if (rule.state !== 'DISABLED') this.#deliver(rule, this.#scheduledEvent(rule, region));
    });
  }

  #scheduledEvent(rule: Rule, region: string): BusEvent {
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

  #bus(region: string, input: { Name: string; Description?: string; Tags?: Tag[] }): Bus {
    const now = this.#cloud.clock.now();
    return {
      name: input.Name,
      arn: `arn:aws:events:${region}:${this.#cloud.accountId}:event-bus/${input.Name}`,
      ...(input.Description !== undefined && { description: input.Description }),
      createdAt: now,
      lastModifiedAt: now,
      rules: new Map(),
      tags: input.Tags ?? [],
    };
  }
}

export function checkPattern(pattern: string): Pattern {
  try {
    return compilePattern(pattern);
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
    if (error instanceof InvalidSchedule) throw invalid('Parameter ScheduleExpression is not valid.', error);
    throw error;
  }
}

export function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
