import { randomUUID } from 'node:crypto';
import { administratorOf } from '../../assembly/administrator.ts';
import {
  onlyProperties,
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import { type PasswordOptions, randomPassword } from './random-password.ts';
import type { SecretsManagerService } from './service.ts';

const serviceOf = (cloud: Cloud) => cloud.service<SecretsManagerService>('secretsmanager');

/** As CloudFormation does: by the API, with the rights of the person who deploys. */
const call = <Output>(cloud: Cloud, operation: string, input: object) =>
  cloud.call<Output>({ service: 'secretsmanager', operation, input, principal: administratorOf(cloud) });

const secret: ResourceProvider = {
  type: 'AWS::SecretsManager::Secret',
  async create(resource, cloud) {
    const copied = ['Description', 'KmsKeyId', 'Tags', 'Type'];
    onlyProperties(resource, [...copied, 'Name', 'GenerateSecretString', 'SecretString', 'ReplicaRegions']);
    const { properties } = resource;
    const value = properties.GenerateSecretString
      ? generate(resource, properties.GenerateSecretString)
      : properties.SecretString;
    const { ARN } = await call<{ ARN: string }>(cloud, 'CreateSecret', {
      ...Object.fromEntries(copied.flatMap((name) => (name in properties ? [[name, properties[name]]] : []))),
      Name: properties.Name ?? `${resource.logicalId}-${randomUUID().replaceAll('-', '').slice(0, 12)}`,
      ...(value !== undefined && { SecretString: value }),
      ...(properties.ReplicaRegions && { AddReplicaRegions: properties.ReplicaRegions }),
    });
    return { ref: ARN, attributes: { Id: ARN } };
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
    const { SecretId } = resource.properties;
    const attached = serviceOf(cloud).state.require(cloud.region, SecretId);
    const current = serviceOf(cloud).read(cloud.region, SecretId);
    const connection = await describeTarget(resource, cloud);
    const merged = { ...(current === undefined ? {} : JSON.parse(current)), ...connection };
    await call(cloud, 'PutSecretValue', { SecretId, SecretString: JSON.stringify(merged) });
    return { ref: attached.arn };
  },
};

async function describeTarget(resource: TemplateResource, cloud: Cloud): Promise<Record<string, unknown>> {
  const { TargetId: target, TargetType: type } = resource.properties;
  const ask = <Output>(operation: string, input: object) =>
    cloud.call<Output>({ service: 'rds', operation, input, principal: administratorOf(cloud) });
  if (type === 'AWS::RDS::DBInstance') {
    const { DBInstances } = await ask<{ DBInstances: any[] }>('DescribeDBInstances', { DBInstanceIdentifier: target });
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
    const { DBClusters } = await ask<{ DBClusters: any[] }>('DescribeDBClusters', { DBClusterIdentifier: target });
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
  async create(resource, cloud) {
    onlyProperties(resource, ['SecretId', 'ResourcePolicy', 'BlockPublicPolicy']);
    const { SecretId, ResourcePolicy, BlockPublicPolicy } = resource.properties;
    const { ARN } = await call<{ ARN: string }>(cloud, 'PutResourcePolicy', {
      SecretId,
      ResourcePolicy: JSON.stringify(ResourcePolicy),
      ...(BlockPublicPolicy !== undefined && { BlockPublicPolicy: String(BlockPublicPolicy) === 'true' }),
    });
    return { ref: ARN };
  },
};

export const resources: ResourceProvider[] = [secret, attachment, rotationSchedule, resourcePolicy];
