import { randomUUID } from 'node:crypto';
import {
  onlyProperties,
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import { keyOf } from './keys.ts';
import { attachStages } from './labels.ts';
import { type PasswordOptions, randomPassword } from './random-password.ts';
import type { SecretsManagerService } from './service.ts';
import { type Secret, versionWith } from './state.ts';
import { addVersion } from './versions.ts';

const serviceOf = (cloud: Cloud) => cloud.service<SecretsManagerService>('secretsmanager');

const secret: ResourceProvider = {
  type: 'AWS::SecretsManager::Secret',
  create(resource, cloud) {
    onlyProperties(resource, [
      'Name',
      'Description',
      'GenerateSecretString',
      'SecretString',
      'KmsKeyId',
      'Tags',
      'ReplicaRegions',
      'Type',
    ]);
    const service = serviceOf(cloud);
    const { properties } = resource;
    const name = properties.Name ?? `${resource.logicalId}-${randomUUID().slice(0, 12)}`;
    const now = cloud.clock.now();
    const made: Secret = {
      arn: service.state.newArn(cloud.region, name),
      name,
      region: cloud.region,
      createdAt: now,
      lastChangedAt: now,
      description: properties.Description,
      kmsKeyId: keyOf(properties.KmsKeyId),
      type: properties.Type,
      versions: new Map(),
      tags: properties.Tags,
      replicas: [],
    };
    service.state.add(made);
    const value = properties.GenerateSecretString
      ? generate(resource, properties.GenerateSecretString)
      : properties.SecretString;
    if (value !== undefined) {
      attachStages(service.state, made, addVersion(service.state, made, randomUUID(), { string: value }), [
        'AWSCURRENT',
      ]);
    }
    if (properties.ReplicaRegions) service.replication.add(made, properties.ReplicaRegions, false);
    return { ref: made.arn, attributes: { Id: made.arn } };
  },
};

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-secretsmanager-secret-generatesecretstring.html */
function generate(
  resource: TemplateResource,
  options: PasswordOptions & { SecretStringTemplate?: string; GenerateStringKey?: string },
): string {
  const { SecretStringTemplate: template, GenerateStringKey: key, ...password } = options;
  const value = randomPassword(password);
  if (template === undefined) return value;
  if (key === undefined)
    throw new UnsupportedProperty(
      resource,
      'GenerateSecretString.SecretStringTemplate',
      'It needs GenerateStringKey beside it.',
    );
  return JSON.stringify({ ...JSON.parse(template), [key]: value });
}

/** Merges the target's connection into the secret, as AWS does. */
const attachment: ResourceProvider = {
  type: 'AWS::SecretsManager::SecretTargetAttachment',
  async create(resource, cloud) {
    onlyProperties(resource, ['SecretId', 'TargetId', 'TargetType']);
    const service = serviceOf(cloud);
    const attached = service.state.require(cloud.region, resource.properties.SecretId);
    const current = versionWith(attached, 'AWSCURRENT');
    const value = current?.value && 'string' in current.value ? JSON.parse(current.value.string) : {};
    const connection = await describeTarget(resource, cloud);
    const merged = JSON.stringify({ ...value, ...connection });
    attachStages(service.state, attached, addVersion(service.state, attached, randomUUID(), { string: merged }), [
      'AWSCURRENT',
    ]);
    return { ref: attached.arn };
  },
};

async function describeTarget(resource: TemplateResource, cloud: Cloud): Promise<Record<string, unknown>> {
  const { TargetId: target, TargetType: type } = resource.properties;
  const call = <Output>(operation: string, input: object) =>
    cloud.call<Output>({ service: 'rds', operation, input, principal: administrator(cloud) });
  if (type === 'AWS::RDS::DBInstance') {
    const { DBInstances } = await call<{ DBInstances: any[] }>('DescribeDBInstances', { DBInstanceIdentifier: target });
    const instance = DBInstances[0];
    return {
      engine: instance.Engine,
      host: instance.Endpoint.Address,
      port: instance.Endpoint.Port,
      ...(instance.DBName && { dbname: instance.DBName }),
      dbInstanceIdentifier: instance.DBInstanceIdentifier,
    };
  }
  if (type === 'AWS::RDS::DBCluster') {
    const { DBClusters } = await call<{ DBClusters: any[] }>('DescribeDBClusters', { DBClusterIdentifier: target });
    const cluster = DBClusters[0];
    return {
      engine: cluster.Engine.startsWith('aurora')
        ? cluster.Engine.replace('aurora-postgresql', 'postgres')
        : cluster.Engine,
      host: cluster.Endpoint,
      port: cluster.Port,
      ...(cluster.DatabaseName && { dbname: cluster.DatabaseName }),
      dbClusterIdentifier: cluster.DBClusterIdentifier,
    };
  }
  throw new UnsupportedProperty(resource, `TargetType ${type}`);
}

const rotationSchedule: ResourceProvider = {
  type: 'AWS::SecretsManager::RotationSchedule',
  async create(resource, cloud) {
    onlyProperties(resource, ['SecretId', 'RotationLambdaARN', 'RotationRules', 'RotateImmediatelyOnUpdate']);
    const service = serviceOf(cloud);
    const { properties } = resource;
    const rotated = service.state.require(cloud.region, properties.SecretId);
    await service.rotation.configure(rotated, {
      lambdaArn: properties.RotationLambdaARN,
      rules: properties.RotationRules,
      // CloudFormation's default rotates at once. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-rotationschedule.html
      immediately: properties.RotateImmediatelyOnUpdate !== false && properties.RotateImmediatelyOnUpdate !== 'false',
    });
    return { ref: rotated.arn };
  },
};

const resourcePolicy: ResourceProvider = {
  type: 'AWS::SecretsManager::ResourcePolicy',
  create(resource, cloud) {
    onlyProperties(resource, ['SecretId', 'ResourcePolicy', 'BlockPublicPolicy']);
    const protectedSecret = serviceOf(cloud).state.require(cloud.region, resource.properties.SecretId);
    protectedSecret.policy = JSON.stringify(resource.properties.ResourcePolicy);
    return { ref: protectedSecret.arn };
  },
};

function administrator(cloud: Cloud) {
  const arn = `arn:aws:iam::${cloud.accountId}:root`;
  return { kind: 'administrator' as const, arn, identityArn: arn };
}

export const resources: ResourceProvider[] = [secret, attachment, rotationSchedule, resourcePolicy];
