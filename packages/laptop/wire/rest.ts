import { AwsError } from '../cloud.ts';
import { readJson, serializationError } from './read-json.ts';
import { readSimple } from './read-query.ts';
import { membersOf } from './schema.ts';
import type { OperationModel, ServiceModel } from './service-model.ts';

interface Route {
  readonly operation: OperationModel;
  readonly method: string;
  readonly segments: readonly Segment[];
  /** `?type=…` in the URI template: parts that the query must hold. */
  readonly query: URLSearchParams;
}
type Segment = { literal: string } | { label: string; greedy: boolean };

export interface RestMatch {
  readonly operation: OperationModel;
  readonly labels: ReadonlyMap<string, string>;
}

const tables = new WeakMap<ServiceModel, Route[]>();

/** Which operation a REST request means; the most literal template wins. */
export function matchRest(model: ServiceModel, method: string, path: string, query: URLSearchParams) {
  const segments = path.split('/').slice(1);
  if (segments.length > 1 && segments[segments.length - 1] === '') segments.pop();
  for (const route of routesFor(model)) {
    if (route.method !== method) continue;
    if (![...route.query].every(([name, value]) => query.has(name) && (value === '' || query.get(name) === value))) {
      continue;
    }
    const labels = matchSegments(route.segments, segments);
    if (labels) return { operation: route.operation, labels } satisfies RestMatch;
  }
  return undefined;
}

function routesFor(model: ServiceModel): Route[] {
  const known = tables.get(model);
  if (known) return known;
  const routes: Route[] = [];
  for (const operation of model.operations.values()) {
    if (!operation.http) continue;
    const [path = '', query = ''] = operation.http.uri.split('?');
    const parts = path.split('/').slice(1);
    if (parts.length > 1 && parts[parts.length - 1] === '') parts.pop();
    const segments = parts.map((part): Segment => {
      const label = /^\{(.+?)(\+?)\}$/.exec(part);
      return label ? { label: label[1] as string, greedy: label[2] === '+' } : { literal: part };
    });
    routes.push({ operation, method: operation.http.method, segments, query: new URLSearchParams(query) });
  }
  const literals = (route: Route) => route.segments.filter((segment) => 'literal' in segment).length;
  routes.sort((left, right) => literals(right) - literals(left) || [...right.query].length - [...left.query].length);
  tables.set(model, routes);
  return routes;
}

function matchSegments(template: readonly Segment[], segments: readonly string[]): Map<string, string> | undefined {
  const labels = new Map<string, string>();
  let at = 0;
  for (const [index, part] of template.entries()) {
    const segment = segments[at];
    if (segment === undefined) return undefined;
    if ('literal' in part) {
      if (part.literal !== decode(segment)) return undefined;
      at++;
    } else {
      const taken = part.greedy ? segments.length - at - (template.length - index - 1) : 1;
      if (taken < 1) return undefined;
      const value = segments
        .slice(at, at + taken)
        .map(decode)
        .join('/');
      if (value === '') return undefined;
      labels.set(part.label, value);
      at += taken;
    }
  }
  return at === segments.length ? labels : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new AwsError('InvalidRequest', 'The path is not valid percent-encoding.', { cause });
  }
}

/** Labels, query, headers and body of a REST request, read into one input. */
export function readRest(
  match: RestMatch,
  request: { query: URLSearchParams; headers: Readonly<Record<string, string>>; body: Uint8Array },
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const { operation, labels } = match;
  const bodyMembers: string[] = [];
  let hasPayload = false;
  for (const { name, schema, traits } of membersOf(operation.input)) {
    if (traits.httpLabel) {
      const label = labels.get(name);
      if (label !== undefined) input[name] = readSimple(schema, label);
    } else if (traits.httpQuery !== undefined) {
      const values = request.query.getAll(traits.httpQuery);
      if (values.length === 0) continue;
      input[name] = schema.isListSchema()
        ? values.map((value) => readSimple(schema.getValueSchema(), value))
        : readSimple(schema, values[0] as string);
    } else if (traits.httpQueryParams) {
      input[name] = Object.fromEntries(request.query);
    } else if (traits.httpHeader !== undefined) {
      const value = request.headers[traits.httpHeader.toLowerCase()];
      if (value !== undefined) input[name] = readSimple(schema, value);
    } else if (traits.httpPrefixHeaders !== undefined) {
      input[name] = prefixed(request.headers, traits.httpPrefixHeaders.toLowerCase());
    } else if (traits.httpPayload) {
      hasPayload = true;
      const value = readPayload(schema, request.body);
      if (value !== undefined) input[name] = value;
    } else {
      bodyMembers.push(name);
    }
  }
  if (!hasPayload && bodyMembers.length > 0) readBody(operation, request.body, bodyMembers, input);
  return input;
}

function readBody(operation: OperationModel, body: Uint8Array, members: string[], input: Record<string, unknown>) {
  if (body.length === 0) return;
  const read = readJson(operation.input, parseJson(body), true) as Record<string, unknown>;
  for (const name of members) if (name in read) input[name] = read[name];
}

function readPayload(schema: ReturnType<typeof membersOf>[number]['schema'], body: Uint8Array): unknown {
  if (schema.isBlobSchema()) return body;
  if (schema.isStringSchema()) return Buffer.from(body).toString('utf8');
  return body.length === 0 ? undefined : readJson(schema, parseJson(body), true);
}

function prefixed(headers: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Parses a request body; never quotes it in the refusal, since it may hold a secret's value. */
export function parseJson(body: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw serializationError('The request body is not valid UTF-8.');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw serializationError('Could not parse request body into json.');
  }
}
