import * as v from 'valibot';

/** An ARN in its parts. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  /** Empty for services without regions. */
  readonly region: string;
  /** Empty for what AWS owns. */
  readonly account: string;
  readonly resource: string;
}

/** `eu-central-1`, `us-gov-west-1`, `us-isob-east-1`: as the endpoints of the SDKs name them. */
export const regionPattern = '[a-z]{2,4}(?:-[a-z]{2,10}){1,2}-\\d{1,2}';
export const partitionPattern = 'aws(?:-[a-z]+){0,2}';

/** Undefined where the text is no ARN. */
export function parseArn(text: string): Arn | undefined {
  const [, partition, service, region, account, resource] =
    text.match(/^arn:([^:]+):([^:]+):([^:]*):([^:]*):(.+)$/s) ?? [];
  if (!partition || !service || region === undefined || account === undefined || !resource) return undefined;
  return { partition, service, region, account, resource };
}

export interface ArnGrammar {
  readonly service: string;
  /** Of the part behind the account. No pattern admits `*`, `?` or `$`, which policies read as wildcards and variables. */
  readonly resource: string;
  /** AWS's own resources have no account. */
  readonly account?: 'none';
  /** What a person writes there. */
  readonly expected: string;
}

/** Text that is an ARN of one service, and of one region and partition that belong together. */
export function arn({ service, resource, account: owner, expected }: ArnGrammar) {
  const account = owner === 'none' ? '' : '\\d{12}';
  const pattern = new RegExp(`^arn:${partitionPattern}:${service}:${regionPattern}:${account}:${resource}$`);
  return v.pipe(
    v.string(),
    v.maxLength(2048, expected),
    v.regex(pattern, expected),
    v.check((text) => isOfItsPartition(text), `${expected}, with the partition of its region`),
  );
}

function isOfItsPartition(text: string): boolean {
  const parts = parseArn(text);
  return parts !== undefined && partitionOf(parts.region) === parts.partition;
}

/** https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
const partitions: readonly (readonly [string, string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-isob-', 'aws-iso-b'],
  ['us-isof-', 'aws-iso-f'],
  ['us-iso-', 'aws-iso'],
  ['eu-isoe-', 'aws-iso-e'],
  ['eusc-', 'aws-eusc'],
];

export function partitionOf(region: string): string {
  return partitions.find(([beginning]) => region.startsWith(beginning))?.[1] ?? 'aws';
}
