import type { Authoriser } from './authorization/authorise.ts';
import type { Cloud, Service, ServiceEvent, ServiceFactory } from './cloud.ts';
import type { Faults } from './faults/faults.ts';
import type { AdministratorKey } from './identity/administrator-key.ts';
import type { SessionStore } from './identity/sessions.ts';
import type { Recorder } from './recording/recorder.ts';
import type { RouteTable } from './wire/routes.ts';

/** An operation that EventBridge offers to its siblings: an event of an AWS service, delivered as often as it is called. A doubled delivery has the same id. */
export interface EventSink extends Service {
  acceptServiceEvent(event: ServiceEvent, id: string): void;
}

export interface RunningCloud extends Cloud {
  readonly port: number;
  /** The key that may do anything here: what tests, and programs beside the laptop, sign with. */
  readonly administrator: AdministratorKey;
  /** What requests below `/_local/` carry in the header `x-laptop-token`, unless they are signed. */
  readonly pageToken: string;
  /** The address of the console's page, with the token in its fragment. */
  readonly consoleUrl: string;
  /** Paths of the endpoint that speak no AWS protocol. */
  readonly routes: RouteTable;
  readonly recorder: Recorder;
  readonly faults: Faults;
  readonly sessions: SessionStore;
  readonly authoriser: Authoriser;
  readonly services: ReadonlyMap<string, Service>;
  addService(factory: ServiceFactory): Service;
  /** Forgets everything in every service, the faults, the records and the issued credentials. */
  reset(): Promise<void>;
  /** Stops everything. May be called twice. */
  close(): Promise<void>;
}
