import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  onlyProperties,
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../assembly/resource.ts';
import type { StatesService } from './service.ts';

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
      // What is logged and traced changes nothing of what runs.
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
    });
    return {
      ref: machine.arn,
      attributes: { Arn: machine.arn, Name: machine.name, StateMachineRevisionId: machine.revisionId },
    };
  },
};

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
