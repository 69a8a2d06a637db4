import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';
import { fitting } from './bus-operations.ts';
import type { EventsService } from './service.ts';
import { expectTarget } from './target-operations.ts';

const rule: ResourceProvider = {
  type: 'AWS::Events::Rule',
  create(resource, cloud) {
    onlyProperties(resource, [
      'Name',
      'Description',
      'EventPattern',
      'ScheduleExpression',
      'State',
      'Targets',
      'EventBusName',
      'RoleArn',
      'Tags',
    ]);
    const { properties } = resource;
    const { buses } = cloud.service<EventsService>('events');
    const made = buses.putRule(cloud.region, {
      Name: properties.Name ?? `${resource.stackName}-${resource.logicalId}`.slice(0, 64),
      Description: properties.Description,
      EventPattern: properties.EventPattern && JSON.stringify(properties.EventPattern),
      ScheduleExpression: properties.ScheduleExpression,
      State: properties.State,
      EventBusName: properties.EventBusName,
      RoleArn: properties.RoleArn,
      Tags: properties.Tags,
    });
    for (const target of properties.Targets ?? []) {
      expectTarget(target);
      made.targets.set(target.Id, target);
    }
    return { ref: made.name, attributes: { Arn: made.arn } };
  },
};

const eventBus: ResourceProvider = {
  type: 'AWS::Events::EventBus',
  create(resource, cloud) {
    onlyProperties(resource, ['Name', 'Description', 'Tags']);
    const bus = cloud.service<EventsService>('events').buses.create(cloud.region, {
      Name: resource.properties.Name,
      Description: resource.properties.Description,
      Tags: resource.properties.Tags,
    });
    return { ref: bus.name, attributes: { Arn: bus.arn, Name: bus.name } };
  },
};

const eventBusPolicy: ResourceProvider = {
  type: 'AWS::Events::EventBusPolicy',
  create(resource, cloud) {
    onlyProperties(resource, ['EventBusName', 'StatementId', 'Statement']);
    const bus = cloud.service<EventsService>('events').buses.require(cloud.region, resource.properties.EventBusName);
    const { StatementId, Statement } = resource.properties;
    const others = (bus.policy?.Statement ?? []).filter(({ Sid }) => Sid !== StatementId);
    bus.policy = fitting({ Version: '2012-10-17', Statement: [...others, { Sid: StatementId, ...Statement }] });
    return { ref: StatementId };
  },
};

export const resources: ResourceProvider[] = [rule, eventBus, eventBusPolicy];
