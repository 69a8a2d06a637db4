import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Operation = 'create' | 'list' | 'revoke' | 'verify';

/**
 * What the vendor does to a request instead of answering it well:
 * - `answer-lost`: it acts, and the connection breaks;
 * - `silent`: it acts, and never answers;
 * - `acts-late`: the connection breaks, and it acts only after the next request of this kind;
 * - `unreachable`: the connection breaks before it acts;
 * - `rate-limited`: 429 and a second to wait; `rate-limited-long`: an hour;
 * - `failed`: 500 without an effect; `failed-after`: 500, and it has acted;
 * - `not-found`: it acts, and answers 404; `not-found-lie`: 404, and it has not;
 * - `refused`: 401, whatever key it was; `misfit`: 400, about the request and not about the key;
 * - `redirect`: to another host; `page`: 200 and HTML; `endless`: a body that does not end;
 * - `echo`: 400 with everything that was sent, as careless vendors do.
 */
export type Fault =
  | 'answer-lost'
  | 'silent'
  | 'acts-late'
  | 'unreachable'
  | 'rate-limited'
  | 'rate-limited-long'
  | 'failed'
  | 'failed-after'
  | 'not-found'
  | 'not-found-lie'
  | 'refused'
  | 'misfit'
  | 'redirect'
  | 'page'
  | 'endless'
  | 'echo';

/** These happen after the vendor has acted. */
const acting: ReadonlySet<Fault> = new Set(['answer-lost', 'silent', 'failed-after', 'not-found']);

interface Struck {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: string;
  readonly silent: Set<ServerResponse>;
}

const breakOff = ({ request }: Struck) => void request.socket.destroy();
const status = (code: number) => (struck: Struck) => answer(struck.response, code, { error: `answered ${code}` });
const rateLimited = (retryAfter: string) => (struck: Struck) => {
  struck.response.setHeader('retry-after', retryAfter);
  answer(struck.response, 429, { error: 'slow down' });
};

const misbehaviour: Readonly<Record<Fault, (struck: Struck) => void>> = {
  'answer-lost': breakOff,
  'acts-late': breakOff,
  unreachable: breakOff,
  silent: ({ response, silent }) => void silent.add(response),
  'rate-limited': rateLimited('1'),
  'rate-limited-long': rateLimited('3600'),
  failed: status(500),
  'failed-after': status(500),
  'not-found': status(404),
  'not-found-lie': status(404),
  refused: status(401),
  misfit: status(400),
  redirect({ response }) {
    response.setHeader('location', 'http://127.0.0.1:1/elsewhere');
    answer(response, 302);
  },
  page({ response }) {
    response.setHeader('content-type', 'text/html');
    response.end('<h1>Welcome</h1>');
  },
  echo: ({ request, response, body }) => answer(response, 400, { sent: body, headers: request.headers }),
  endless({ response }) {
    const more = () => {
      if (!response.destroyed) response.write('x'.repeat(65_536), () => setImmediate(more));
    };
    more();
  },
};

export interface VendorKey {
  readonly id: string;
  readonly key: string;
  readonly name: string | undefined;
  readonly createdAt: Date;
  lastUsedAt?: Date;
}

export interface VendorOptions {
  now(): Date;
  /** Whether keys carry the name that they are created with. */
  readonly named?: boolean;
  readonly mostKeys?: number;
  /** How long after its creation a key works, on each of the vendor's nodes. */
  readonly activationMilliseconds?: readonly number[];
}

/** A vendor of API keys that behaves as badly as it is told. */
export class Vendor {
  readonly keys = new Map<string, VendorKey>();
  readonly adminKeys = new Set(['admin-key-1']);
  readonly requests: { operation: Operation | 'other'; url: string; authorization: string; body: string }[] = [];
  /** The most keys that existed at one time. */
  mostAtOnce = 0;
  activationMilliseconds: readonly number[];
  mostKeys: number;
  readonly #options: VendorOptions;
  readonly #faults: { operation: Operation; fault: Fault }[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #silent = new Set<ServerResponse>();
  readonly #late: { operation: Operation; act: () => void }[] = [];
  #verified = 0;

  constructor(options: VendorOptions) {
    this.#options = options;
    this.activationMilliseconds = options.activationMilliseconds ?? [0];
    this.mostKeys = options.mostKeys ?? 100;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    for (const response of this.#silent) response.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Strikes the next requests of this operation, once for each fault that is added. */
  fail(operation: Operation, ...faults: Fault[]): void {
    for (const fault of faults) this.#faults.push({ operation, fault });
  }

  get faultsLeft(): number {
    return this.#faults.length;
  }

  clearFaults(): void {
    this.#faults.length = 0;
  }

  make(name?: string): VendorKey {
    const made: VendorKey = {
      id: randomUUID(),
      key: `vk_${randomBytes(24).toString('base64url')}`,
      name: this.#options.named === false ? undefined : name,
      createdAt: this.#options.now(),
    };
    this.keys.set(made.id, made);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.keys.size);
    return made;
  }

  rename(id: string, name: string): void {
    const found = this.keys.get(id) as VendorKey;
    this.keys.set(id, { ...found, name });
  }

  /** Whether a key works now, on the node or on every one. */
  accepts(key: string, node?: number): boolean {
    const found = [...this.keys.values()].find((one) => one.key === key);
    if (!found) return false;
    const age = this.#options.now().getTime() - found.createdAt.getTime();
    const nodes = node === undefined ? this.activationMilliseconds : [this.activationMilliseconds[node] as number];
    return nodes.every((activation) => age >= activation);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const url = new URL(request.url as string, this.origin);
    const operation = operationOf(request.method as string, url.pathname);
    const authorization = String(request.headers.authorization ?? '');
    this.requests.push({ operation: operation ?? 'other', url: request.url as string, authorization, body });
    if (!operation) return answer(response, 404, { error: 'no such path' });
    const index = this.#faults.findIndex((rule) => rule.operation === operation);
    const fault = index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
    const act = () => this.#act(operation, { url, body, token: authorization.replace(/^Bearer /, '') });
    if (!fault) {
      const acted = act();
      for (const late of this.#late.filter((one) => one.operation === operation)) {
        this.#late.splice(this.#late.indexOf(late), 1);
        late.act();
      }
      return answer(response, ...acted);
    }
    if (fault === 'acts-late') this.#late.push({ operation, act });
    if (acting.has(fault)) act();
    misbehaviour[fault]({ request, response, body, silent: this.#silent });
  }

  #act(operation: Operation, { url, body, token }: { url: URL; body: string; token: string }): [number, unknown?] {
    if (operation === 'verify') return this.#verify(token);
    if (!this.adminKeys.has(token)) return [401, { error: 'who are you' }];
    if (operation === 'create') {
      if (this.keys.size >= this.mostKeys) return [409, { error: `no more than ${this.mostKeys} keys` }];
      const { id, key } = this.make(JSON.parse(body).name);
      return [201, { data: { id, secret: key } }];
    }
    if (operation === 'list') return [200, this.#page(url)];
    const id = decodeURIComponent(url.pathname.split('/')[2] as string);
    return this.keys.delete(id) ? [204] : [404, { error: 'no such key' }];
  }

  /** Requests go round the nodes, as behind a balancer. */
  #verify(token: string): [number, unknown?] {
    const node = this.#verified % this.activationMilliseconds.length;
    this.#verified += 1;
    if (!this.accepts(token, node)) return [401, { error: 'unknown key' }];
    const found = [...this.keys.values()].find((one) => one.key === token);
    if (found) found.lastUsedAt = this.#options.now();
    return [200, { ok: true }];
  }

  #page(url: URL): unknown {
    const size = 2;
    const all = [...this.keys.values()];
    const from = Number(url.searchParams.get('after') ?? 0);
    const shown = all.slice(from, from + size).map(({ id, name, createdAt, lastUsedAt }) => ({
      id,
      ...(name !== undefined && { name }),
      created_at: createdAt.toISOString(),
      last_used_at: lastUsedAt?.toISOString() ?? null,
    }));
    const more = from + size < all.length;
    return { data: shown, has_more: more, ...(more && { last: String(from + size) }) };
  }
}

function operationOf(method: string, path: string): Operation | undefined {
  if (path === '/whoami' && method === 'GET') return 'verify';
  if (path === '/keys' && method === 'POST') return 'create';
  if (path === '/keys' && method === 'GET') return 'list';
  if (path.startsWith('/keys/') && method === 'DELETE') return 'revoke';
  return undefined;
}

function answer(response: ServerResponse, status: number, body?: unknown): void {
  response.statusCode = status;
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json');
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** The vendor's API as data, as a manifest would hold it. */
export function vendorData(vendor: Vendor, adminSecretArn: string, more: Record<string, unknown> = {}) {
  return { provider: 'http', ...vendorRequests(vendor.origin, adminSecretArn), ...more };
}

export function vendorRequests(origin: string, adminSecretArn: string) {
  const asAdmin = { authorization: 'Bearer ${admin.key}' };
  return {
    admin: { secretArn: adminSecretArn },
    create: {
      url: `${origin}/keys`,
      headers: asAdmin,
      json: { name: '${name}', scopes: ['send'] },
      key: '/data/secret',
      id: '/data/id',
    },
    verify: { url: `${origin}/whoami`, headers: { authorization: 'Bearer ${key}' } },
    revoke: { url: `${origin}/keys/\${id}`, headers: asAdmin },
    list: {
      url: `${origin}/keys`,
      headers: asAdmin,
      items: '/data',
      id: '/id',
      name: '/name',
      createdAt: '/created_at',
      lastUsedAt: '/last_used_at',
      nextPage: { by: 'cursor', parameter: 'after', cursor: '/last', while: '/has_more' },
    },
    allowHttpOnLoopback: true,
    requestTimeoutSeconds: 5,
  };
}
