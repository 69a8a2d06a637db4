import { randomBytes, randomUUID } from 'node:crypto';
import { addAdminRoutes } from './admin/routes.ts';
import { Authoriser } from './authorization/authorise.ts';
import { type Clock, systemClock } from './clock.ts';
import {
  type Access,
  AwsError,
  type Cloud,
  hostileSettings,
  type Principal,
  type Service,
  type ServiceEvent,
  type ServiceFactory,
  type SessionCredentials,
  type Settings,
} from './cloud.ts';
import { addConsoleRoutes } from './console/routes.ts';
import { Deliveries } from './deliveries.ts';
import { Dispatcher } from './dispatch.ts';
import { Faults } from './faults/faults.ts';
import { type AdministratorKey, makeAdministratorKey } from './identity/administrator-key.ts';
import { Callers } from './identity/callers.ts';
import { rolePrincipal } from './identity/principals.ts';
import { SessionStore } from './identity/sessions.ts';
import { Recorder } from './recording/recorder.ts';
import { makeRunDirectory, type RunDirectory } from './run-directory.ts';
import type { EventSink, RunningCloud } from './running-cloud.ts';
import type { Remove } from './runs/private-file.ts';
import { writeRunFile } from './runs/run-file.ts';
import createIamService, { type IamService } from './services/iam/service.ts';
import { loadServices } from './services/index.ts';
import createKmsService from './services/kms/service.ts';
import createStsService from './services/sts/service.ts';
import { Endpoint } from './wire/endpoint.ts';
import { describeFailure } from './wire/failure.ts';
import { type Listener, listen } from './wire/listener.ts';
import { RouteTable } from './wire/routes.ts';

export interface CloudOptions {
  /** 0 takes a free one. */
  readonly port?: number;
  readonly region?: string;
  readonly accountId?: string;
  readonly clock?: Clock;
  /** 0 ≤ x < 1. */
  readonly random?: () => number;
  /** Differences from the hostile reading. */
  readonly settings?: Partial<Settings>;
  /** Every service when missing. IAM, STS and KMS are always there. */
  readonly services?: readonly ServiceFactory[];
  /**
   * The key of the person who may do anything.
   * @default - a random one, which the cloud's `administrator` holds
   */
  readonly administrator?: AdministratorKey;
  /**
   * A key that the cloud does not know stands for the administrator, unchecked: for test suites whose keys are made up.
   * @default false
   */
  readonly anyCredentials?: boolean;
  /**
   * The folder in which `laptop-<port>.json` says how to reach this cloud, and its key, until it closes.
   * @default - no such file
   */
  readonly runFolder?: string;
  /** How many calls the recorder keeps. */
  readonly recordedCalls?: number;
  readonly log?: (line: string) => void;
}

/**
 * Starts a cloud on 127.0.0.1, on a free port unless `port` names one. It runs until it is closed.
 *
 * @example
 * ```ts
 * import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
 * import { createCloud, loadAssembly } from '@keyturn/laptop';
 *
 * const cloud = await createCloud();
 * await loadAssembly('cdk.out', cloud);
 * const { endpointUrl: endpoint, region, administrator: credentials } = cloud;
 * const client = new SecretsManagerClient({ endpoint, region, credentials });
 * console.log((await client.send(new GetSecretValueCommand({ SecretId: 'shop/key' }))).VersionId);
 * await cloud.close();
 * ```
 *
 * @throws PortTaken
 */
export async function createCloud(options: CloudOptions = {}): Promise<RunningCloud> {
  const cloud = new LocalCloud(options, await makeRunDirectory());
  try {
    await cloud.open(options);
  } catch (error) {
    await cloud.close();
    throw error;
  }
  return cloud;
}

/** Always there: every call has a principal, and secrets have keys. */
const hubServices: readonly ServiceFactory[] = [createIamService, createStsService, createKmsService];

class LocalCloud implements RunningCloud {
  readonly accountId: string;
  readonly region: string;
  readonly partition = 'aws' as const;
  readonly clock: Clock;
  readonly directory: string;
  readonly settings: Settings;
  readonly random: () => number;
  readonly log: (line: string) => void;
  readonly routes = new RouteTable();
  readonly recorder: Recorder;
  readonly faults: Faults;
  readonly sessions = new SessionStore();
  readonly services = new Map<string, Service>();
  readonly #hub = new Map<ServiceFactory, Service>();
  readonly #dispatcher: Dispatcher;
  readonly #iam: IamService;
  readonly authoriser: Authoriser;
  readonly administrator: AdministratorKey;
  readonly pageToken = randomBytes(24).toString('base64url');
  readonly callers: Callers;
  readonly deliveries: Deliveries;
  #listener: Listener | undefined;
  #closing: Promise<void> | undefined;
  #removeRunFile: Remove | undefined;
  readonly #runDirectory: RunDirectory;

  constructor(options: CloudOptions, directory: RunDirectory) {
    this.accountId = options.accountId ?? '000000000000';
    this.region = options.region ?? 'us-east-1';
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.settings = { ...hostileSettings, ...options.settings };
    this.log = options.log ?? ((line) => void process.stderr.write(`${line}\n`));
    this.#runDirectory = directory;
    this.directory = directory.path;
    this.deliveries = new Deliveries(this.log);
    this.recorder = new Recorder(options.recordedCalls);
    this.faults = new Faults(this.random);
    this.#dispatcher = new Dispatcher(this, this);
    this.#iam = this.addService(createIamService) as IamService;
    const { sessions, recorder } = this;
    this.authoriser = new Authoriser({ cloud: this, iam: this.#iam.state, sessions, recorder });
    this.administrator = options.administrator ?? makeAdministratorKey();
    this.callers = new Callers({
      administrator: this.administrator,
      anyCredentials: options.anyCredentials === true,
      pageToken: this.pageToken,
      sessions,
      keys: this.#iam.state,
      clock: this.clock,
      accountId: this.accountId,
      region: this.region,
    });
  }

  async open(options: CloudOptions): Promise<void> {
    const endpoint = new Endpoint({
      cloud: this,
      dispatcher: this.#dispatcher,
      recorder: this.recorder,
      routes: this.routes,
      find: (name) => this.services.get(name),
      callers: this.callers,
    });
    this.#listener = await listen(options.port ?? 0, {
      refuse: (head) => endpoint.refuse(head),
      handle: (request) => endpoint.handle(request),
      onFailure: (error) => this.log(`endpoint: ${describeFailure(error)}`),
    });
    addAdminRoutes(this);
    addConsoleRoutes(this);
    for (const factory of hubServices) this.addService(factory);
    for (const factory of options.services ?? (await loadServices())) this.addService(factory);
    if (options.runFolder !== undefined) this.#removeRunFile = writeRunFile(options.runFolder, this);
  }

  get port(): number {
    if (!this.#listener) throw new Error('The cloud has no port before it is open.');
    return this.#listener.port;
  }

  get endpointUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get consoleUrl(): string {
    return `${this.endpointUrl}/_local/console/#token=${this.pageToken}`;
  }

  addService(factory: ServiceFactory): Service {
    // These are part of the hub; a list of services that names them as well means the ones already there.
    const already = this.#hub.get(factory);
    if (already) return already;
    const service = factory(this);
    if (this.services.has(service.name)) throw new Error(`There are two services named ${service.name}.`);
    this.services.set(service.name, service);
    if (hubServices.includes(factory)) this.#hub.set(factory, service);
    return service;
  }

  service<S extends Service = Service>(name: string): S {
    const service = this.services.get(name);
    if (!service) throw new Error(`This cloud has no service ${name}.`);
    return service as S;
  }

  async call<Output = any>(request: Parameters<Cloud['call']>[0]): Promise<Output> {
    const service = this.services.get(request.service);
    if (!service) {
      throw new AwsError(
        'UnknownOperationException',
        `The laptop has no service "${request.service}": SUPPORT.md of @keyturn/laptop lists what it has.`,
      );
    }
    const { operation, input, principal, region = this.region, signal } = request;
    const dispatched = { service, operation, input: input ?? {}, principal, region, source: 'inside' as const };
    return (await this.#dispatcher.dispatch({ ...dispatched, ...(signal ? { signal } : {}) })) as Output;
  }

  publish(event: ServiceEvent): void {
    const sink = this.services.get('events') as EventSink | undefined;
    if (!sink) return;
    if (!sink.acceptServiceEvent) throw new TypeError('The service events must have acceptServiceEvent(event).');
    if (this.random() < this.settings.eventsLostRate) return;
    const copies = this.random() < this.settings.eventsDuplicatedRate ? 2 : 1;
    const id = randomUUID();
    for (let copy = 0; copy < copies; copy++) sink.acceptServiceEvent(event, id);
  }

  assumeRole(roleArn: string, sessionName: string): SessionCredentials {
    const role = this.#iam.state.identity(roleArn);
    if (role?.kind !== 'role') {
      throw new AwsError('NoSuchEntity', `The role ${roleArn} cannot be found.`, { httpStatus: 404 });
    }
    return this.sessions.issue(rolePrincipal(this.accountId, roleArn, sessionName));
  }

  authorise(principal: Principal, access: Access): Promise<{ allowed: boolean; message: string }> {
    return this.authoriser.authorise(principal, access);
  }

  async reset(): Promise<void> {
    for (const service of this.services.values()) await service.reset();
    this.faults.clear();
    this.recorder.clear();
    this.sessions.clear();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#removeRunFile?.();
    await this.#listener?.close();
    for (const service of [...this.services.values()].reverse()) await service.close?.();
    this.#runDirectory.remove();
  }
}
