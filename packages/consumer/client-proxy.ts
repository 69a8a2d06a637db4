import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { ConfigurationInvalidError } from './errors.ts';

/** A proxy that does not answer CONNECT within this time counts as down. */
const TUNNEL_TIMEOUT_MILLISECONDS = 10_000;
const agentOptions = { keepAlive: true, maxSockets: 50 };

/** The part of an AWS SDK configuration that takes a request handler. The SDK does not read the proxy variables. */
export interface ProxiedClientConfig {
  requestHandler?: unknown;
}

/**
 * Adds a proxy to the configuration of an AWS client, where the environment names one (HTTPS_PROXY, HTTP_PROXY, NO_PROXY,
 * in upper or lower case). A configuration with a request handler of its own is returned unchanged.
 * https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-proxies.html
 * @throws ConfigurationInvalidError
 */
export function throughProxy<Config extends object>(
  config: (Config & ProxiedClientConfig) | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Config | undefined {
  const httpsProxy = proxyUrl('HTTPS_PROXY', environment);
  const httpProxy = proxyUrl('HTTP_PROXY', environment);
  if ((!httpsProxy && !httpProxy) || config?.requestHandler) return config;
  const isDirect = bypass(environment.no_proxy ?? environment.NO_PROXY ?? '');
  return {
    ...(config as Config),
    requestHandler: {
      ...(httpsProxy && { httpsAgent: new TlsTunnelAgent(httpsProxy, isDirect) }),
      ...(httpProxy && { httpAgent: new TunnelAgent(httpProxy, isDirect) }),
    },
  };
}

function proxyUrl(name: string, environment: NodeJS.ProcessEnv): URL | undefined {
  const text = environment[name.toLowerCase()] ?? environment[name];
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname) return url;
  // The message does not quote the value, which may hold a password.
  throw new ConfigurationInvalidError(
    `${name} is not the URL of a proxy: expected http://host:port, with user:password@ where the proxy asks for them.`,
  );
}

/** Reads NO_PROXY: entries are `*`, a host or a domain, with or without a port. Loopback addresses never use a proxy. */
function bypass(noProxy: string): (host: string, port: number) => boolean {
  const entries = noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry) => entry.toLowerCase().replace(/^\*?\./, ''));
  return (host, port) => {
    const name = host.toLowerCase();
    if (name === 'localhost' || name === '::1' || /^127\./.test(name)) return true;
    return entries.some(
      (entry) =>
        entry === '*' || [name, `${name}:${port}`].some((wanted) => wanted === entry || wanted.endsWith(`.${entry}`)),
    );
  };
}

type Connected = (error: Error | null, stream: Duplex) => void;
type IsDirect = (host: string, port: number) => boolean;

/** Opens connections to http endpoints. Node calls createConnection, and takes the connection from the callback. */
class TunnelAgent extends http.Agent {
  readonly #proxy: URL;
  readonly #isDirect: IsDirect;

  constructor(proxy: URL, isDirect: IsDirect) {
    super(agentOptions);
    this.#proxy = proxy;
    this.#isDirect = isDirect;
  }

  override createConnection(options: http.ClientRequestArgs, connected: Connected): Duplex | null | undefined {
    const target = targetOf(options, 80);
    if (this.#isDirect(target.host, target.port)) return super.createConnection(options, connected);
    tunnel(this.#proxy, target).then((socket) => connected(null, socket), failed(connected));
    return undefined;
  }
}

class TlsTunnelAgent extends https.Agent {
  readonly #proxy: URL;
  readonly #isDirect: IsDirect;

  constructor(proxy: URL, isDirect: IsDirect) {
    super(agentOptions);
    this.#proxy = proxy;
    this.#isDirect = isDirect;
  }

  override createConnection(options: https.RequestOptions, connected: Connected): Duplex | null | undefined {
    const target = targetOf(options, 443);
    if (this.#isDirect(target.host, target.port)) return super.createConnection(options, connected);
    tunnel(this.#proxy, target).then((socket) => {
      // TLS ends at the target. The proxy forwards encrypted bytes.
      const servername = options.servername || target.host;
      const secured = tls.connect({ ...(options as tls.ConnectionOptions), socket, servername });
      const onError = failed(connected);
      secured.once('error', onError);
      secured.once('secureConnect', () => {
        secured.off('error', onError);
        connected(null, secured);
      });
    }, failed(connected));
    return undefined;
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function targetOf(options: http.ClientRequestArgs, defaultPort: number): Target {
  return { host: options.host ?? options.hostname ?? 'localhost', port: Number(options.port ?? defaultPort) };
}

/** Passes an error to Node. Its types ask for a stream as well, and there is none. */
const failed = (connected: Connected) => (error: Error) => (connected as (error: Error) => void)(error);

function tunnel(proxy: URL, { host, port }: Target): Promise<Socket> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? https : http).request({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      agent: false,
      headers: {
        host: authority,
        ...(proxy.username && { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
      },
    });
    request.setTimeout(TUNNEL_TIMEOUT_MILLISECONDS, () =>
      request.destroy(new Error(`The proxy ${proxy.host} did not answer within ${TUNNEL_TIMEOUT_MILLISECONDS} ms.`)),
    );
    request.once('error', reject);
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        socket.setTimeout(0);
        return resolve(socket);
      }
      socket.destroy();
      reject(new Error(`The proxy ${proxy.host} answered ${response.statusCode} to CONNECT ${authority}.`));
    });
    // A proxy without CONNECT answers like a web server.
    request.once('response', (response) => {
      response.destroy();
      reject(new Error(`The proxy ${proxy.host} answered ${response.statusCode} to CONNECT ${authority}.`));
    });
    request.end();
  });
}
