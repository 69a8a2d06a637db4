import * as cdk from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';

/**
 * Says why a rule of cdk-nag's AwsSolutions pack does not hold for a construct and what is in it. The findings that a
 * reason covers are named one by one. https://github.com/cdklabs/cdk-nag
 *
 * @example
 * acknowledge(queue, 'It is a dead-letter queue itself.', 'SQS3');
 * acknowledge(role, 'The bucket holds what the function is for.', 'IAM5[Resource::<Bucket.Arn>/*]');
 */
export function acknowledge(construct: IConstruct, reason: string, ...rules: string[]): void {
  for (const rule of rules) acknowledgeHere(construct, reason, rule);
  if (!takesEveryRule()) suppress(construct, reason, rules);
}

/** What cdk-nag 3 reads. The CDK has it from 2.254 on. */
interface RuleValidations {
  of(construct: IConstruct): { acknowledge(rule: AcknowledgedRule): void };
}

interface AcknowledgedRule {
  readonly id: string;
  readonly reason: string;
}

// Older versions lack the type too, and this file is compiled against them as well.
const { Validations } = cdk as unknown as { readonly Validations?: RuleValidations };

/** Answers whether the CDK took it: below 2.268 it refuses ids with a second "::", which rules on resources have. */
function acknowledgeHere(construct: IConstruct, reason: string, rule: string): boolean {
  try {
    Validations?.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
    return Validations !== undefined;
  } catch (error) {
    if ((error as Error).name === 'InvalidValidationId') return false;
    throw error;
  }
}

let everyRule: boolean | undefined;

/** Tried once, on a construct of no app. */
function takesEveryRule(): boolean {
  everyRule ??= acknowledgeHere(new Construct(undefined as unknown as Construct, ''), 'tried once', 'Any[Resource::*]');
  return everyRule;
}

/**
 * What cdk-nag 2 reads: metadata of each resource. Resources may come later, so that an aspect writes it; before those of
 * cdk-nag itself look.
 */
function suppress(construct: IConstruct, reason: string, rules: readonly string[]): void {
  const suppressions = rules.map((rule) => suppressionOf(rule, reason));
  const aspect: cdk.IAspect = {
    visit(node) {
      if (!cdk.CfnResource.isCfnResource(node)) return;
      const earlier = node.getMetadata('cdk_nag')?.rules_to_suppress ?? [];
      node.addMetadata('cdk_nag', { rules_to_suppress: [...earlier, ...suppressions] });
    },
  };
  cdk.Aspects.of(construct).add(aspect, { priority: cdk.AspectPriority.MUTATING });
}

/** `IAM5[Resource::*]` is the finding `Resource::*` of the rule `AwsSolutions-IAM5`. */
function suppressionOf(rule: string, reason: string): Record<string, unknown> {
  const [, name, finding] = rule.match(/^([^[]+)(?:\[(.*)\])?$/) ?? [];
  return { id: `AwsSolutions-${name}`, reason, ...(finding && { applies_to: [finding] }) };
}
