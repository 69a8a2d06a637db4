/** What a target receives: the event, a part of it, a constant, or a template filled from it. */
export interface TargetInput {
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: { InputPathsMap?: Record<string, string>; InputTemplate?: string };
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html */
export function renderInput(
  target: TargetInput,
  event: Record<string, unknown>,
  rule: { name: string; arn: string },
  now: Date,
): string {
  if (target.Input !== undefined) return target.Input;
  if (target.InputPath !== undefined) return JSON.stringify(select(event, target.InputPath) ?? null);
  if (target.InputTransformer) return transform(target.InputTransformer, event, rule, now);
  return JSON.stringify(event);
}

function transform(
  transformer: NonNullable<TargetInput['InputTransformer']>,
  event: Record<string, unknown>,
  rule: { name: string; arn: string },
  now: Date,
): string {
  const reserved: Record<string, unknown> = {
    'aws.events.rule-arn': rule.arn,
    'aws.events.rule-name': rule.name,
    'aws.events.event.ingestion-time': now.toISOString(),
    'aws.events.event': event,
    'aws.events.event.json': event,
  };
  const variables = Object.fromEntries(
    Object.entries(transformer.InputPathsMap ?? {}).map(([name, path]) => [name, select(event, path)]),
  );
  const template = transformer.InputTemplate ?? '';
  const isText = template.trimStart().startsWith('"');
  return template.replace(/("?)<([^<>]+)>("?)/g, (whole, before: string, name: string, after: string) => {
    const known = Object.hasOwn(variables, name) ? variables[name] : reserved[name];
    if (known === undefined && !Object.hasOwn(variables, name) && !Object.hasOwn(reserved, name)) return whole;
    return render(known, before, after, isText);
  });
}

/** A variable in quotes, or inside a text, is text; alone it is JSON. A path that finds nothing gives an empty text. */
function render(value: unknown, before: string, after: string, isText: boolean): string {
  if (value === undefined) return before && after ? '""' : `${before}${after}`;
  if (before && after && !isText)
    return typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(JSON.stringify(value));
  const inText =
    typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : JSON.stringify(JSON.stringify(value)).slice(1, -1);
  if (isText || before || after) return `${before}${inText}${after}`;
  return JSON.stringify(value);
}

/** JSON paths as EventBridge has them: `$.detail.items[0].name`, `$.detail['a b']`. */
export function select(event: unknown, path: string): unknown {
  const parts = [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
  let found: unknown = event;
  for (const part of parts)
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[part] : undefined;
  return found;
}
