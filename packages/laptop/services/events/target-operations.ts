import { AwsError, type Operation } from '../../cloud.ts';
import { between, check, longest, pattern } from '../constraints.ts';
import type { Buses } from './buses.ts';
import { invalid, paginate } from './errors.ts';
import { NAME, passRole, ruleAccess, ruleArnOf } from './rule-operations.ts';
import type { Target } from './target.ts';
import { kindOfTarget } from './targets.ts';
import { reservedVariables, templateFault, variablesOf } from './template.ts';

const MOST_TARGETS = 5;
const MOST_IN_ONE_CALL = 100;

interface PutTargetsInput {
  Rule: string;
  EventBusName?: string;
  Targets: Target[];
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html: targets */
export function targetOperations(buses: Buses): Record<string, Operation> {
  return {
    PutTargets: {
      validate: (input: PutTargetsInput) => {
        check(['targets', input.Targets, longest(MOST_IN_ONE_CALL)]);
        for (const [index, target] of input.Targets.entries()) expectMembers(target, `targets.${index + 1}.member`);
      },
      access: (input: PutTargetsInput, call) => {
        const roles = new Set(input.Targets.map((target) => target.RoleArn).filter((arn) => arn !== undefined));
        return [{ action: 'events:PutTargets', resource: ruleArnOf(call, input) }, ...[...roles].map(passRole)];
      },
      handle: (input: PutTargetsInput, call) => {
        const rule = buses.requireRule(call.region, input.Rule, input.EventBusName);
        for (const target of input.Targets) expectTarget(target);
        const ids = new Set([...rule.targets.keys(), ...input.Targets.map((target) => target.Id)]);
        if (ids.size > MOST_TARGETS)
          throw new AwsError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
        for (const target of input.Targets) rule.targets.set(target.Id, target);
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    },
    RemoveTargets: {
      access: ruleAccess('RemoveTargets'),
      handle: (input: { Rule: string; EventBusName?: string; Ids: string[] }, call) => {
        const rule = buses.requireRule(call.region, input.Rule, input.EventBusName);
        for (const id of input.Ids) rule.targets.delete(id);
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    },
    ListTargetsByRule: {
      validate: (input) => check(['limit', input.Limit, between(1, 100)]),
      access: ruleAccess('ListTargetsByRule'),
      handle: (input, call) => {
        const rule = buses.requireRule(call.region, input.Rule, input.EventBusName);
        const { page, nextToken } = paginate([...rule.targets.values()], input);
        return { Targets: page, NextToken: nextToken };
      },
    },
  };
}

function expectMembers(target: Target, path: string): void {
  const { RetryPolicy: retry, InputTransformer: transformer } = target;
  check(
    [`${path}.id`, target.Id, pattern(NAME), longest(64)],
    [`${path}.arn`, target.Arn, longest(1600)],
    [`${path}.roleArn`, target.RoleArn, longest(1600)],
    [`${path}.input`, target.Input, longest(8192)],
    [`${path}.inputPath`, target.InputPath, longest(256)],
    [`${path}.inputTransformer.inputTemplate`, transformer?.InputTemplate, longest(8192)],
    [`${path}.retryPolicy.maximumRetryAttempts`, retry?.MaximumRetryAttempts, between(0, 185)],
    [`${path}.retryPolicy.maximumEventAgeInSeconds`, retry?.MaximumEventAgeInSeconds, between(60, 86_400)],
  );
}

/** Throws ValidationException for a target that EventBridge, or the laptop, does not take. */
export function expectTarget(target: Target): void {
  const { Id, Arn } = target;
  if (!/^arn:[^:]+:[^:]+:/.test(Arn))
    throw invalid(`Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`);
  const kind = kindOfTarget(Arn);
  if (!kind) throw invalid(`Target ${Id}: ${Arn} is of a kind that the laptop does not deliver to.`);
  if (kind === 'states' && !target.RoleArn) throw invalid(`RoleArn is required for target ${Arn}.`);
  if (kind === 'sqs' && Arn.endsWith('.fifo') && !target.SqsParameters?.MessageGroupId)
    throw invalid(`Parameter(s) SqsParameters must be specified for target: ${Id}.`);
  expectInput(target);
}

function expectInput(target: Target): void {
  const { Id, Input, InputPath, InputTransformer } = target;
  if ([Input, InputPath, InputTransformer].filter((one) => one !== undefined).length > 1)
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`);
  if (Input !== undefined && !isJson(Input)) throw invalid(`Input for target ${Id} is not a valid JSON text.`);
  if (!InputTransformer) return;
  const { InputPathsMap = {}, InputTemplate = '' } = InputTransformer;
  for (const name of variablesOf(InputTemplate)) {
    if (!Object.hasOwn(InputPathsMap, name) && !reservedVariables.includes(name))
      throw invalid(`InputTemplate for target ${Id} contains invalid placeholder ${name}.`);
  }
  const fault = templateFault(InputTemplate);
  if (fault) throw invalid(`Invalid InputTemplate for target ${Id} : ${fault}.`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
