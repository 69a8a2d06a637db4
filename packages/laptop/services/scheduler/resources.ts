import { onlyProperties, type ResourceProvider, type TemplateResource } from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import { createGroup } from './group-operations.ts';
import { createSchedule } from './schedule-operations.ts';
import type { SchedulerService } from './service.ts';
import type { ScheduleInput } from './state.ts';
import { checkScheduleMembers } from './validation.ts';

const serviceOf = (cloud: Cloud) => cloud.service<SchedulerService>('scheduler');

/** CloudFormation's own name for a resource without one: stack, logical id, random letters. */
function nameOf(resource: TemplateResource, cloud: Cloud): string {
  const random = Array.from({ length: 12 }, () =>
    Math.floor(cloud.random() * 36)
      .toString(36)
      .toUpperCase(),
  ).join('');
  return `${`${resource.stackName}-${resource.logicalId}`.slice(0, 51)}-${random}`;
}

export const resources: ResourceProvider[] = [
  {
    type: 'AWS::Scheduler::Schedule',
    async create(resource, cloud) {
      onlyProperties(resource, [
        'Name',
        'GroupName',
        'ScheduleExpression',
        'ScheduleExpressionTimezone',
        'StartDate',
        'EndDate',
        'Description',
        'State',
        // Input is not encrypted on the laptop.
        'KmsKeyArn',
        'Target',
        'FlexibleTimeWindow',
        'ActionAfterCompletion',
      ]);
      const { StartDate, EndDate, Name, ...properties } = resource.properties;
      const input = {
        ...properties,
        Name: String(Name ?? nameOf(resource, cloud)),
        ...(StartDate === undefined ? {} : { StartDate: new Date(StartDate) }),
        ...(EndDate === undefined ? {} : { EndDate: new Date(EndDate) }),
      } as ScheduleInput;
      checkScheduleMembers(input);
      const { state, clockwork } = serviceOf(cloud);
      const { ScheduleArn } = await createSchedule(state, clockwork, input, { cloud, region: cloud.region });
      return { ref: input.Name, attributes: { Arn: ScheduleArn } };
    },
  },
  {
    type: 'AWS::Scheduler::ScheduleGroup',
    create(resource, cloud) {
      onlyProperties(resource, ['Name', 'Tags']);
      const { properties } = resource;
      const group = createGroup(serviceOf(cloud).state, cloud.region, {
        Name: String(properties.Name ?? nameOf(resource, cloud)),
        Tags: properties.Tags ?? [],
      });
      return {
        ref: group.name,
        attributes: {
          Arn: group.arn,
          State: 'ACTIVE',
          CreationDate: group.createdAt.toISOString(),
          LastModificationDate: group.modifiedAt.toISOString(),
        },
      };
    },
  },
];
