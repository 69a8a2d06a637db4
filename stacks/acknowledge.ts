import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Says why a rule of cdk-nag's AwsSolutions pack does not hold for a construct and what is in it. The findings that a
 * reason covers are named one by one. https://github.com/cdklabs/cdk-nag
 */
export function acknowledge(construct: IConstruct, reason: string, ...rules: string[]): void {
  for (const rule of rules) Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}
