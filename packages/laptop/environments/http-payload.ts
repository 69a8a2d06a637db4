import type { RawRequest, RawResponse } from '../wire/routes.ts';

export interface HttpEventParts {
  readonly accountId: string;
  readonly apiId: string;
  readonly requestId: string;
  readonly routeKey: string;
  readonly stage: string;
  readonly domainName: string;
  readonly rawPath: string;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly stageVariables?: Readonly<Record<string, string>>;
  readonly authorizer?: unknown;
  readonly now: Date;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, payload 2.0 */
export function httpEvent(request: RawRequest, parts: HttpEventParts) {
  const { cookie, ...headers } = request.headers;
  const query = new Map<string, string>();
  for (const [name, value] of request.query) query.set(name, query.has(name) ? `${query.get(name)},${value}` : value);
  const isText = /^(text\/|application\/(json|xml|javascript)\b)/.test(headers['content-type'] ?? 'text/');
  return {
    version: '2.0',
    routeKey: parts.routeKey,
    rawPath: parts.rawPath,
    rawQueryString: request.rawQuery,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/;\s*/) }),
    headers,
    ...(query.size > 0 ? { queryStringParameters: Object.fromEntries(query) } : {}),
    requestContext: {
      accountId: parts.accountId,
      apiId: parts.apiId,
      ...(parts.authorizer === undefined ? {} : { authorizer: parts.authorizer }),
      domainName: parts.domainName,
      domainPrefix: parts.domainName.split('.')[0],
      http: {
        method: request.method,
        path: parts.rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: parts.requestId,
      routeKey: parts.routeKey,
      stage: parts.stage,
      time: commonLogTime(parts.now),
      timeEpoch: parts.now.getTime(),
    },
    ...(parts.pathParameters ? { pathParameters: parts.pathParameters } : {}),
    ...(parts.stageVariables ? { stageVariables: parts.stageVariables } : {}),
    ...(request.body.length > 0 ? { body: Buffer.from(request.body).toString(isText ? 'utf8' : 'base64') } : {}),
    isBase64Encoded: request.body.length > 0 && !isText,
  };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12/Mar/2020:19:03:58 +0000` */
function commonLogTime(date: Date): string {
  const [day, time] = date.toISOString().split(/[T.]/) as [string, string];
  return `${day.slice(8)}/${months[date.getUTCMonth()]}/${day.slice(0, 4)}:${time} +0000`;
}

/** What a function's answer means; undefined when it is none that an HTTP response can be made of. */
export function httpResponse(payload: string): RawResponse | undefined {
  const value: unknown = JSON.parse(payload);
  if (value === null || typeof value !== 'object' || !('statusCode' in value)) {
    const body = typeof value === 'string' ? value : payload;
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = value as Record<string, any>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const lowered: Record<string, string | string[]> = { 'content-type': 'text/plain;charset=utf-8' };
  for (const [name, item] of Object.entries(headers ?? {})) lowered[name.toLowerCase()] = String(item);
  if (Array.isArray(cookies) && cookies.length > 0) lowered['set-cookie'] = cookies.map(String);
  const text = typeof body === 'string' ? body : body === undefined || body === null ? '' : JSON.stringify(body);
  return { status, headers: lowered, body: isBase64Encoded ? Buffer.from(text, 'base64') : text };
}

export interface Cors {
  readonly AllowCredentials?: boolean;
  readonly AllowHeaders?: readonly string[];
  readonly AllowMethods?: readonly string[];
  readonly AllowOrigins?: readonly string[];
  readonly ExposeHeaders?: readonly string[];
  readonly MaxAge?: number;
}

export const isPreflight = (request: RawRequest) =>
  request.method === 'OPTIONS' &&
  request.headers.origin !== undefined &&
  request.headers['access-control-request-method'] !== undefined;

/** The headers for an origin that the configuration admits; none for another. */
export function corsHeaders(cors: Cors | undefined, request: RawRequest): Record<string, string> {
  const { origin } = request.headers;
  const origins = cors?.AllowOrigins ?? [];
  if (!cors || origin === undefined || !(origins.includes('*') || origins.includes(origin))) return {};
  const any = origins.includes('*') && !cors.AllowCredentials;
  const list = (name: string, items: readonly string[] | undefined) =>
    items?.length ? { [name]: items.join(',') } : {};
  const preflight = isPreflight(request);
  return {
    'access-control-allow-origin': any ? '*' : origin,
    ...(any ? {} : { vary: 'Origin' }),
    ...(cors.AllowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
    ...list('access-control-expose-headers', cors.ExposeHeaders),
    ...(preflight ? list('access-control-allow-methods', cors.AllowMethods) : {}),
    ...(preflight ? list('access-control-allow-headers', cors.AllowHeaders) : {}),
    ...(preflight && cors.MaxAge !== undefined ? { 'access-control-max-age': String(cors.MaxAge) } : {}),
  };
}
