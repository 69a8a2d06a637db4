import * as cdk from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';

/**
 * Says why a rule of cdk-nag's AwsSolutions pack does not hold for a construct and what is in it. The findings that a
 * reason covers are named one by one. https://github.com/cdklabs/cdk-nag
 *
 * @example
 * ```ts
 * import type { Queue } from 'aws-cdk-lib/aws-sqs';
 * import { acknowledge } from 'keyturn';
 *
 * export const explain = (queue: Queue) => acknowledge(queue, 'It is a dead-letter queue itself.', 'SQS3');
 * ```
 */
export function acknowledge(construct: IConstruct, reason: string, ...rules: string[]): void {
  for (const rule of rules) acknowledgeHere(construct, reason, rule);
  if (!takesEveryRule()) suppress(construct, reason, rules);
}

/**
 * Says why a policy of a construct holds resources with a wildcard. Findings name a resource as the template does: with
 * the stack's account and region where they are known.
 */
export function acknowledgeWildcards(construct: Construct, reason: string, ...resources: string[]): void {
  const stack = cdk.Stack.of(construct);
  const findings = resources.map((resource) => `IAM5[Resource::${asFinding(stack.resolve(resource))}]`);
  acknowledge(construct, reason, ...findings);
}

/** As cdk-nag writes an intrinsic function. https://github.com/cdklabs/cdk-nag/blob/main/src/utils/flatten-cfn-reference.ts */
function asFinding(resource: any): string {
  if (typeof resource === 'string') return resource;
  if (resource['Fn::Join']) return resource['Fn::Join'][1].map(asFinding).join(resource['Fn::Join'][0]);
  if (resource['Fn::GetAtt']) return `<${resource['Fn::GetAtt'].map(asFinding).join('.')}>`;
  return resource.Ref ? `<${resource.Ref}>` : JSON.stringify(resource);
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
