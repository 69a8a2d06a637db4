import type { Clock } from './clock.ts';
import type { Principal, Service } from './service.ts';

/** What the rest of the cloud is to a service. Services reach each other through `call`, never by import. */
export interface Cloud {
  readonly accountId: string;
  /** The region that calls without one get. Services keep state per region where AWS does. */
  readonly region: string;
  readonly partition: 'aws';
  readonly clock: Clock;
  /** 0 ≤ x < 1; seeded in tests. */
  random(): number;
  /** `http://127.0.0.1:4599`: what functions get as AWS_ENDPOINT_URL. */
  readonly endpointUrl: string;
  /** A folder of this run, removed at close. */
  readonly directory: string;
  readonly settings: Settings;

  /** Calls an operation as `principal`, with authorisation, faults and recording as on the wire. Rejects with AwsError. */
  call<Output = any>(request: {
    service: string;
    operation: string;
    input: unknown;
    principal: Principal;
    region?: string;
    signal?: AbortSignal;
  }): Promise<Output>;

  /** A sibling's own state, for what AWS does inside (the proxy reads secrets' values, CloudWatch reads log lines). */
  service<S extends Service = Service>(name: string): S;

  /** Puts an event of an AWS service on the default bus, with the doubled and lost deliveries that `settings` ask for. */
  publish(event: ServiceEvent): void;

  /** Temporary credentials for a role, as an execution environment or an execution holds them. */
  assumeRole(roleArn: string, sessionName: string): SessionCredentials;

  /** Whether `principal` may do this; `false` comes with AWS's message. For checks inside an operation (PassRole, KMS). */
  authorise(
    principal: Principal,
    access: import('./service.ts').Access,
  ): Promise<{ allowed: boolean; message: string }>;

  /** Prints a line for the person in front of the laptop; never a secret's value. */
  readonly log: (line: string) => void;
}

export interface ServiceEvent {
  source: string;
  detailType: string;
  resources: string[];
  detail: unknown;
  region?: string;
  time?: Date;
}

export interface SessionCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  principal: Principal;
}

/** Where AWS leaves behaviour open or hostile. Defaults are the hostile reading; `friendly` switches each off. */
export interface Settings {
  /** Share of service events delivered twice, and lost. */
  eventsDuplicatedRate: number;
  eventsLostRate: number;
  /** Wait and Retry of state machines take this share of their time: 0.01 makes a minute 600 ms. */
  stateMachineTimeScale: number;
  /** How long a changed function keeps old environments answering, at the least and at the most. */
  functionUpdateMilliseconds: { least: number; most: number };
  /** How late the RDS proxy learns of a changed secret. */
  proxyRefreshMilliseconds: number;
  /** Whether the proxy loses role settings on pinned connections. */
  proxyLosesRoleSettings: boolean;
}

export const hostileSettings: Settings = {
  eventsDuplicatedRate: 0.1,
  eventsLostRate: 0,
  stateMachineTimeScale: 1,
  functionUpdateMilliseconds: { least: 200, most: 1_500 },
  proxyRefreshMilliseconds: 1_000,
  proxyLosesRoleSettings: true,
};
