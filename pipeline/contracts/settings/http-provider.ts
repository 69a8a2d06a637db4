import * as v from 'valibot';
import { SecretArn } from '../grammar/aws-names.ts';
import { PlainHeaders } from '../grammar/headers.ts';
import { isForbiddenHost } from '../grammar/hosts.ts';
import { Place } from '../grammar/places.ts';
import { content, plainText } from '../grammar/plain-text.ts';

/**
 * A vendor's key-management API, described as data. Places of the form `${name}` are filled in: inside a URL they are
 * percent-encoded, in headers and bodies they stand as they are. docs/api-keys.md has examples of real vendors.
 */
const text = v.pipe(
  v.string(),
  v.regex(/^[!#-;=?-~]{1,2048}$/, '1 to 2048 characters of printable ASCII, without spaces, quotes, < and >'),
);
const variable = v.pipe(v.string(), v.regex(/^\w{1,64}$/, 'a name of 1 to 64 letters, digits and _'));
const status = v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599));
const template = content(4_000);
const templates = v.record(plainText(200), template);

const request = {
  /** https, except on loopback where `allowHttpOnLoopback` says so. The host stands there literally. */
  url: text,
  headers: v.optional(PlainHeaders, {}),
  /** The body as JSON; its texts are templates. */
  json: v.optional(v.unknown()),
  /** The body as a form. */
  form: v.optional(templates),
  /** Basic authentication. */
  basic: v.optional(v.strictObject({ username: template, password: template })),
};
const method = (standard: 'GET' | 'POST' | 'DELETE') =>
  v.optional(v.picklist(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']), standard);

/** A request by which a key shows that it works. */
export const VerifyRequest = v.strictObject({
  ...request,
  method: method('GET'),
  /** What the vendor answers to a key that works. */
  accepted: v.optional(v.array(status), [200, 204]),
  /** What it answers to one that does not, or not yet. Any other answer says neither. */
  refused: v.optional(v.array(status), [401, 403]),
  /** For vendors that answer 200 to every key: what stands where in the answer to one that works. */
  expect: v.optional(v.strictObject({ pointer: Place, equals: v.union([template, v.number(), v.boolean()]) })),
});
export type VerifyRequest = v.InferOutput<typeof VerifyRequest>;

export const HttpProviderSettings = {
  /** The key that manages keys: its secret, and where in it the parts stand that templates call `${admin.<name>}`. */
  admin: v.strictObject({
    secretArn: SecretArn,
    values: v.optional(v.record(variable, Place), { key: '' }),
  }),
  /** `${variables.<name>}`: a project's id, say. */
  variables: v.optional(v.record(variable, template), {}),
  create: v.strictObject({
    ...request,
    method: method('POST'),
    /** Where the answer holds the key. */
    key: Place,
    /** Where the answer holds the credential's id. */
    id: Place,
  }),
  verify: VerifyRequest,
  revoke: v.strictObject({ ...request, method: method('DELETE') }),
  list: v.strictObject({
    ...request,
    method: method('GET'),
    /** Where the answer holds the array of credentials. */
    items: Place,
    /** Inside an item. */
    id: Place,
    name: v.optional(Place),
    createdAt: v.optional(Place),
    lastUsedAt: v.optional(Place),
    /** How further pages are asked for, by a parameter of the query. */
    nextPage: v.optional(
      v.variant('by', [
        /** The answer holds where to go on; `while` must be true there, where it is given. */
        v.strictObject({
          by: v.literal('cursor'),
          parameter: text,
          cursor: Place,
          while: v.optional(Place),
        }),
        /** Pages are counted, until one is empty. */
        v.strictObject({ by: v.literal('number'), parameter: text, first: v.optional(v.picklist([0, 1]), 1) }),
      ]),
    ),
  }),
  /** Names begin so; where the vendor lets keys be named, orphans are known by it. */
  namePrefix: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/)), 'keyturn-'),
  /** The list shows keys of this secret alone, so that one which no version holds is an orphan. For vendors without names. */
  ownsEveryKey: v.optional(v.boolean(), false),
  /** For vendors that ask for an end: `${expiresOn}` (2026-12-31) and `${expiresAt}` (ISO 8601) are so many days away. */
  lifetimeDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3650))),
  allowHttpOnLoopback: v.optional(v.boolean(), false),
  requestTimeoutSeconds: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(15)), 10),
};

const placeholder = /\$\{([^}]*)\}/g;

/** The names that a template, or the texts of a JSON value, ask for. */
export function placeholdersOf(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(placeholder)].map((found) => found[1] as string);
  if (Array.isArray(value)) return value.flatMap(placeholdersOf);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(placeholdersOf);
  return [];
}

/** Fills a template. @throws TypeError for a name that has no value, as `httpProblems` finds before */
export function fill(template: string, values: Readonly<Record<string, string>>, encode = (value: string) => value) {
  return template.replace(placeholder, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new TypeError(`\${${name}} has no value here.`);
    return encode(value);
  });
}

type HttpData = v.InferOutput<v.StrictObjectSchema<typeof HttpProviderSettings, undefined>>;
type Request = HttpData['list' | 'create' | 'revoke' | 'verify'];

/** What is expected at a place of the data, and is not so. */
export interface HttpProblem {
  readonly at: readonly string[];
  readonly expected: string;
}

/** What in the data would fail, or would leave or hit the wrong keys, when it is too late to say so. Pure. */
export function httpProblems(data: HttpData): HttpProblem[] {
  const { create, verify, revoke, list } = data;
  const shared = [
    ...Object.keys(data.admin.values).map((name) => `admin.${name}`),
    ...Object.keys(data.variables).map((name) => `variables.${name}`),
  ];
  const expiry = data.lifetimeDays === undefined ? [] : ['expiresOn', 'expiresAt'];
  const known = {
    create: [...shared, 'name', ...expiry],
    verify: [...shared, 'key', 'id'],
    revoke: [...shared, 'id'],
    list: shared,
  };
  const problems = (Object.keys(known) as (keyof typeof known)[]).flatMap((place) =>
    requestProblems(place, data[place], known[place], data.allowHttpOnLoopback),
  );
  problems.push(...keyProblems(verify));
  if (!uses(revoke, 'id')) {
    problems.push({ at: ['revoke'], expected: '${id} somewhere, or it does not say which key it revokes' });
  }
  if (list.name !== undefined && !uses(create, 'name')) {
    problems.push({ at: ['create'], expected: '${name} somewhere, by which list.name finds the key again' });
  }
  if (list.name === undefined && !data.ownsEveryKey) {
    problems.push({
      at: ['list', 'name'],
      expected:
        'where an item holds its name, which distinguishes orphans from keys of others; or "ownsEveryKey": true, if the list shows keys of this secret alone',
    });
  }
  return problems;
}

/** The same for a request that verifies a key where there is no vendor. Pure. */
export function verifyProblems(verify: VerifyRequest, allowHttpOnLoopback: boolean): HttpProblem[] {
  return [...requestProblems('verify', verify, ['key', 'id'], allowHttpOnLoopback), ...keyProblems(verify)];
}

function keyProblems(verify: VerifyRequest): HttpProblem[] {
  if (uses(verify, 'key')) return [];
  return [{ at: ['verify'], expected: '${key} somewhere, or it says nothing of the key' }];
}

function uses(request: Request, name: string): boolean {
  return placeholdersOf(Object.values(request)).includes(name);
}

function requestProblems(
  place: string,
  request: Request,
  known: string[],
  allowHttpOnLoopback: boolean,
): HttpProblem[] {
  const url = urlProblem(request.url, allowHttpOnLoopback);
  const body = bodyProblem(request);
  return [
    ...(url ? [{ at: [place, 'url'], expected: url }] : []),
    ...(body ? [{ at: [place], expected: body }] : []),
    ...unknownNames(place, request, known),
  ];
}

function urlProblem(url: string, allowHttpOnLoopback: boolean): string | undefined {
  // Placeholders stand for text that is encoded: a letter in their place keeps the URL's shape.
  const plain = url.replace(placeholder, 'x');
  const origin = /^https?:\/\/[^/?#]*/i.exec(url)?.[0];
  if (!origin || !URL.canParse(plain)) return 'a URL of https://';
  if (origin.includes('${')) return 'a host that stands there literally';
  const { protocol, hostname, username, password } = new URL(plain);
  if (username || password) return 'no login in it: write "basic"';
  if (isForbiddenHost(hostname)) return 'a host that is neither link-local nor the metadata of an instance';
  if (protocol === 'https:') return undefined;
  if (!['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) return 'https: keys do not travel in the clear';
  return allowHttpOnLoopback ? undefined : 'https, or "allowHttpOnLoopback": true for a vendor on this machine';
}

function unknownNames(place: string, request: Request, known: string[]): HttpProblem[] {
  const unknown = new Set(placeholdersOf(Object.values(request)).filter((name) => !known.includes(name)));
  const possible = known.map((name) => `\${${name}}`).join(', ');
  return [...unknown].map((name) => ({ at: [place], expected: `${possible} to be filled in, not \${${name}}` }));
}

function bodyProblem({ json, form, method: verb }: Request): string | undefined {
  if (json !== undefined && form !== undefined) return 'one body, json or form';
  return verb === 'GET' && (json !== undefined || form !== undefined) ? 'no body with GET' : undefined;
}
