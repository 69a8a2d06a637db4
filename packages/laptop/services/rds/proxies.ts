import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { type DatabaseProxy, startProxy } from '../../postgres/proxy/proxy.ts';
import { describeProxy, describeProxyEndpoint, describeTargetGroup, flag } from './describe.ts';
import type { Endpoints } from './endpoints.ts';
import { page } from './paging.ts';
import { RegisteredLogins } from './registered-logins.ts';
import {
  invalidCombination,
  invalidValue,
  type ProxyEndpoint,
  type ProxyRecord,
  type RdsState,
  type UserAuth,
} from './state.ts';
import { checkIdentifier, refuseUnsupported } from './validation.ts';

/** AWS describes no port of a proxy: it is the engine's. */
const PORT = 5432;
const AUTHENTICATION = new Set(['POSTGRES_SCRAM_SHA_256', 'POSTGRES_MD5']);

type Input = Record<string, any>;

/** The proxies of one cloud: their records, doors and what they know of their secrets. */
export class Proxies {
  readonly #state: RdsState;
  readonly #endpoints: Endpoints;
  readonly #logins = new Map<string, RegisteredLogins>();

  constructor(state: RdsState, endpoints: Endpoints) {
    this.#state = state;
    this.#endpoints = endpoints;
  }

  operations(): Record<string, Operation> {
    const state = this.#state;
    const access = (input: Input, call: Call) => [
      {
        action: `rds:${call.operation}`,
        resource:
          state.proxies.get(state.key(call.region, input.DBProxyName ?? ''))?.arn ??
          `arn:aws:rds:${call.region}:${call.accountId}:db-proxy:*`,
      },
    ];
    const proxyOf = (input: Input, call: Call) => state.proxy(call.region, input.DBProxyName);
    return {
      CreateDBProxy: {
        access,
        handle: async (input, call) => ({ DBProxy: describeProxy(await this.create(input, call)) }),
      },
      ModifyDBProxy: {
        access,
        handle: async (input, call) => ({ DBProxy: describeProxy(await this.#modify(input, call)) }),
      },
      DeleteDBProxy: {
        access,
        handle: async (input, call) => {
          const proxy = proxyOf(input, call);
          await this.#close(proxy);
          return { DBProxy: { ...describeProxy(proxy), Status: 'deleting' } };
        },
      },
      DescribeDBProxies: { access, handle: (input, call) => this.#describe(input, call) },
      RegisterDBProxyTargets: {
        access,
        handle: async (input, call) => ({ DBProxyTargets: await this.register(input, call) }),
      },
      DeregisterDBProxyTargets: {
        access,
        handle: (input, call) => {
          const proxy = proxyOf(input, call);
          proxy.target = undefined;
          for (const door of doors(proxy)) door.dropSessions();
          return {};
        },
      },
      DescribeDBProxyTargets: {
        access,
        handle: async (input, call) => ({ Targets: await this.#targets(proxyOf(input, call)) }),
      },
      DescribeDBProxyTargetGroups: {
        access,
        handle: (input, call) => ({ TargetGroups: [describeTargetGroup(group(proxyOf(input, call), input))] }),
      },
      ModifyDBProxyTargetGroup: {
        access,
        handle: (input, call) => {
          const proxy = group(proxyOf(input, call), input);
          this.setPool(proxy, input.ConnectionPoolConfig ?? {});
          return { DBProxyTargetGroup: describeTargetGroup(proxy) };
        },
      },
      CreateDBProxyEndpoint: {
        access,
        handle: async (input, call) => {
          const proxy = proxyOf(input, call);
          return { DBProxyEndpoint: describeProxyEndpoint(proxy, await this.createEndpoint(input, call)) };
        },
      },
      DescribeDBProxyEndpoints: { access, handle: (input, call) => this.#describeEndpoints(input, call) },
    };
  }

  async create(input: Input, call: Call): Promise<ProxyRecord> {
    refuseUnsupported(call, input, [
      'DBProxyName',
      'EngineFamily',
      'Auth',
      'RoleArn',
      'VpcSubnetIds',
      'VpcSecurityGroupIds',
      'RequireTLS',
      'IdleClientTimeout',
      'DebugLogging',
      'Tags',
      'DefaultAuthScheme',
      'EndpointNetworkType',
      'TargetConnectionNetworkType',
    ]);
    const { region } = call;
    checkIdentifier(input.DBProxyName, 'DBProxyName');
    if (input.EngineFamily !== 'POSTGRESQL')
      throw invalidValue(`EngineFamily ${input.EngineFamily} is not supported on the laptop: POSTGRESQL is.`);
    if (input.DefaultAuthScheme === 'IAM_AUTH')
      throw invalidCombination('End-to-end IAM authentication is not supported on the laptop.');
    if (this.#state.proxies.has(this.#state.key(region, input.DBProxyName))) {
      throw new AwsError('DBProxyAlreadyExistsFault', `DBProxy ${input.DBProxyName} already exists.`);
    }
    const now = this.#state.cloud.clock.now();
    const settings = {
      region,
      name: input.DBProxyName,
      arn: this.#state.arn(region, 'db-proxy', this.#state.resourceId('prx').toLowerCase()),
      targetGroupArn: this.#state.arn(region, 'target-group', this.#state.resourceId('prx-tg').toLowerCase()),
      createdAt: now,
      updatedAt: now,
      subnetIds: input.VpcSubnetIds ?? [],
      securityGroupIds: input.VpcSecurityGroupIds ?? [],
      auth: checkedAuth(input.Auth ?? []),
      roleArn: input.RoleArn,
      requireTls: flag(input.RequireTLS),
      idleClientTimeoutSeconds: Number(input.IdleClientTimeout ?? 1_800),
      debugLogging: flag(input.DebugLogging),
      pool: {
        MaxConnectionsPercent: 100,
        MaxIdleConnectionsPercent: 50,
        ConnectionBorrowTimeout: 120,
        SessionPinningFilters: [],
      },
      tags: input.Tags ?? [],
      endpoints: [],
    };
    const logins = new RegisteredLogins(this.#state.cloud, () => proxy);
    const proxy: ProxyRecord = Object.assign(settings, { door: await this.#open(() => proxy, logins, 'READ_WRITE') });
    this.#logins.set(proxy.arn, logins);
    this.#state.proxies.set(this.#state.key(region, proxy.name), proxy);
    void logins.refresh();
    return proxy;
  }

  async #open(
    proxy: () => ProxyRecord,
    logins: RegisteredLogins,
    role: ProxyEndpoint['targetRole'],
  ): Promise<DatabaseProxy> {
    const { cloud } = this.#state;
    const caPem = (await this.#endpoints.authorities).instance.certificatePem;
    return this.#endpoints.open('proxy', PORT, (at) =>
      startProxy({
        ...at,
        clock: cloud.clock,
        losesRoleSettings: cloud.settings.proxyLosesRoleSettings,
        requireTls: () => proxy().requireTls,
        initQuery: () => proxy().pool.InitQuery,
        borrowTimeoutSeconds: () => proxy().pool.ConnectionBorrowTimeout,
        target: () => {
          const { target } = proxy();
          const relay =
            role === 'READ_ONLY' && target?.kind === 'cluster'
              ? (target as { reader?: typeof target.relay }).reader
              : target?.relay;
          return relay && { host: relay.host, port: relay.port, caPem };
        },
        login: (user) => logins.login(user),
        logins: () => logins.logins(),
      }),
    );
  }

  async #modify(input: Input, call: Call): Promise<ProxyRecord> {
    refuseUnsupported(call, input, [
      'DBProxyName',
      'Auth',
      'RequireTLS',
      'IdleClientTimeout',
      'DebugLogging',
      'RoleArn',
      'SecurityGroups',
    ]);
    const proxy = this.#state.proxy(call.region, input.DBProxyName);
    if (input.Auth) proxy.auth = checkedAuth(input.Auth);
    if (input.RoleArn) proxy.roleArn = input.RoleArn;
    if (input.RequireTLS !== undefined) proxy.requireTls = flag(input.RequireTLS);
    if (input.IdleClientTimeout !== undefined) proxy.idleClientTimeoutSeconds = input.IdleClientTimeout;
    if (input.DebugLogging !== undefined) proxy.debugLogging = flag(input.DebugLogging);
    if (input.SecurityGroups) proxy.securityGroupIds = input.SecurityGroups;
    proxy.updatedAt = this.#state.cloud.clock.now();
    await this.#logins.get(proxy.arn)?.refresh();
    return proxy;
  }

  setPool(proxy: ProxyRecord, given: Input): void {
    const known = [
      'MaxConnectionsPercent',
      'MaxIdleConnectionsPercent',
      'ConnectionBorrowTimeout',
      'SessionPinningFilters',
      'InitQuery',
    ];
    const other = Object.keys(given).find((name) => !known.includes(name));
    if (other) throw invalidValue(`ConnectionPoolConfig: ${other} is not supported on the laptop.`);
    const before = proxy.pool.InitQuery;
    proxy.pool = {
      ...proxy.pool,
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    };
    proxy.pool.ConnectionBorrowTimeout = Number(proxy.pool.ConnectionBorrowTimeout);
    proxy.updatedAt = this.#state.cloud.clock.now();
    if (proxy.pool.InitQuery !== before) for (const door of doors(proxy)) door.dropSessions();
  }

  async register(input: Input, call: Call) {
    const proxy = group(this.#state.proxy(call.region, input.DBProxyName), input);
    const instances = (input.DBInstanceIdentifiers ?? []).map((name: string) =>
      this.#state.instance(call.region, name),
    );
    const clusters = (input.DBClusterIdentifiers ?? []).map((name: string) => this.#state.cluster(call.region, name));
    const [target, ...more] = [...instances, ...clusters];
    if (!target || more.length > 0)
      throw invalidCombination('A proxy has one target: one DB instance or one DB cluster.');
    if (proxy.target === target) {
      throw new AwsError(
        'DBProxyTargetAlreadyRegisteredFault',
        `The target ${target.identifier} is already registered with the proxy.`,
      );
    }
    if (proxy.target) throw invalidCombination(`The proxy has a target already: ${proxy.target.identifier}.`);
    proxy.target = target;
    return this.#targets(proxy, { State: 'REGISTERING' });
  }

  /** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBProxyTarget.html */
  async #targets(proxy: ProxyRecord, health?: { State: string }) {
    const { target } = proxy;
    if (!target) return [];
    const TargetHealth = health ?? (await proxy.door.health());
    const cluster = target.kind === 'cluster' ? this.#state.cluster(target.region, target.identifier) : undefined;
    const members = cluster ? this.#state.members(cluster) : [];
    const instance = {
      Endpoint: target.relay?.host,
      RdsResourceId: target.identifier,
      Port: target.relay?.port,
      Type: 'RDS_INSTANCE',
      Role: 'READ_WRITE',
      TargetHealth,
    };
    if (!cluster) return [instance];
    return [
      { RdsResourceId: cluster.identifier, Port: cluster.relay?.port, Type: 'TRACKED_CLUSTER', TargetArn: cluster.arn },
      ...members.map(({ identifier, relay }, index) => ({
        ...instance,
        Endpoint: relay?.host,
        Port: relay?.port,
        RdsResourceId: identifier,
        TrackedClusterId: cluster.identifier,
        Role: index === 0 ? 'READ_WRITE' : 'READ_ONLY',
      })),
    ];
  }

  #describe(input: Input, call: Call) {
    const all = input.DBProxyName
      ? [this.#state.proxy(call.region, input.DBProxyName)]
      : [...this.#state.proxies.values()].filter(({ region }) => region === call.region);
    const { records, Marker } = page(all, input, ({ name }) => name);
    return { DBProxies: records.map(describeProxy), Marker };
  }

  async createEndpoint(input: Input, call: Call): Promise<ProxyEndpoint> {
    refuseUnsupported(call, input, [
      'DBProxyName',
      'DBProxyEndpointName',
      'VpcSubnetIds',
      'VpcSecurityGroupIds',
      'TargetRole',
      'Tags',
    ]);
    const proxy = this.#state.proxy(call.region, input.DBProxyName);
    checkIdentifier(input.DBProxyEndpointName, 'DBProxyEndpointName');
    if (proxy.endpoints.some(({ name }) => name === input.DBProxyEndpointName)) {
      throw new AwsError(
        'DBProxyEndpointAlreadyExistsFault',
        `DBProxyEndpoint ${input.DBProxyEndpointName} already exists.`,
      );
    }
    const targetRole = input.TargetRole ?? 'READ_WRITE';
    const endpoint: ProxyEndpoint = {
      name: input.DBProxyEndpointName,
      arn: this.#state.arn(call.region, 'db-proxy-endpoint', this.#state.resourceId('prx-endpoint').toLowerCase()),
      createdAt: this.#state.cloud.clock.now(),
      targetRole,
      subnetIds: input.VpcSubnetIds ?? [],
      securityGroupIds: input.VpcSecurityGroupIds ?? [],
      door: await this.#open(() => proxy, this.#logins.get(proxy.arn)!, targetRole),
    };
    proxy.endpoints.push(endpoint);
    return endpoint;
  }

  #describeEndpoints(input: Input, call: Call) {
    const proxies = input.DBProxyName
      ? [this.#state.proxy(call.region, input.DBProxyName)]
      : [...this.#state.proxies.values()].filter(({ region }) => region === call.region);
    const all = proxies.flatMap((proxy) => [
      describeProxyEndpoint(proxy),
      ...proxy.endpoints.map((endpoint) => describeProxyEndpoint(proxy, endpoint)),
    ]);
    const wanted = input.DBProxyEndpointName;
    const kept = wanted ? all.filter(({ DBProxyEndpointName }) => DBProxyEndpointName === wanted) : all;
    if (wanted && kept.length === 0) {
      throw new AwsError('DBProxyEndpointNotFoundFault', `DBProxyEndpoint ${wanted} not found.`, { httpStatus: 404 });
    }
    const { records, Marker } = page(
      kept,
      input,
      (endpoint) => `${endpoint.DBProxyName}/${endpoint.DBProxyEndpointName}`,
    );
    return { DBProxyEndpoints: records, Marker };
  }

  async #close(proxy: ProxyRecord): Promise<void> {
    this.#state.proxies.delete(this.#state.key(proxy.region, proxy.name));
    this.#logins.get(proxy.arn)?.stop();
    this.#logins.delete(proxy.arn);
    await Promise.all(doors(proxy).map((door) => door.close()));
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#state.proxies.values()].map((proxy) => this.#close(proxy)));
  }
}

const doors = (proxy: ProxyRecord) => [proxy.door, ...proxy.endpoints.map(({ door }) => door)];

/** Every proxy has the one target group that is called default. */
function group(proxy: ProxyRecord, input: Input): ProxyRecord {
  if ((input.TargetGroupName ?? 'default') === 'default') return proxy;
  throw new AwsError('DBProxyTargetGroupNotFoundFault', `DBProxyTargetGroup ${input.TargetGroupName} not found.`, {
    httpStatus: 404,
  });
}

function checkedAuth(auth: UserAuth[]): UserAuth[] {
  return auth.map((entry) => {
    const {
      SecretArn,
      IAMAuth = 'DISABLED',
      AuthScheme = 'SECRETS',
      ClientPasswordAuthType = 'POSTGRES_SCRAM_SHA_256',
    } = entry;
    if (!SecretArn?.startsWith('arn:')) throw invalidValue('Auth: SecretArn must be the ARN of a secret.');
    if (AuthScheme !== 'SECRETS') throw invalidValue(`Auth: AuthScheme ${AuthScheme} is not known; SECRETS is.`);
    if (IAMAuth !== 'DISABLED')
      throw invalidCombination(`Auth: IAMAuth ${IAMAuth} is not supported on the laptop: DISABLED is.`);
    if (!AUTHENTICATION.has(ClientPasswordAuthType))
      throw invalidValue(`Auth: ClientPasswordAuthType ${ClientPasswordAuthType} does not fit POSTGRESQL.`);
    return { ...entry, IAMAuth, AuthScheme, ClientPasswordAuthType };
  });
}
