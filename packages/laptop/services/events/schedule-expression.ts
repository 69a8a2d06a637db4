import { InvalidCron, type NextRun, parseAwsCron } from '../aws-cron.ts';

export type { NextRun } from '../aws-cron.ts';

export class InvalidSchedule extends Error {
  constructor(expression: string, reason: string) {
    super(`Parameter ScheduleExpression is not valid: ${expression}. ${reason}`);
    this.name = 'InvalidSchedule';
  }
}

const UNIT_MILLISECONDS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** A rule's `rate(5 minutes)` or `cron(0 3 ? * SUN *)`, in UTC. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html */
export function parseSchedule(expression: string): NextRun {
  const rate = expression.match(/^rate\((\d+) (minute|hour|day)(s?)\)$/);
  if (rate) return parseRate(expression, Number(rate[1]), String(rate[2]), rate[3] === 's');
  const cron = expression.match(/^cron\((.+)\)$/);
  if (!cron) throw new InvalidSchedule(expression, 'Write rate(5 minutes) or cron(0 3 ? * SUN *).');
  try {
    return parseAwsCron(String(cron[1]));
  } catch (error) {
    if (error instanceof InvalidCron) throw new InvalidSchedule(expression, error.message);
    throw error;
  }
}

function parseRate(expression: string, value: number, unit: string, isPlural: boolean): NextRun {
  if (value < 1) throw new InvalidSchedule(expression, 'A rate is at least 1.');
  if ((value === 1) === isPlural) throw new InvalidSchedule(expression, 'Write "1 minute", but "2 minutes".');
  return (now) => new Date(now.getTime() + value * (UNIT_MILLISECONDS[unit] as number));
}
