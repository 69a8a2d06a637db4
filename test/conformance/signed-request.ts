import { createHash, createHmac } from 'node:crypto';
import type { Endpoint } from './endpoint.ts';

export interface RawAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export interface RawRequest {
  readonly service: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/**
 * One request as it is, signed by hand, for what no SDK would send.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function sendSigned(endpoint: Endpoint, request: RawRequest): Promise<RawAnswer> {
  const url = urlOf(endpoint, request.service);
  return answerOf(
    await fetch(url, { method: 'POST', headers: sign(url, endpoint, request), body: request.body as string }),
  );
}

export async function sendUnsigned(endpoint: Endpoint, request: Omit<RawRequest, 'credentials'>): Promise<RawAnswer> {
  const { headers, body } = request;
  return answerOf(await fetch(urlOf(endpoint, request.service), { method: 'POST', headers, body: body as string }));
}

async function answerOf(response: Response): Promise<RawAnswer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

const urlOf = ({ url, region }: Endpoint, service: string) =>
  `${url ?? `https://${service}.${region}.amazonaws.com`}/`.replace(/\/+$/, '/');

function sign(url: string, { region, cloud }: Endpoint, { service, headers, body, ...request }: RawRequest) {
  const credentials: NonNullable<RawRequest['credentials']> =
    request.credentials ?? cloud?.administrator ?? fromEnvironment();
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const date = timestamp.slice(0, 8);
  const signed: Record<string, string> = {
    ...headers,
    host: new URL(url).host,
    'x-amz-date': timestamp,
    ...(credentials.sessionToken && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(signed).sort();
  const canonical = [
    'POST',
    '/',
    '',
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ];
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical.join('\n'))].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    (from, part) => hmac(from, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${hmac(key, toSign).toString('hex')}`;
  return { ...signed, authorization };
}

function fromEnvironment(): NonNullable<RawRequest['credentials']> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  return {
    accessKeyId: AWS_ACCESS_KEY_ID ?? 'test',
    secretAccessKey: AWS_SECRET_ACCESS_KEY ?? 'test',
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
