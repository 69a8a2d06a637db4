import { quote } from '@keyturn/consumer/contracts/quote';
import { placeOf, type Redirect, redirectOf } from '@keyturn/consumer/contracts/redirect';
import { judgeStatus } from '@keyturn/consumer/contracts/verdicts/http-status';
import { findNetworkFault } from '@keyturn/consumer/contracts/verdicts/network';
import { fill } from '../../contracts/settings/http-provider.ts';
import { KeyturnError } from '../../errors.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';

const MOST_BYTES = 1_048_576;
const MOST_TRIES = 3;
const LONGEST_WAIT_SECONDS = 10;

/** A request as data: templates that are filled with values at the last moment. */
export interface RequestTemplate {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>> | undefined;
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** The parsed body; undefined when there is none, or it is no JSON. */
  readonly body: unknown;
  /** A redirect that was not followed: whose it is, and where it leads. Both are fit to be quoted. */
  readonly redirect?: { readonly from: string; readonly to: string };
}

export interface HttpClient {
  readonly fetch: typeof fetch;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly requestTimeoutSeconds: number;
}

/**
 * Sends one request. Redirects are not followed: the key would go to where the answer says. The body is bounded, and so
 * is the time. A connection of its own each time, so that a balancer may choose another node. A vendor that asks to wait
 * (429) is waited for a little: it has not done anything yet.
 * @throws TargetUnavailable when there was no whole answer; the vendor may have acted all the same
 * @throws TargetRefused when nothing was sent, because its certificate is not accepted
 */
export async function send(
  client: HttpClient,
  template: RequestTemplate,
  values: Readonly<Record<string, string>>,
  tries = MOST_TRIES,
): Promise<HttpAnswer> {
  const request = build(template, values);
  const where = describeRequest(template);
  for (let attempt = 1; ; attempt += 1) {
    const response = await exchange(client, request, where, secretsOf(values));
    if (response.status !== 429 || attempt >= tries) return response;
    const seconds = Number(response.retryAfter ?? 1);
    if (!(seconds >= 0 && seconds <= LONGEST_WAIT_SECONDS)) return response;
    await client.sleep(Math.max(seconds, 0.1) * 1000);
  }
}

/** How errors name a request: without what was filled in. */
export function describeRequest(template: Pick<RequestTemplate, 'method' | 'url'>): string {
  return `${template.method} ${template.url.split('?')[0]}`;
}

/** Says what a status that is no success means. Bodies are left out: vendors quote keys in them. */
export function describeStatus(
  where: string,
  { status, redirect }: HttpAnswer,
  advice = '',
): TargetRefused | TargetUnavailable {
  const message = `${where} answered ${status}.${advice && ` ${advice}`}`;
  if (judgeStatus(status) === 'not-now') return new TargetUnavailable(message);
  if (status >= 300 && status < 400) {
    return new TargetRefused(
      `${message} Redirects are not followed, since the key would go along${redirect ? `: ${redirect.from} leads to ${redirect.to}` : ''}. Write the URL that it leads to, if it is the vendor’s.`,
    );
  }
  return new TargetRefused(message);
}

/** What was filled in that no message may quote. */
function secretsOf(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => (name === 'key' || name.startsWith('admin.') ? value : []));
}

interface BuiltRequest {
  url: string;
  method: string;
  headers: Headers;
  body?: string;
}

function build(template: RequestTemplate, values: Readonly<Record<string, string>>): BuiltRequest {
  const where = describeRequest(template);
  const headers = new Headers();
  const set = (name: string, value: string) => {
    // Headers would quote the value in its error, and a line end in it would begin another header.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new TargetRefused(`${where}: what is filled into header ${name} has characters that no header can carry.`);
    }
    headers.set(name, value);
  };
  set('accept', 'application/json');
  set('connection', 'close');
  const { basic, form, json } = template;
  if (json !== undefined) set('content-type', 'application/json');
  if (form !== undefined) set('content-type', 'application/x-www-form-urlencoded');
  if (basic) {
    const login = `${fill(basic.username, values)}:${fill(basic.password, values)}`;
    set('authorization', `Basic ${Buffer.from(login).toString('base64')}`);
  }
  for (const [name, value] of Object.entries(template.headers)) set(name, fill(value, values));
  const filledForm = Object.entries(form ?? {}).map(([name, value]): [string, string] => [name, fill(value, values)]);
  return {
    url: fill(template.url, values, (value) => encodeSegment(where, value)),
    method: template.method,
    headers,
    ...(json !== undefined && { body: JSON.stringify(fillTexts(json, values)) }),
    ...(form !== undefined && { body: new URLSearchParams(filledForm).toString() }),
  };
}

/** `.` and `..` mean another place in a URL, in whatever way they are encoded. */
function encodeSegment(where: string, value: string): string {
  if (value !== '.' && value !== '..') return encodeURIComponent(value);
  throw new TargetRefused(`${where}: "${value}" cannot be filled into a URL.`);
}

function fillTexts(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return fill(value, values);
  if (Array.isArray(value)) return value.map((item) => fillTexts(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fillTexts(inner, values)]));
}

async function exchange(
  client: HttpClient,
  request: BuiltRequest,
  where: string,
  secrets: readonly string[],
): Promise<HttpAnswer & { retryAfter: string | null }> {
  const { url, ...init } = request;
  const signal = AbortSignal.timeout(client.requestTimeoutSeconds * 1000);
  try {
    const response = await client.fetch(url, { ...init, redirect: 'manual', signal });
    const text = await readBounded(response);
    const redirect = redirectOf(new URL(url), response.status, response.headers.get('location'));
    return {
      status: response.status,
      body: parseJson(text),
      retryAfter: response.headers.get('retry-after'),
      ...(redirect && { redirect: describeRedirect(new URL(url), redirect, secrets) }),
    };
  } catch (error) {
    if (error instanceof KeyturnError) throw error;
    // The cause is dropped on purpose: it may quote what was sent.
    if (signal.aborted) throw unanswered(where, `no answer within ${client.requestTimeoutSeconds} seconds`);
    const fault = findNetworkFault(error);
    if (fault?.verdict !== 'wrong') throw unanswered(where, `the connection failed${fault ? ` (${fault.code})` : ''}`);
    throw new TargetRefused(
      `${where}: TLS could not be agreed on (${fault.code}), so nothing was sent. Use the host name that the certificate carries, or trust its authority: NODE_EXTRA_CA_CERTS.`,
    );
  }
}

/** Origins of another host, places of the same one, without their queries. */
function describeRedirect(from: URL, redirect: Redirect, secrets: readonly string[]): { from: string; to: string } {
  if (redirect.leads === 'elsewhere') return { from: redirect.from, to: quote(redirect.to, secrets) };
  return { from: from.origin, to: quote(placeOf(redirect.url), secrets) };
}

function unanswered(where: string, reason: string): TargetUnavailable {
  return new TargetUnavailable(`${where}: ${reason}. The vendor may have acted all the same.`);
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw new TargetUnavailable(`The vendor’s answer is longer than ${MOST_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Many answers have no body or a page for people; what is looked for in it is then missing, and that is said.
    return undefined;
  }
}
