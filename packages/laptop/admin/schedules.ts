import type { RunningCloud } from '../running-cloud.ts';
import type { EventsService } from '../services/events/service.ts';
import type { SchedulerService } from '../services/scheduler/service.ts';
import { describeFailure } from '../wire/failure.ts';

interface Listed {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly kind: 'schedule' | 'rule';
  readonly expression: string;
  readonly state: string;
  readonly nextRun?: string;
  readonly targets: string[];
}

interface Entry extends Listed {
  readonly names: readonly string[];
  fire(): void;
}

/** What runs by the clock: schedules of EventBridge Scheduler, and rules of EventBridge that have a schedule. */
export function listSchedules(cloud: RunningCloud): Listed[] {
  return entries(cloud).map(({ names, fire, ...listed }) => listed);
}

/** Runs a schedule now: 202, 404 when there is none of that name, 409 when there are several. */
export function fireSchedule(cloud: RunningCloud, named: string, region?: string) {
  const all = entries(cloud);
  const found = all.filter((entry) => entry.names.includes(named) && (region === undefined || entry.region === region));
  const [entry] = found;
  if (!entry) {
    const names = all.map(({ name }) => name).join(', ') || 'none';
    return { status: 404, error: `There is no schedule ${JSON.stringify(named)}. There are: ${names}.` };
  }
  if (found.length > 1) {
    const arns = found.map(({ arn }) => arn).join(', ');
    return { status: 409, error: `Several schedules are called ${JSON.stringify(named)}: write an ARN. ${arns}.` };
  }
  entry.fire();
  return { status: 202, fired: entry.arn, targets: entry.targets };
}

function entries(cloud: RunningCloud): Entry[] {
  return [...schedules(cloud), ...rules(cloud)];
}

function schedules(cloud: RunningCloud): Entry[] {
  const scheduler = cloud.services.get('scheduler') as SchedulerService | undefined;
  return (scheduler?.state.schedules() ?? []).map((schedule) => ({
    name: schedule.name,
    names: [schedule.name, `${schedule.group.name}/${schedule.name}`, schedule.arn],
    arn: schedule.arn,
    region: schedule.region,
    kind: 'schedule',
    expression: schedule.input.ScheduleExpression,
    state: schedule.input.State ?? 'ENABLED',
    ...(schedule.nextRun ? { nextRun: schedule.nextRun.toISOString() } : {}),
    targets: [schedule.input.Target.Arn],
    fire() {
      (scheduler as SchedulerService).clockwork
        .fire(schedule)
        .catch((error) => cloud.log(`scheduler: ${schedule.arn}: ${describeFailure(error)}`));
    },
  }));
}

function rules(cloud: RunningCloud): Entry[] {
  const events = cloud.services.get('events') as EventsService | undefined;
  return (events?.buses?.scheduled() ?? []).map(({ region, rule }) => ({
    name: rule.name,
    names: [rule.name, rule.arn],
    arn: rule.arn,
    region,
    kind: 'rule',
    expression: String(rule.schedule),
    state: rule.state,
    targets: [...rule.targets.values()].map(({ Arn }) => Arn),
    fire: () => (events as EventsService).buses.fire(rule, region),
  }));
}
