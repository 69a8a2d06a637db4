import { Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';

export interface OwnRuleProps extends Omit<events.RuleProps, 'eventPattern'> {
  readonly eventPattern: Omit<events.EventPattern, 'account'>;
}

/** A matcher that the construct's type, which knows texts only, does not have. */
export function anythingBut(...values: string[]): string[] {
  return [{ 'anything-but': values } as unknown as string];
}

export function anythingButPrefix(prefix: string): string[] {
  return [{ 'anything-but': { prefix } } as unknown as string];
}

/**
 * A rule that matches this account's live events alone: neither those of another account that a bus lets in, nor those
 * that a replay of an archive brings again. EventBridge adds `replay-name` to the latter.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
 */
export function ownRule(scope: Construct, id: string, props: OwnRuleProps): events.Rule {
  const account = [Stack.of(scope).account];
  const rule = new events.Rule(scope, id, { ...props, eventPattern: { ...props.eventPattern, account } });
  // The construct's type does not have this field of an event.
  (rule.node.defaultChild as events.CfnRule).addPropertyOverride('EventPattern.replay-name', [{ exists: false }]);
  return rule;
}
