/** One right, or one refusal, as a template holds it. Intrinsic functions are written as `<Ref>`. */
export interface Right {
  /** The logical id of what holds the statement, without its hash. */
  readonly holder: string;
  readonly effect: 'Allow' | 'Deny';
  readonly action: string;
  readonly resource: string;
  /** `*` where everybody has it. Of policies that name a principal. */
  readonly principal?: string;
  readonly conditions: string;
}

/** Every right in every policy of a template: of roles and users, of resources, of functions. */
export function rightsOf(template: { Resources?: Record<string, any> }): Right[] {
  return Object.entries(template.Resources ?? {}).flatMap(([id, { Type, Properties = {} }]) => {
    // A policy that grew too large goes on in another one.
    const holder = id.replace(/[0-9A-F]{8}$/, '').replace(/OverflowPolicy\d+$/, 'DefaultPolicy');
    if (Type === 'AWS::Lambda::Permission') return [permission(holder, Properties)];
    return documentsIn(Properties).flatMap(({ Statement }) =>
      [Statement].flat().flatMap((each) => rights(holder, each)),
    );
  });
}

/** A policy stands under one of several names, and in the list of a role's own. */
function documentsIn(value: any): { Statement: any }[] {
  if (typeof value !== 'object' || value === null) return [];
  if (value.Statement && (value.Version || Array.isArray(value.Statement))) return [value];
  return Object.values(value).flatMap(documentsIn);
}

function permission(holder: string, { Action, Principal, FunctionName, ...conditions }: any): Right {
  return {
    holder,
    effect: 'Allow',
    action: Action,
    resource: readable(FunctionName),
    principal: readable(Principal),
    conditions: JSON.stringify(conditions),
  };
}

function rights(holder: string, statement: any): Right[] {
  const { Effect, Action, NotAction, Resource, NotResource, Principal, NotPrincipal, Condition = {} } = statement;
  const actions = NotAction ? [`not ${[NotAction].flat().join(',')}: *`] : [Action].flat();
  const resources = NotResource ? ['not these: *'] : Resource ? [Resource].flat().map(readable) : ['itself'];
  const principal = NotPrincipal ? '*' : Principal && everybody(Principal);
  return actions.flatMap((action) =>
    resources.map((resource) => ({
      holder,
      effect: Effect,
      action,
      resource,
      ...(principal && { principal }),
      conditions: JSON.stringify(Condition),
    })),
  );
}

function everybody(principal: any): string {
  const named = typeof principal === 'string' ? [principal] : Object.values(principal).flat().map(readable);
  return named.includes('*') ? '*' : named.join(',');
}

/** As a person reads it. The parts of a split text are written out, so that what is in them is seen. */
export function readable(value: any): string {
  if (typeof value === 'string') return value;
  if (value?.Ref) return `<${value.Ref}>`;
  if (value?.['Fn::GetAtt']) return `<${[value['Fn::GetAtt']].flat().map(readable).join('.')}>`;
  if (value?.['Fn::Join']) return value['Fn::Join'][1].map(readable).join(value['Fn::Join'][0]);
  if (value?.['Fn::Select']) {
    const [index, list] = value['Fn::Select'];
    const parts = list?.['Fn::Split'] ? readable(list['Fn::Split'][1]).split(list['Fn::Split'][0]) : list;
    return Array.isArray(parts) && parts[index] !== undefined ? readable(parts[index]) : JSON.stringify(value);
  }
  return JSON.stringify(value);
}

/** Without the names of parameters: their angle brackets are ours. */
export function hasWildcard({ action, resource, principal }: Right): boolean {
  return /[*?]/.test(action) || /[*?]/.test(resource) || principal === '*';
}
