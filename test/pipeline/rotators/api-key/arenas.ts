import type { IAMClient } from '@aws-sdk/client-iam';
import { acceptedKeys } from '../../../../packages/consumer/contracts/accepted-keys.ts';
import type { FaultRule } from '../../../../packages/laptop/faults/rule.ts';
import type { IamService } from '../../../../packages/laptop/services/iam/service.ts';
import { inProcess, type Laptop } from '../native-rotation.ts';
import {
  accessKeySubject,
  bedrockSubject,
  dependenciesOf,
  generatedSubject,
  type Subject,
  vendorSubject,
} from './subjects.ts';
import { type Fault, type Operation, Vendor, type VendorOptions, vendorData } from './vendor.ts';

/** What every vendor can be made to do, IAM included. */
export type CommonFault = Extract<
  Fault,
  'answer-lost' | 'acts-late' | 'failed' | 'rate-limited' | 'unreachable' | 'not-found-lie' | 'refused' | 'misfit'
>;

/** One provider's secret and vendor, and the ways in which that vendor can be made to misbehave. */
export interface Arena {
  readonly subject: Subject;
  /** Strikes the next requests of this operation, once for each fault. */
  fail(operation: Operation, ...faults: CommonFault[]): void;
  faultsLeft(): number;
  clearFaults(): void;
  /** How long after its creation a key works, on each of the vendor's nodes. */
  activateAfter(...milliseconds: number[]): void;
  /** Somebody deletes a credential at the vendor. */
  deleteBehind(id: string): void;
  /** Whether the key of a value works, on every node. */
  works(value: string): boolean;
  /** What the vendor would let in although no value under AWSCURRENT holds it. */
  orphans(): string[];
  close(): Promise<void>;
}

export interface ArenaOptions {
  settings?: Record<string, unknown>;
}

const notInUse = ({ secret, credentials, idOf }: Subject) => credentials().filter((id) => id !== idOf(secret.value()));

function vendorArena(subject: Subject, vendor: Vendor): Arena {
  return {
    subject,
    fail: (operation, ...faults) => vendor.fail(operation, ...faults),
    faultsLeft: () => vendor.faultsLeft,
    clearFaults: () => vendor.clearFaults(),
    activateAfter(...milliseconds) {
      vendor.activationMilliseconds = milliseconds;
    },
    deleteBehind: (id) => void vendor.keys.delete(id),
    works: (value) => subject.works(value),
    orphans: () => notInUse(subject),
    close: () => subject.close(),
  };
}

export async function httpArena(
  laptop: Laptop,
  options: ArenaOptions & { form?: 'text'; vendor?: Omit<VendorOptions, 'now'> },
): Promise<Arena> {
  const subject = await vendorSubject(laptop, { ...options, vendor: { mostKeys: 2, ...options.vendor } });
  return vendorArena(subject, subject.vendor);
}

/** The nodes of an AWS service, which learn of a new key one after another. Requests go round them. */
class Nodes {
  activationMilliseconds: readonly number[] = [0];
  /** So many of the next requests are refused, whatever key they bear. */
  refusals = 0;
  readonly #now: () => Date;
  #asked = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  knowsOnNext(createdAt: Date): boolean {
    if (this.refusals > 0) {
      this.refusals -= 1;
      return false;
    }
    const node = this.#asked % this.activationMilliseconds.length;
    this.#asked += 1;
    return this.#age(createdAt) >= (this.activationMilliseconds[node] as number);
  }

  knowsEverywhere(createdAt: Date): boolean {
    return this.activationMilliseconds.every((activation) => this.#age(createdAt) >= activation);
  }

  #age(createdAt: Date): number {
    return this.#now().getTime() - createdAt.getTime();
  }
}

type Sending = { send(command: any): Promise<any> };

/** A client whose calls reach a node that may not know the key yet; if it does, the laptop answers. */
function behind(nodes: Nodes, real: () => Sending, key: { createdAt: Date | undefined; error: object }): any {
  const send = (command: unknown) => {
    // A key that does not exist is the laptop's to refuse.
    if (!key.createdAt || nodes.knowsOnNext(key.createdAt)) return real().send(command);
    return inProcess('a node that does not know the key', () => Promise.reject(key.error));
  };
  return { send };
}

const refusal = (name: string, message: string) =>
  Object.assign(new Error(message), { name, $fault: 'client', $metadata: { httpStatusCode: 403 } });

/** Creations whose caller gives up waiting, and which happen after the next one. */
class LateCreations {
  next = 0;
  readonly #waiting: unknown[] = [];

  through(client: Pick<IAMClient, 'send'>): any {
    const { send } = client as unknown as Sending;
    return {
      send: async (command: unknown) => {
        if (this.next > 0) {
          this.next -= 1;
          this.#waiting.push(command);
          throw Object.assign(new Error('Connection timed out'), { name: 'TimeoutError' });
        }
        const answer = await send.call(client, command);
        for (const late of this.#waiting.splice(0)) {
          await send.call(client, late).catch((error: Error) => {
            if (!/^LimitExceeded/.test(error.name)) throw error;
          });
        }
        return answer;
      },
    };
  }
}

const awsFaults: Readonly<Record<Exclude<CommonFault, 'acts-late' | 'refused'>, FaultRule>> = {
  'answer-lost': { kind: 'lose-answer' },
  failed: { kind: 'error' },
  'rate-limited': { kind: 'throttle' },
  unreachable: { kind: 'reset' },
  'not-found-lie': { kind: 'error', code: 'NoSuchEntity', message: 'It cannot be found.', httpStatus: 404 },
  misfit: { kind: 'error', code: 'ValidationException', message: 'The model is no more.', httpStatus: 400 },
};

function awsArena(
  laptop: Laptop,
  subject: Subject,
  aws: {
    nodes: Nodes;
    late: LateCreations;
    operations: Readonly<Record<Operation, string>>;
    credentials: Map<string, { createDate: Date }>;
  },
): Arena {
  const { faults } = laptop.cloud;
  const { nodes, late, operations, credentials } = aws;
  const strike = (operation: Operation, fault: CommonFault) => {
    if (fault === 'acts-late') late.next += 1;
    else if (fault === 'refused') nodes.refusals += 1;
    else faults.add({ ...awsFaults[fault], operation: operations[operation], times: 1 });
  };
  return {
    subject,
    fail(operation, ...struck) {
      for (const fault of struck) strike(operation, fault);
    },
    faultsLeft: () => late.next + nodes.refusals + faults.list().filter((rule) => rule.struck === 0).length,
    clearFaults() {
      faults.clear();
      late.next = 0;
      nodes.refusals = 0;
    },
    activateAfter(...milliseconds) {
      nodes.activationMilliseconds = milliseconds;
    },
    deleteBehind: (id) => void credentials.delete(id),
    works(value) {
      const found = credentials.get(subject.idOf(value) ?? '');
      return subject.works(value) && found !== undefined && nodes.knowsEverywhere(found.createDate);
    },
    orphans: () => notInUse(subject),
    close: () => subject.close(),
  };
}

export async function accessKeyArena(laptop: Laptop, options: ArenaOptions): Promise<Arena> {
  const { accessKeys } = laptop.cloud.service<IamService>('iam').state;
  const real = dependenciesOf(laptop, laptop.countedSecrets);
  const [nodes, late] = [new Nodes(() => laptop.clock.now()), new LateCreations()];
  const error = refusal('InvalidClientTokenId', 'The security token included in the request is invalid.');
  const subject = await accessKeySubject(laptop, {
    ...options,
    dependencies: {
      iamOnce: () => late.through(real.iam()),
      stsWith: (credentials) => {
        const createdAt = accessKeys.get(credentials.accessKeyId)?.createDate;
        return behind(nodes, () => real.stsWith(credentials), { createdAt, error });
      },
    },
  });
  const operations = {
    create: 'CreateAccessKey',
    list: 'ListAccessKeys',
    revoke: 'DeleteAccessKey',
    verify: 'GetCallerIdentity',
  };
  return awsArena(laptop, subject, { nodes, late, operations, credentials: accessKeys });
}

export async function bedrockArena(
  laptop: Laptop,
  options: ArenaOptions & { form?: 'text'; verify: 'Converse' | 'ListFoundationModels' },
): Promise<Arena> {
  const { serviceCredentials } = laptop.cloud.service<IamService>('iam').state;
  const real = dependenciesOf(laptop, laptop.countedSecrets);
  const [nodes, late] = [new Nodes(() => laptop.clock.now()), new LateCreations()];
  const error = refusal('AccessDeniedException', 'Authentication failed: Please make sure your API Key is valid.');
  const subject = await bedrockSubject(laptop, {
    ...options,
    settings: { ...(options.verify === 'Converse' && { modelId: 'amazon.nova-micro-v1:0' }), ...options.settings },
    dependencies: {
      iamOnce: () => late.through(real.iam()),
      bedrockWith: (key) => {
        const clients = real.bedrockWith(key);
        const alias = Buffer.from(key.token.slice(4), 'base64').toString().split(':')[0];
        const createdAt = [...serviceCredentials.values()].find((one) => one.alias === alias)?.createDate;
        return {
          control: () => behind(nodes, () => clients.control() as Sending, { createdAt, error }),
          runtime: () => behind(nodes, () => clients.runtime() as Sending, { createdAt, error }),
        };
      },
    },
  });
  const operations = {
    create: 'CreateServiceSpecificCredential',
    list: 'ListServiceSpecificCredentials',
    revoke: 'DeleteServiceSpecificCredential',
    verify: options.verify,
  };
  return awsArena(laptop, subject, { nodes, late, operations, credentials: serviceCredentials });
}

/** Acceptors that read the secret themselves, node after node; they are the vendor here, and only asked. */
export async function generatedArena(laptop: Laptop, options: ArenaOptions & { form?: 'text' }): Promise<Arena> {
  const now = () => laptop.clock.now();
  const vendor = new Vendor({ now });
  await vendor.open();
  const { verify, allowHttpOnLoopback } = vendorData(vendor, '') as Record<string, unknown>;
  const subject = await generatedSubject(laptop, {
    ...options,
    settings: { verify, allowHttpOnLoopback, ...options.settings },
  });
  const keysUnder = (stage: string): string[] => {
    const value = subject.secret.value(stage);
    if (value === undefined) return [];
    if (value.startsWith('{')) return stage === 'AWSCURRENT' ? acceptedKeys(JSON.parse(value), { now: now() }) : [];
    return [value];
  };
  const stages = ['AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING'];
  const known = () => [...vendor.keys.values()].map((one) => one.key);
  const read = () => {
    const accepted = stages.flatMap(keysUnder);
    for (const [id, { key }] of vendor.keys) if (!accepted.includes(key)) vendor.keys.delete(id);
    for (const key of accepted) {
      if (!known().includes(key)) vendor.keys.set(key, { id: key, key, name: undefined, createdAt: now() });
    }
  };
  subject.secret.calls.watch = read;
  read();
  const keyOf = (value: string) => (value.startsWith('{') ? (JSON.parse(value).api_key as string) : value);
  return {
    ...vendorArena(subject, vendor),
    works: (value) => vendor.accepts(keyOf(value)),
    orphans() {
      read();
      const meant = ['AWSCURRENT', 'AWSPREVIOUS'].flatMap(keysUnder);
      return known().filter((key) => !meant.includes(key));
    },
    close: () => vendor.close(),
  };
}
