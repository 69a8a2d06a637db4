import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  onlyProperties,
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../assembly/resource.ts';
import type { StatesService } from './service.ts';
import type { LoggingConfiguration } from './state.ts';

const stateMachine: ResourceProvider = {
  type: 'AWS::StepFunctions::StateMachine',
  create(resource, cloud) {
    onlyProperties(resource, [
      'StateMachineName',
      'StateMachineType',
      'RoleArn',
      'DefinitionString',
      'DefinitionS3Location',
      'DefinitionSubstitutions',
      'Definition',
      'LoggingConfiguration',
      'TracingConfiguration',
      'Tags',
    ]);
    const { properties } = resource;
    const { machines } = cloud.service<StatesService>('states');
    const machine = machines.create(cloud.region, {
      name: properties.StateMachineName ?? `${resource.logicalId}-${randomUUID().slice(0, 12)}`,
      definition: substitute(definitionText(resource), properties.DefinitionSubstitutions ?? {}),
      roleArn: properties.RoleArn,
      type: properties.StateMachineType,
      loggingConfiguration: loggingOf(properties.LoggingConfiguration),
    });
    return {
      ref: machine.arn,
      attributes: { Arn: machine.arn, Name: machine.name, StateMachineRevisionId: machine.revisionId ?? 'INITIAL' },
    };
  },
};

/** CloudFormation's members begin with a capital, the API's do not. */
function loggingOf(configuration: Record<string, any> | undefined): LoggingConfiguration | undefined {
  if (!configuration) return undefined;
  const { Level, IncludeExecutionData, Destinations } = configuration;
  const destinations = (Destinations ?? []).map((one: Record<string, any>) => ({
    cloudWatchLogsLogGroup: { logGroupArn: one.CloudWatchLogsLogGroup?.LogGroupArn },
  }));
  return { level: Level ?? 'OFF', includeExecutionData: IncludeExecutionData ?? false, destinations };
}

function definitionText(resource: TemplateResource): string {
  const { DefinitionString, Definition, DefinitionS3Location } = resource.properties;
  if (typeof DefinitionString === 'string') return DefinitionString;
  if (Definition) return JSON.stringify(Definition);
  if (DefinitionS3Location)
    return readFileSync(resource.assetPath(DefinitionS3Location.Bucket, DefinitionS3Location.Key), 'utf8');
  throw new UnsupportedProperty(resource, 'DefinitionString', 'A state machine needs a definition.');
}

/** `${Name}` in the definition, as CloudFormation replaces it; JSON texts stay JSON. */
function substitute(definition: string, substitutions: Record<string, unknown>): string {
  return definition.replace(/\$\{([A-Za-z0-9_]+)\}/g, (whole, name: string) =>
    Object.hasOwn(substitutions, name) ? JSON.stringify(String(substitutions[name])).slice(1, -1) : whole,
  );
}

export const resources: ResourceProvider[] = [stateMachine];
