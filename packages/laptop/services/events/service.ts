import type { Cloud, Service, ServiceEvent } from '../../cloud.ts';
import { busOperations } from './bus-operations.ts';
import { Buses, seconds } from './buses.ts';
import { putEventsOperation, testEventPattern } from './put-events.ts';
import { ruleOperations } from './rule-operations.ts';
import { tagOperations } from './tag-operations.ts';
import { targetOperations } from './target-operations.ts';

export interface EventsService extends Service {
  readonly name: 'events';
  readonly buses: Buses;
  /** An event of an AWS service, for the default bus. A doubled delivery has the same id. */
  acceptServiceEvent(event: ServiceEvent, id: string): void;
}

export default function createEventsService(cloud: Cloud): EventsService {
  const buses = new Buses(cloud);
  return {
    name: 'events',
    buses,
    schemas: () => import('@aws-sdk/client-eventbridge') as Promise<Record<string, unknown>>,
    operations: {
      ...busOperations(buses),
      ...ruleOperations(buses),
      ...targetOperations(buses),
      ...tagOperations(buses),
      PutEvents: putEventsOperation(buses),
      TestEventPattern: testEventPattern,
    },
    acceptServiceEvent: (event, id) => {
      const region = event.region ?? cloud.region;
      buses.dispatch(buses.require(region), {
        version: '0',
        id,
        'detail-type': event.detailType,
        source: event.source,
        account: cloud.accountId,
        time: seconds(event.time ?? cloud.clock.now()),
        region,
        resources: event.resources,
        detail: JSON.parse(JSON.stringify(event.detail)),
      });
    },
    reset: () => buses.clear(),
    close: () => buses.clear(),
  };
}
