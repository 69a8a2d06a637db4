import { fillTemplate } from './template.ts';

/** What a target receives: the event, a part of it, a constant, or a template filled from it. */
export interface TargetInput {
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: { InputPathsMap?: Record<string, string>; InputTemplate?: string };
}

/**
 * Undefined when the template's variables make no JSON of it.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function renderInput(
  target: TargetInput,
  event: Record<string, unknown>,
  rule: { name: string; arn: string },
  now: Date,
): string | undefined {
  if (target.Input !== undefined) return target.Input;
  if (target.InputPath !== undefined) return JSON.stringify(select(event, target.InputPath) ?? null);
  if (!target.InputTransformer) return JSON.stringify(event);
  const { InputPathsMap = {}, InputTemplate = '' } = target.InputTransformer;
  const found = Object.entries(InputPathsMap).map(([name, path]) => [name, select(event, path)]);
  return fillTemplate(InputTemplate, {
    ...Object.fromEntries(found),
    'aws.events.rule-arn': rule.arn,
    'aws.events.rule-name': rule.name,
    'aws.events.event.ingestion-time': now.toISOString(),
    'aws.events.event': withoutDetail(event),
    'aws.events.event.json': event,
  });
}

function withoutDetail(event: Record<string, unknown>): Record<string, unknown> {
  const { id, account, 'detail-type': detailType, time, source, region, resources, version } = event;
  return { id, account, detailType, time, source, region, resources, version };
}

/** JSON paths as EventBridge has them: `$.detail.items[0].name`, `$.detail['a b']`. */
export function select(event: unknown, path: string): unknown {
  const parts = [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
  let found: unknown = event;
  for (const part of parts) {
    const isInside = typeof found === 'object' && found !== null && Object.hasOwn(found, part);
    found = isInside ? (found as Record<string, unknown>)[part] : undefined;
  }
  return found;
}
